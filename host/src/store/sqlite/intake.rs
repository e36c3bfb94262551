//! Rows that come into being when something is taken in: requests, deliveries, leads.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

use super::column::{Columns, json, micros, stored};
use super::rank::Rank;
use crate::domain::delivery::{Kind, State};
use crate::domain::id::{DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use crate::domain::idempotency::Seen;
use crate::domain::lead::Priority;
use crate::store::{Inbound, Receipt, StoreError};

/// The endpoint of leads' webhooks.
pub(super) const LEADS: &str = "leads";
/// The endpoint of dispositions.
pub(super) const DISPOSITIONS: &str = "dispositions";

/// Rows of one statement at most.
const ROWS: usize = 64;
/// Statements of more rows than this have a multiple of it, so that there are few sizes, each is prepared once, and
/// whatever is left over takes one more: a statement costs two changes of thread, whatever it does.
const STEP: usize = 8;

/// The rows in groups, each of a size that statements have.
pub(super) fn groups<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = match rows.len() {
            0 => return None,
            few @ 1..STEP => few,
            many => (many - many % STEP).min(ROWS),
        };
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

/// Whose request, and the key that it came under.
pub(super) type KnownKey = (String, String);

/// What was seen under keys, and the receipts that were given for it.
pub(super) type Known = HashMap<KnownKey, (Seen, Receipt)>;

pub(super) fn known_key(inbound: &Inbound, key: &str) -> KnownKey {
    (inbound.tenant.as_str().to_owned(), key.to_owned())
}

/// What later requests with its key are compared with.
pub(super) fn seen_now(digest: Digest, inbound: &Inbound) -> Seen {
    Seen {
        digest,
        at: stored(inbound.received_at),
    }
}

/// A row of what was seen: `tenant`, `key`, `digest`, `seen_at`, and the columns of a receipt.
pub(super) fn known_row(row: &SqliteRow) -> Result<(KnownKey, (Seen, Receipt)), StoreError> {
    let seen = Seen {
        digest: row.digest("digest")?,
        at: row.time("seen_at")?,
    };
    let receipt = Receipt {
        id: ReceiptId(row.plain("receipt")?),
        delivery: DeliveryId(row.plain("id")?),
        lead: row.id_option("lead")?,
        accepted_at: row.time("accepted_at")?,
    };
    Ok(((row.plain("tenant")?, row.plain("key")?), (seen, receipt)))
}

/// The ids that new rows get. There is one writer, so nobody else gives any out.
pub(super) struct NewIds {
    receipt: i64,
    delivery: i64,
}

impl NewIds {
    /// After the highest that ever were.
    pub(super) async fn read(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let row = sqlx::query(
            "select coalesce((select seq from sqlite_sequence where name = 'inbox'), 0) as receipt,
                    coalesce((select seq from sqlite_sequence where name = 'delivery'), 0) as delivery",
        )
        .fetch_one(db)
        .await?;
        Ok(Self {
            receipt: row.plain("receipt")?,
            delivery: row.plain("delivery")?,
        })
    }

    pub(super) const fn receipt(&mut self) -> ReceiptId {
        self.receipt += 1;
        ReceiptId(self.receipt)
    }

    pub(super) const fn delivery(&mut self) -> DeliveryId {
        self.delivery += 1;
        DeliveryId(self.delivery)
    }
}

/// A raw request to be kept.
pub(super) struct NewRequest<'a> {
    id: ReceiptId,
    inbound: &'a Inbound,
    digest: Digest,
}

impl<'a> NewRequest<'a> {
    /// The request that a receipt is given for.
    pub(super) const fn of(receipt: &Receipt, inbound: &'a Inbound, digest: Digest) -> Self {
        Self {
            id: receipt.id,
            inbound,
            digest,
        }
    }
}

/// Keeps raw requests.
pub(super) async fn keep_requests(
    db: &mut SqliteConnection,
    endpoint: &'static str,
    requests: &[NewRequest<'_>],
) -> Result<(), StoreError> {
    for group in groups(requests) {
        let insert = "insert into inbox (id, tenant, endpoint, digest, headers, body, received_at) ";
        let mut query = QueryBuilder::new(insert);
        query.push_values(group, |mut row, NewRequest { id, inbound, digest }| {
            row.push_bind(id.0)
                .push_bind(inbound.tenant.as_str())
                .push_bind(endpoint)
                .push_bind(digest.as_bytes().as_slice())
                .push_bind(inbound.headers.as_str())
                .push_bind(inbound.body.as_slice())
                .push_bind(micros(inbound.received_at));
        });
        query.build().execute(&mut *db).await?;
    }
    Ok(())
}

/// A delivery to be.
pub(super) struct NewDelivery<'a> {
    pub(super) id: DeliveryId,
    pub(super) tenant: &'a TenantName,
    pub(super) kind: Kind,
    pub(super) key: &'a str,
    pub(super) receipt: ReceiptId,
    pub(super) lead: Option<&'a LeadId>,
    pub(super) rank: Rank,
    pub(super) state: State,
    pub(super) due: Timestamp,
    pub(super) accepted_at: Timestamp,
    pub(super) now: Timestamp,
    /// Its document, where it is not the request's body.
    pub(super) payload: Option<&'a [u8]>,
}

/// Makes deliveries.
pub(super) async fn insert_deliveries(
    db: &mut SqliteConnection,
    deliveries: &[NewDelivery<'_>],
) -> Result<(), StoreError> {
    for group in groups(deliveries) {
        let mut query = QueryBuilder::new(
            "insert into delivery (id, tenant, kind, dedup_key, receipt, payload, lead, order_key, rank, state, due,
                 accepted_at, changed_at) ",
        );
        query.push_values(group, |mut row, new| {
            row.push_bind(new.id.0)
                .push_bind(new.tenant.as_str())
                .push_bind(new.kind.word())
                .push_bind(new.key)
                .push_bind(new.receipt.0)
                .push_bind(new.version())
                .push_bind(new.lead.map(LeadId::as_str))
                .push_bind(new.order_key())
                .push_bind(new.rank.number())
                .push_bind(new.state.word())
                .push_bind(micros(new.due))
                .push_bind(micros(new.accepted_at))
                .push_bind(micros(new.now));
        });
        query.build().execute(&mut *db).await?;
    }
    for new in deliveries {
        if let Some(payload) = new.payload {
            add_payload(db, new.id, new.version(), payload, new.now).await?;
        }
    }
    Ok(())
}

impl NewDelivery<'_> {
    fn version(&self) -> i64 {
        i64::from(self.payload.is_some())
    }

    /// What goes to one lead's record goes one by one; leads to the agent and dispositions to the CRM do not meet.
    fn order_key(&self) -> Option<String> {
        let lead = self.lead?;
        match self.kind {
            Kind::Inbound => None,
            Kind::Lead => Some(format!("lead:{lead}")),
            Kind::Disposition => Some(format!("call:{lead}")),
        }
    }
}

/// Adds a version of a delivery's payload.
pub(super) async fn add_payload(
    db: &mut SqliteConnection,
    id: DeliveryId,
    version: i64,
    payload: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("insert into payload (delivery, version, body, made_at) values (?, ?, ?, ?)")
        .bind(id.0)
        .bind(version)
        .bind(payload)
        .bind(micros(now))
        .execute(db)
        .await?;
    Ok(())
}

/// Which of these keys deliveries have.
pub(super) async fn with_keys(
    db: &mut SqliteConnection,
    keys: &[(&TenantName, Kind, &str)],
) -> Result<HashSet<(TenantName, Kind, String)>, StoreError> {
    let asked: Vec<_> = keys
        .iter()
        .map(|(tenant, kind, key)| (tenant.as_str(), kind.word(), *key))
        .collect();
    let rows = sqlx::query(
        "select d.tenant, d.kind, d.dedup_key from json_each(?) k
         cross join delivery d on d.tenant = k.value ->> 0 and d.kind = k.value ->> 1 and d.dedup_key = k.value ->> 2",
    )
    .bind(json("a list of keys", &asked)?)
    .fetch_all(db)
    .await?;
    let known = |row: &SqliteRow| {
        Ok((
            row.id("tenant")?,
            row.checked("kind", Kind::from_word)?,
            row.plain("dedup_key")?,
        ))
    };
    rows.iter().map(known).collect()
}

/// A lead whose newest document is a delivery's.
pub(super) struct RenewedLead<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) lead: &'a LeadId,
    pub(super) priority: Priority,
    pub(super) delivery: DeliveryId,
    pub(super) accepted_at: Timestamp,
}

/// Makes deliveries' documents their leads' newest; agents that pull see them again.
pub(super) async fn renew_leads(db: &mut SqliteConnection, leads: &[RenewedLead<'_>]) -> Result<(), StoreError> {
    for group in groups(leads) {
        let mut query = QueryBuilder::new("insert into lead (tenant, lead, priority, delivery, accepted_at) ");
        query.push_values(group, |mut row, renewed| {
            row.push_bind(renewed.tenant.as_str())
                .push_bind(renewed.lead.as_str())
                .push_bind(renewed.priority.word())
                .push_bind(renewed.delivery.0)
                .push_bind(micros(renewed.accepted_at));
        });
        query.push(
            " on conflict (tenant, lead) do update set
                 priority = excluded.priority, delivery = excluded.delivery, accepted_at = excluded.accepted_at",
        );
        query.build().execute(&mut *db).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn groups_are_large_first_and_leave_nothing_out() {
        let rows: Vec<_> = (0..151).collect();
        let sizes: Vec<_> = groups(&rows).map(<[i32]>::len).collect();
        assert_eq!(sizes, [64, 64, 16, 7]);
        assert_eq!(groups(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(groups::<i32>(&[]).count(), 0);
    }
}
