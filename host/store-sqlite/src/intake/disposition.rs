//! Accepts dispositions: raw request, delivery and, for a do-not-call, the suppression, in one transaction.

use jiff::Timestamp;
use rusqlite::params;

use crate::alert;
use crate::column::{Columns as _, micros, stored};
use crate::intake::rows::{DISPOSITIONS, NewDelivery, insert_delivery, insert_request, mended};
use crate::lead::suppression;
use crate::sql::{execute, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState};
use jackfield_domain::id::{DeliveryId, LeadId, ReceiptId, TenantName};
use jackfield_domain::intake::idempotency::{RepeatCheck, SeenKey, compare};
use jackfield_store::{Accept, AcceptDisposition, Receipt, RefusedDoNotCall, StoreError};

impl Write for AcceptDisposition {
    type Output = Accept;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<Accept, StoreError> {
        let seen = seen(self, tx)?;
        let bodies: Vec<_> = seen.iter().map(|(seen, _)| *seen).collect();
        match (compare(self.digest, &bodies, None, self.request.received_at), seen) {
            (RepeatCheck::Conflict, _) => Ok(Accept::Conflict),
            (RepeatCheck::Same, Some((_, receipt))) => Ok(Accept::Repeat(receipt)),
            (RepeatCheck::New | RepeatCheck::Same, _) => Ok(Accept::New(accept(self, tx)?)),
        }
    }
}

/// What was accepted under the call's id, however long ago.
fn seen(work: &AcceptDisposition, tx: &Transaction<'_>) -> Result<Option<(SeenKey, Receipt)>, StoreError> {
    let (kind, call) = (DeliveryKind::Disposition, work.disposition.call_id.as_str());
    first(
        tx,
        "select delivery, receipt, body_digest, accepted_at from delivery_key where digest = ?",
        params![tx.key_digest(&work.request.tenant, kind.word(), call)],
        |row| {
            let at = row.time("accepted_at")?;
            let seen = SeenKey {
                digest: row.digest("body_digest")?,
                at,
            };
            Ok((seen, receipt(work, row.plain("receipt")?, row.plain("delivery")?, at)))
        },
    )
}

/// A receipt. A repeat has the same lead as the request that it repeats: it is in the digest.
fn receipt(work: &AcceptDisposition, id: i64, delivery: i64, accepted_at: Timestamp) -> Receipt {
    Receipt {
        id: ReceiptId(id),
        delivery: DeliveryId(delivery),
        lead: Some(work.disposition.lead_id.clone()),
        accepted_at,
    }
}

fn accept(work: &AcceptDisposition, tx: &mut Transaction<'_>) -> Result<Receipt, StoreError> {
    let accepted_at = stored(work.request.received_at);
    let receipt = receipt(work, tx.next_receipt().0, tx.next_delivery().0, accepted_at);
    insert_request(tx, receipt.id, DISPOSITIONS, &work.request)?;
    let delivery = NewDelivery {
        id: receipt.delivery,
        tenant: &work.request.tenant,
        kind: DeliveryKind::Disposition,
        key: work.disposition.call_id.as_str(),
        body_digest: Some(work.digest),
        receipt: receipt.id,
        lead: Some(&work.disposition.lead_id),
        rank: work.disposition.rank(),
        state: DeliveryState::Ready,
        due: work.due,
        accepted_at,
        now: accepted_at,
        payload: work
            .payload
            .as_ref()
            .and_then(|document| mended(document, &work.request)),
    };
    insert_delivery(tx, &delivery)?;
    insert_lead(work, tx)?;
    Ok(receipt)
}

/// Inserts the lead, and records a do-not-call before anybody hears that it was accepted.
fn insert_lead(work: &AcceptDisposition, tx: &Transaction<'_>) -> Result<(), StoreError> {
    let (tenant, lead, now) = (
        &work.request.tenant,
        &work.disposition.lead_id,
        work.request.received_at,
    );
    if !work.disposition.dnc_requested {
        execute(
            tx,
            "insert into lead (tenant, lead) values (?, ?) on conflict (tenant, lead) do nothing",
            params![tenant.as_str(), lead.as_str()],
        )?;
        return Ok(());
    }
    set_do_not_call(tx, tenant, lead, now)?;
    let call = format!("call {}", work.disposition.call_id);
    suppression::request(tx, tenant, lead, &call, now)?;
    alert::close_do_not_call(tx, tenant, lead, now)
}

/// Records a do-not-call. Returns whether it was not recorded before.
fn set_do_not_call(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    lead: &LeadId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let recorded = execute(
        tx,
        "insert into lead (tenant, lead, dnc_since) values (?, ?, ?)
         on conflict (tenant, lead) do update set dnc_since = excluded.dnc_since where dnc_since is null",
        params![tenant.as_str(), lead.as_str(), micros(now)],
    )?;
    Ok(recorded > 0)
}

impl Write for RefusedDoNotCall {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        if !set_do_not_call(tx, &self.tenant, &self.lead, self.at)? {
            return Ok(());
        }
        suppression::request(tx, &self.tenant, &self.lead, &self.note, self.at)?;
        alert::raise_do_not_call(tx, &self.tenant, &self.lead, &self.message, self.at)
    }
}
