//! Accepts dispositions: raw request, delivery and, for a do-not-call, the suppression, in one transaction.

use sqlx::{QueryBuilder, SqliteConnection};

use crate::alert;
use crate::column::{json, micros, stored};
use crate::intake::rows::{
    DISPOSITIONS, NewDelivery, NewIds, NewRequest, ROWS, SeenRequests, TenantKey, add_seen, insert_deliveries,
    insert_requests, last_ids, mended, seen_now, tenant_key,
};
use crate::lead::suppression;
use crate::writer::{Write, WriteTogether};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState};
use jackfield_domain::id::{DeliveryId, LeadId, ReceiptId, TenantName};
use jackfield_domain::intake::idempotency::{RepeatCheck, compare};
use jackfield_store::{Accept, AcceptDisposition, Receipt, RefusedDoNotCall, StoreError};

impl WriteTogether for AcceptDisposition {
    type Output = Accept;

    async fn run_together(works: &[&Self], db: &mut SqliteConnection) -> Result<Vec<Accept>, StoreError> {
        let (mut seen_calls, mut ids) = seen_calls(works, db).await?;
        let mut outputs = Vec::with_capacity(works.len());
        let mut new = vec![];
        for work in works {
            let key = key_of(work);
            let seen = seen_calls.get(&key);
            let bodies: Vec<_> = seen.iter().map(|(seen, _)| *seen).collect();
            outputs.push(
                match (compare(work.digest, &bodies, None, work.request.received_at), seen) {
                    (RepeatCheck::Conflict, _) => Accept::Conflict,
                    (RepeatCheck::Same, Some((_, receipt))) => Accept::Repeat(receipt.clone()),
                    (RepeatCheck::New | RepeatCheck::Same, _) => {
                        let receipt = receipt(work, ids.receipt(), ids.delivery());
                        seen_calls.insert(key, (seen_now(work.digest, &work.request), receipt.clone()));
                        new.push((*work, receipt.clone()));
                        Accept::New(receipt)
                    }
                },
            );
        }
        let requests = new
            .iter()
            .map(|(work, receipt)| NewRequest::of(receipt, &work.request, work.digest));
        let requests: Vec<_> = requests.collect();
        insert_requests(db, DISPOSITIONS, &requests).await?;
        let deliveries: Vec<_> = new.iter().map(|(work, receipt)| delivery(work, receipt)).collect();
        insert_deliveries(db, &deliveries).await?;
        let works: Vec<_> = new.iter().map(|(work, _)| *work).collect();
        insert_leads(db, &works).await?;
        Ok(outputs)
    }
}

fn key_of(work: &AcceptDisposition) -> TenantKey {
    tenant_key(&work.request, work.disposition.call_id.as_str())
}

fn receipt(work: &AcceptDisposition, id: ReceiptId, delivery: DeliveryId) -> Receipt {
    Receipt {
        id,
        delivery,
        lead: Some(work.disposition.lead_id.clone()),
        accepted_at: stored(work.request.received_at),
    }
}

fn delivery<'a>(work: &'a AcceptDisposition, receipt: &Receipt) -> NewDelivery<'a> {
    NewDelivery {
        id: receipt.delivery,
        tenant: &work.request.tenant,
        kind: DeliveryKind::Disposition,
        key: work.disposition.call_id.as_str(),
        receipt: receipt.id,
        lead: Some(&work.disposition.lead_id),
        rank: work.disposition.rank(),
        state: DeliveryState::Ready,
        due: work.due,
        accepted_at: receipt.accepted_at,
        now: receipt.accepted_at,
        payload: work
            .payload
            .as_ref()
            .and_then(|document| mended(document, &work.request)),
    }
}

/// What was accepted under calls' ids, however long ago.
pub(crate) const SEEN_CALLS: &str = last_ids!(
    "select d.tenant, d.dedup_key as key, i.digest, d.accepted_at as seen_at, d.id, d.receipt, d.lead, d.accepted_at
     from json_each(?1) k
     cross join delivery d on d.tenant = k.value ->> 0 and d.kind = ?2 and d.dedup_key = k.value ->> 1
     join inbox i on i.id = d.receipt"
);

/// What was accepted under the calls' ids, and the ids for what is new.
async fn seen_calls(
    works: &[&AcceptDisposition],
    db: &mut SqliteConnection,
) -> Result<(SeenRequests, NewIds), StoreError> {
    let keys: Vec<_> = works.iter().map(|work| key_of(work)).collect();
    let rows = sqlx::query(SEEN_CALLS)
        .bind(json("a list of calls", &keys)?)
        .bind(DeliveryKind::Disposition.word())
        .fetch_all(db)
        .await?;
    let mut seen = SeenRequests::new();
    for row in &rows {
        add_seen(row, &mut seen)?;
    }
    Ok((seen, NewIds::after(&rows)?))
}

/// Inserts the leads, and records each do-not-call before anybody hears that it was accepted.
async fn insert_leads(db: &mut SqliteConnection, works: &[&AcceptDisposition]) -> Result<(), StoreError> {
    for group in works.chunks(ROWS) {
        let mut query = QueryBuilder::new("insert into lead (tenant, lead, dnc_since) ");
        query.push_values(group, |mut row, work| {
            let disposition = &work.disposition;
            row.push_bind(work.request.tenant.as_str())
                .push_bind(disposition.lead_id.as_str())
                .push_bind(disposition.dnc_requested.then(|| micros(work.request.received_at)));
        });
        query.push(
            " on conflict (tenant, lead) do update set dnc_since = excluded.dnc_since
             where dnc_since is null and excluded.dnc_since is not null",
        );
        query.build().execute(&mut *db).await?;
    }
    for work in works.iter().filter(|work| work.disposition.dnc_requested) {
        let (tenant, lead): (&TenantName, &LeadId) = (&work.request.tenant, &work.disposition.lead_id);
        let call = format!("call {}", work.disposition.call_id);
        suppression::request(db, tenant, lead, &call, work.request.received_at).await?;
        alert::close_do_not_call(db, tenant, lead, work.request.received_at).await?;
    }
    Ok(())
}

impl Write for RefusedDoNotCall {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let recorded = sqlx::query(
            "insert into lead (tenant, lead, dnc_since) values (?, ?, ?)
             on conflict (tenant, lead) do update set dnc_since = excluded.dnc_since where dnc_since is null",
        )
        .bind(self.tenant.as_str())
        .bind(self.lead.as_str())
        .bind(micros(self.at))
        .execute(&mut *db)
        .await?;
        if recorded.rows_affected() == 0 {
            return Ok(());
        }
        suppression::request(db, &self.tenant, &self.lead, &self.note, self.at).await?;
        alert::raise_do_not_call(db, &self.tenant, &self.lead, &self.message, self.at).await
    }
}
