//! Accepts leads' webhooks: keys, raw request and what follows, in one transaction.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{QueryBuilder, SqliteConnection};

use crate::column::{Columns as _, json, later, micros, stored};
use crate::intake::rows::{
    LEADS, NewDelivery, NewIds, NewRequest, ROWS, RenewedLead, SeenRequests, TenantKey, add_seen, insert_deliveries,
    insert_requests, last_ids, mended, renew_leads, seen_now, tenant_key,
};
use crate::writer::{Write, WriteTogether};
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryState};
use jackfield_domain::id::{DedupKey, DeliveryId, ReceiptId};
use jackfield_domain::intake::idempotency::{KEYS_FORGOTTEN_AT_ONCE, RepeatCheck, SeenKey, compare, key_again};
use jackfield_domain::lead::Lead;
use jackfield_store::{Accept, AcceptLead, AcceptedWork, Receipt, StoreError};

impl WriteTogether for AcceptLead {
    type Output = Accept;

    async fn run_together(works: &[&Self], db: &mut SqliteConnection) -> Result<Vec<Accept>, StoreError> {
        let PriorRequests {
            mut seen,
            taken,
            mut ids,
        } = PriorRequests::read(works, db).await?;
        let mut outputs = Vec::with_capacity(works.len());
        let mut new = vec![];
        for work in works {
            if let Some(repeat) = repeat(work, &seen) {
                outputs.push(repeat);
                continue;
            }
            let receipt = receipt(work, ids.receipt(), ids.delivery());
            for key in &work.keys {
                seen.insert(
                    key_of(work, key),
                    (seen_now(work.digest, &work.request), receipt.clone()),
                );
            }
            new.push((*work, receipt.clone()));
            outputs.push(Accept::New(receipt));
        }
        let requests = new
            .iter()
            .map(|(work, receipt)| NewRequest::of(receipt, &work.request, work.digest));
        let requests: Vec<_> = requests.collect();
        insert_requests(db, LEADS, &requests).await?;
        let keys = delivery_keys(&new, taken)?;
        let made = new.iter().zip(&keys);
        let deliveries: Vec<_> = made
            .map(|((work, receipt), key)| delivery(work, receipt, key))
            .collect();
        insert_deliveries(db, &deliveries).await?;
        let leads: Vec<_> = new
            .iter()
            .filter_map(|(work, receipt)| renewed(work, receipt))
            .collect();
        renew_leads(db, &leads).await?;
        remember_keys(db, &new).await?;
        Ok(outputs)
    }
}

fn key_of(work: &AcceptLead, key: &DedupKey) -> TenantKey {
    tenant_key(&work.request, key.as_str())
}

/// The answer to a repeat or a conflict; none if the request is new.
fn repeat(work: &AcceptLead, seen: &SeenRequests) -> Option<Accept> {
    let now = work.request.received_at;
    let found: Vec<_> = work
        .keys
        .iter()
        .filter_map(|key| seen.get(&key_of(work, key)))
        .collect();
    let bodies: Vec<_> = found.iter().map(|(seen, _)| *seen).collect();
    match compare(work.digest, &bodies, Some(work.window), now) {
        RepeatCheck::New => None,
        RepeatCheck::Conflict => Some(Accept::Conflict),
        RepeatCheck::Same => {
            // Keys whose window is over are among what was seen; the receipt is that of one that still counts.
            let same = |seen: SeenKey| compare(work.digest, &[seen], Some(work.window), now) == RepeatCheck::Same;
            let first = found.into_iter().find(|(seen, _)| same(*seen));
            first.map(|(_, receipt)| Accept::Repeat(receipt.clone()))
        }
    }
}

/// The lead, where it is in the contract's shape.
const fn lead(work: &AcceptLead) -> Option<&Lead> {
    match &work.work {
        AcceptedWork::Lead { lead, .. } => Some(lead),
        AcceptedWork::Parse => None,
    }
}

const fn kind(work: &AcceptLead) -> DeliveryKind {
    match work.work {
        AcceptedWork::Lead { .. } => DeliveryKind::Lead,
        AcceptedWork::Parse => DeliveryKind::Inbound,
    }
}

/// The request's first key; it has one.
fn first_key(work: &AcceptLead) -> Result<&DedupKey, StoreError> {
    let none = || StoreError::Corrupt("a webhook without a key".into());
    work.keys.first().ok_or_else(none)
}

fn receipt(work: &AcceptLead, id: ReceiptId, delivery: DeliveryId) -> Receipt {
    Receipt {
        id,
        delivery,
        lead: lead(work).map(|lead| lead.id.clone()),
        accepted_at: stored(work.request.received_at),
    }
}

fn delivery<'a>(work: &'a AcceptLead, receipt: &Receipt, key: &'a DedupKey) -> NewDelivery<'a> {
    let state = match work.work {
        AcceptedWork::Lead { push, .. } => DeliveryState::of_new_lead(push),
        AcceptedWork::Parse => DeliveryState::Ready,
    };
    NewDelivery {
        id: receipt.delivery,
        tenant: &work.request.tenant,
        kind: kind(work),
        key: key.as_str(),
        receipt: receipt.id,
        lead: lead(work).map(|lead| &lead.id),
        rank: lead(work).map_or(DeliveryRank::UNPARSED, |lead| lead.priority.rank()),
        state,
        due: work.due,
        accepted_at: receipt.accepted_at,
        now: receipt.accepted_at,
        payload: lead(work).and_then(|lead| mended(&lead.document, &work.request)),
    }
}

fn renewed<'a>(work: &'a AcceptLead, receipt: &Receipt) -> Option<RenewedLead<'a>> {
    let lead = lead(work)?;
    Some(RenewedLead {
        tenant: &work.request.tenant,
        lead: &lead.id,
        priority: lead.priority,
        delivery: receipt.delivery,
        accepted_at: receipt.accepted_at,
    })
}

/// What was accepted under keys before, and which of the keys deliveries of the same kind have.
pub(crate) const SEEN_KEYS: &str = last_ids!(
    "select k.value ->> 0 as tenant, k.value ->> 1 as key, k.value ->> 2 as kind, x.digest, x.seen_at,
        d.id, d.receipt, d.lead, d.accepted_at, t.id is not null as taken
     from json_each(?) k
     left join inbox_key x on x.tenant = k.value ->> 0 and x.endpoint = ? and x.idem_key = k.value ->> 1
     left join delivery d on d.id = x.delivery
     left join delivery t on t.tenant = k.value ->> 0 and t.kind = k.value ->> 2 and t.dedup_key = k.value ->> 1
     where x.delivery is not null or t.id is not null"
);

/// What the store held before these requests.
struct PriorRequests {
    /// What was accepted under their keys.
    seen: SeenRequests,
    /// Which of their keys deliveries of the same kind have.
    taken: HashSet<(TenantKey, DeliveryKind)>,
    /// The ids for what is new.
    ids: NewIds,
}

impl PriorRequests {
    async fn read(works: &[&AcceptLead], db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let with_kind = |work: &AcceptLead, (tenant, key)| (tenant, key, kind(work).word());
        let keys = works
            .iter()
            .flat_map(|work| work.keys.iter().map(|key| with_kind(work, key_of(work, key))));
        let keys: Vec<_> = keys.collect();
        let rows = sqlx::query(SEEN_KEYS)
            .bind(json("a list of keys", &keys)?)
            .bind(LEADS)
            .fetch_all(db)
            .await?;
        let mut before = Self {
            seen: SeenRequests::new(),
            taken: HashSet::new(),
            ids: NewIds::after(&rows)?,
        };
        for row in &rows {
            add_seen(row, &mut before.seen)?;
            if row.plain::<Option<bool>>("taken")? == Some(true) {
                let key = (row.plain("tenant")?, row.plain("key")?);
                before
                    .taken
                    .insert((key, row.checked("kind", DeliveryKind::from_word)?));
            }
        }
        Ok(before)
    }
}

/// The deliveries' own keys: each request's first, unless a delivery already has it.
fn delivery_keys(
    new: &[(&AcceptLead, Receipt)],
    mut taken: HashSet<(TenantKey, DeliveryKind)>,
) -> Result<Vec<DedupKey>, StoreError> {
    let mut keys = Vec::with_capacity(new.len());
    for (work, receipt) in new {
        let first = first_key(work)?;
        keys.push(if taken.insert((key_of(work, first), kind(work))) {
            first.clone()
        } else {
            key_again(receipt.id, first)
        });
    }
    Ok(keys)
}

async fn remember_keys(db: &mut SqliteConnection, new: &[(&AcceptLead, Receipt)]) -> Result<(), StoreError> {
    let keys = new
        .iter()
        .flat_map(|(work, receipt)| work.keys.iter().map(move |key| (*work, key, receipt.delivery)));
    for group in keys.collect::<Vec<_>>().chunks(ROWS) {
        let mut query = QueryBuilder::new(
            "insert or replace into inbox_key (tenant, endpoint, idem_key, digest, delivery, seen_at, expires_at) ",
        );
        query.push_values(group, |mut row, (work, key, delivery)| {
            let now = work.request.received_at;
            row.push_bind(work.request.tenant.as_str())
                .push_bind(LEADS)
                .push_bind(key.as_str())
                .push_bind(work.digest.as_bytes().as_slice())
                .push_bind(delivery.0)
                .push_bind(micros(now))
                .push_bind(micros(later(now, work.window)));
        });
        query.build().execute(&mut *db).await?;
    }
    Ok(())
}

/// Forgets keys whose window is over.
pub(crate) struct ForgetKeys {
    pub(crate) now: Timestamp,
}

impl Write for ForgetKeys {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let forgotten = sqlx::query(
            "delete from inbox_key where (tenant, endpoint, idem_key) in
                 (select tenant, endpoint, idem_key from inbox_key where expires_at <= ? limit ?)",
        )
        .bind(micros(self.now))
        .bind(i64::try_from(KEYS_FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX))
        .execute(db)
        .await?;
        Ok(usize::try_from(forgotten.rows_affected()).unwrap_or(usize::MAX))
    }
}
