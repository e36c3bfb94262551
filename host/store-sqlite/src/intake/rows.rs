//! The rows that accepting inserts: requests, deliveries, leads.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection};

use crate::column::{Columns, micros, stored};
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryState};
use jackfield_domain::id::{DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use jackfield_domain::intake::idempotency::SeenKey;
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Priority;
use jackfield_store::{RawRequest, Receipt, StoreError};

/// The endpoint of leads' webhooks.
pub(crate) const LEADS: &str = "leads";
/// The endpoint of dispositions.
pub(crate) const DISPOSITIONS: &str = "dispositions";

/// Rows of one statement at most. Each number of rows is a statement of its own, which is prepared once: a second
/// statement for what is left over would cost two more changes of thread.
pub(crate) const ROWS: usize = 64;

/// A tenant, and a key of one of its requests.
pub(crate) type TenantKey = (String, String);

/// What was accepted under keys before, and the receipts for it.
pub(crate) type SeenRequests = HashMap<TenantKey, (SeenKey, Receipt)>;

pub(crate) fn tenant_key(inbound: &RawRequest, key: &str) -> TenantKey {
    (inbound.tenant.as_str().to_owned(), key.to_owned())
}

/// What later requests with its key are compared with.
pub(crate) fn seen_now(digest: Digest, inbound: &RawRequest) -> SeenKey {
    SeenKey {
        digest,
        at: stored(inbound.received_at),
    }
}

/// Adds an earlier request, if the row has one: `tenant`, `key`, `digest`, `seen_at`, and the columns of a receipt.
pub(crate) fn add_seen(row: &SqliteRow, requests: &mut SeenRequests) -> Result<(), StoreError> {
    if row.plain::<Option<&[u8]>>("digest")?.is_none() {
        return Ok(());
    }
    let seen = SeenKey {
        digest: row.digest("digest")?,
        at: row.time("seen_at")?,
    };
    let receipt = Receipt {
        id: ReceiptId(row.plain("receipt")?),
        delivery: DeliveryId(row.plain("id")?),
        lead: row.id_option("lead")?,
        accepted_at: row.time("accepted_at")?,
    };
    requests.insert((row.plain("tenant")?, row.plain("key")?), (seen, receipt));
    Ok(())
}

/// The highest ids that ever were, in one row. In front of a query it puts them into each of its rows, and makes one if
/// it has none: one statement instead of two.
macro_rules! last_ids {
    () => {
        "select coalesce((select seq from sqlite_sequence where name = 'inbox'), 0) as last_receipt,
            coalesce((select seq from sqlite_sequence where name = 'delivery'), 0) as last_delivery"
    };
    ($query:literal) => {
        concat!(
            "select * from (",
            crate::intake::rows::last_ids!(),
            ") left join (",
            $query,
            ")"
        )
    };
}
pub(crate) use last_ids;

/// Hands out the ids of new rows. There is one writer, so nobody else hands any out.
pub(crate) struct NewIds {
    receipt: i64,
    delivery: i64,
}

impl NewIds {
    pub(crate) async fn read(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        Self::after(&sqlx::query(last_ids!()).fetch_all(db).await?)
    }

    /// After those in the rows of [`last_ids`].
    pub(crate) fn after(rows: &[SqliteRow]) -> Result<Self, StoreError> {
        let none = || StoreError::Corrupt("no row of the last ids".into());
        let row = rows.first().ok_or_else(none)?;
        Ok(Self {
            receipt: row.plain("last_receipt")?,
            delivery: row.plain("last_delivery")?,
        })
    }

    pub(crate) const fn receipt(&mut self) -> ReceiptId {
        self.receipt += 1;
        ReceiptId(self.receipt)
    }

    pub(crate) const fn delivery(&mut self) -> DeliveryId {
        self.delivery += 1;
        DeliveryId(self.delivery)
    }
}

/// A raw request to be inserted.
pub(crate) struct NewRequest<'a> {
    id: ReceiptId,
    inbound: &'a RawRequest,
    digest: Digest,
}

impl<'a> NewRequest<'a> {
    /// The request that a receipt is given for.
    pub(crate) const fn of(receipt: &Receipt, inbound: &'a RawRequest, digest: Digest) -> Self {
        Self {
            id: receipt.id,
            inbound,
            digest,
        }
    }
}

/// Inserts raw requests.
pub(crate) async fn insert_requests(
    db: &mut SqliteConnection,
    endpoint: &'static str,
    requests: &[NewRequest<'_>],
) -> Result<(), StoreError> {
    for group in requests.chunks(ROWS) {
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

/// A delivery to be inserted.
pub(crate) struct NewDelivery<'a> {
    pub(crate) id: DeliveryId,
    pub(crate) tenant: &'a TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) key: &'a str,
    pub(crate) receipt: ReceiptId,
    pub(crate) lead: Option<&'a LeadId>,
    pub(crate) rank: DeliveryRank,
    pub(crate) state: DeliveryState,
    pub(crate) due: Timestamp,
    pub(crate) accepted_at: Timestamp,
    pub(crate) now: Timestamp,
    /// Its document, where it is not the request's body.
    pub(crate) payload: Option<&'a [u8]>,
}

/// The document's text, if it is not the body of its request as it came.
pub(crate) fn mended<'a>(document: &'a JsonDocument, request: &RawRequest) -> Option<&'a [u8]> {
    Some(document.text().as_bytes()).filter(|text| *text != request.body)
}

/// Inserts deliveries.
pub(crate) async fn insert_deliveries(
    db: &mut SqliteConnection,
    deliveries: &[NewDelivery<'_>],
) -> Result<(), StoreError> {
    for group in deliveries.chunks(ROWS) {
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
                .push_bind(new.lead.and_then(|lead| new.kind.order_key(lead)))
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
}

/// Adds a version of a delivery's payload.
pub(crate) async fn add_payload(
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

/// A lead whose newest document is a delivery's.
pub(crate) struct RenewedLead<'a> {
    pub(crate) tenant: &'a TenantName,
    pub(crate) lead: &'a LeadId,
    pub(crate) priority: Priority,
    pub(crate) delivery: DeliveryId,
    pub(crate) accepted_at: Timestamp,
}

/// Makes deliveries' documents their leads' newest; agents that pull see them again.
pub(crate) async fn renew_leads(db: &mut SqliteConnection, leads: &[RenewedLead<'_>]) -> Result<(), StoreError> {
    for group in leads.chunks(ROWS) {
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
