//! Rows that come into being when something is taken in: requests, deliveries, leads.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::column::micros;
use super::rank::Rank;
use crate::domain::delivery::{Kind, State};
use crate::domain::id::{DedupKey, DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use crate::domain::lead::Priority;
use crate::store::{Inbound, StoreError};

/// The endpoint of leads' webhooks.
pub(super) const LEADS: &str = "leads";
/// The endpoint of dispositions.
pub(super) const DISPOSITIONS: &str = "dispositions";

/// Keeps a raw request.
pub(super) async fn keep_request(
    db: &mut SqliteConnection,
    endpoint: &'static str,
    inbound: &Inbound,
    digest: Digest,
) -> Result<ReceiptId, StoreError> {
    let id = sqlx::query_scalar(
        "insert into inbox (tenant, endpoint, digest, headers, body, received_at)
         values (?, ?, ?, ?, ?, ?) returning id",
    )
    .bind(inbound.tenant.as_str())
    .bind(endpoint)
    .bind(digest.as_bytes().as_slice())
    .bind(inbound.headers.as_str())
    .bind(inbound.body.as_slice())
    .bind(micros(inbound.received_at))
    .fetch_one(db)
    .await?;
    Ok(ReceiptId(id))
}

/// A delivery to be.
pub(super) struct NewDelivery<'a> {
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

impl NewDelivery<'_> {
    pub(super) async fn insert(&self, db: &mut SqliteConnection) -> Result<DeliveryId, StoreError> {
        let version = i64::from(self.payload.is_some());
        let id: i64 = sqlx::query_scalar(
            "insert into delivery
                 (tenant, kind, dedup_key, receipt, payload, lead, order_key, rank, state, due, accepted_at, changed_at)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
        )
        .bind(self.tenant.as_str())
        .bind(self.kind.word())
        .bind(self.key)
        .bind(self.receipt.0)
        .bind(version)
        .bind(self.lead.map(LeadId::as_str))
        .bind(self.order_key())
        .bind(self.rank.number())
        .bind(self.state.word())
        .bind(micros(self.due))
        .bind(micros(self.accepted_at))
        .bind(micros(self.now))
        .fetch_one(&mut *db)
        .await?;
        let id = DeliveryId(id);
        if let Some(payload) = self.payload {
            add_payload(db, id, version, payload, self.now).await?;
        }
        Ok(id)
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

/// Whether a delivery has this key, and if so which.
pub(super) async fn with_key(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    kind: Kind,
    key: &DedupKey,
) -> Result<Option<DeliveryId>, StoreError> {
    let id: Option<i64> = sqlx::query_scalar("select id from delivery where tenant = ? and kind = ? and dedup_key = ?")
        .bind(tenant.as_str())
        .bind(kind.word())
        .bind(key.as_str())
        .fetch_optional(db)
        .await?;
    Ok(id.map(DeliveryId))
}

/// Makes a delivery's document the lead's newest; agents that pull see it again.
pub(super) async fn renew_lead(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    lead: &LeadId,
    priority: Priority,
    delivery: DeliveryId,
    accepted_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into lead (tenant, lead, priority, delivery, accepted_at) values (?, ?, ?, ?, ?)
         on conflict (tenant, lead) do update set
             priority = excluded.priority, delivery = excluded.delivery, accepted_at = excluded.accepted_at",
    )
    .bind(tenant.as_str())
    .bind(lead.as_str())
    .bind(priority.word())
    .bind(delivery.0)
    .bind(micros(accepted_at))
    .execute(db)
    .await?;
    Ok(())
}
