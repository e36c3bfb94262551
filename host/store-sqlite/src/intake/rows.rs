//! The rows that accepting inserts: requests, deliveries, leads.

use jiff::Timestamp;
use rusqlite::params;

use crate::column::micros;
use crate::line;
use crate::sql::{execute, exists};
use crate::writer::Transaction;
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryState, LinePlace};
use jackfield_domain::id::{DedupKey, DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Priority;
use jackfield_store::{RawRequest, StoreError};

/// The endpoint of leads' webhooks.
pub(crate) const LEADS: &str = "leads";
/// The endpoint of dispositions.
pub(crate) const DISPOSITIONS: &str = "dispositions";

/// Inserts a raw request.
pub(crate) fn insert_request(
    tx: &Transaction<'_>,
    id: ReceiptId,
    endpoint: &str,
    request: &RawRequest,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into request (id, tenant, endpoint, headers, body, received_at) values (?, ?, ?, ?, ?, ?)",
        params![
            id.0,
            request.tenant.as_str(),
            endpoint,
            request.headers,
            request.body,
            micros(request.received_at),
        ],
    )
    .map(drop)
}

/// A delivery to be inserted.
pub(crate) struct NewDelivery<'a> {
    pub(crate) id: DeliveryId,
    pub(crate) tenant: &'a TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) key: &'a str,
    /// The digest of the request's body, where repeats are told by this delivery's key.
    pub(crate) body_digest: Option<Digest>,
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

impl NewDelivery<'_> {
    /// The version of its payload.
    pub(crate) fn version(&self) -> i64 {
        i64::from(self.payload.is_some())
    }
}

/// The document's text, if it is not the body of its request as it came.
pub(crate) fn mended<'a>(document: &'a JsonDocument, request: &RawRequest) -> Option<&'a [u8]> {
    Some(document.text().as_bytes()).filter(|text| *text != request.body)
}

/// Inserts a delivery: ready and in its line, or ended at once.
pub(crate) fn insert_delivery(tx: &mut Transaction<'_>, new: &NewDelivery<'_>) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into delivery_key (digest, delivery, receipt, body_digest, accepted_at) values (?, ?, ?, ?, ?)",
        params![
            tx.key_digest(new.tenant, new.kind.word(), new.key),
            new.id.0,
            new.receipt.0,
            new.body_digest.as_ref().map(Digest::as_bytes),
            micros(new.accepted_at),
        ],
    )?;
    if new.state.is_ended() {
        insert_ended(tx, new)?;
    } else {
        insert_ready(tx, new)?;
    }
    tx.count(new.tenant, None, new.state);
    match new.payload {
        Some(payload) => add_payload(tx, new.id, new.version(), payload, new.now),
        None => Ok(()),
    }
}

fn insert_ready(tx: &Transaction<'_>, new: &NewDelivery<'_>) -> Result<(), StoreError> {
    let order_key = new.lead.and_then(|lead| new.kind.order_key(lead));
    let place = LinePlace::new(new.rank, new.id);
    let is_blocked = match &order_key {
        Some(order_key) => line::join(tx, new.tenant, order_key, place)?,
        None => false,
    };
    execute(
        tx,
        "insert into queue (id, tenant, kind, dedup_key, receipt, payload, lead, order_key, rank, waits, state,
             blocked, due, accepted_at, changed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.id.0,
            new.tenant.as_str(),
            new.kind.word(),
            new.key,
            new.receipt.0,
            new.version(),
            new.lead.map(LeadId::as_str),
            order_key,
            new.rank.number(),
            place.waits,
            new.state.word(),
            is_blocked,
            micros(new.due),
            micros(new.accepted_at),
            micros(new.now),
        ],
    )
    .map(drop)
}

fn insert_ended(tx: &Transaction<'_>, new: &NewDelivery<'_>) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into history (id, tenant, kind, dedup_key, receipt, payload, lead, state, counted, ambiguous,
             generation, accepted_at, changed_at) values (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?)",
        params![
            new.id.0,
            new.tenant.as_str(),
            new.kind.word(),
            new.key,
            new.receipt.0,
            new.version(),
            new.lead.map(LeadId::as_str),
            new.state.word(),
            micros(new.accepted_at),
            micros(new.now),
        ],
    )
    .map(drop)
}

/// Whether a delivery of this kind has the key, however long ago it was made.
pub(crate) fn is_key_taken(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    kind: DeliveryKind,
    key: &DedupKey,
) -> Result<bool, StoreError> {
    exists(
        tx,
        "select 1 from delivery_key where digest = ?",
        params![tx.key_digest(tenant, kind.word(), key.as_str())],
    )
}

/// Adds a version of a delivery's payload.
pub(crate) fn add_payload(
    tx: &Transaction<'_>,
    id: DeliveryId,
    version: i64,
    payload: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into payload (delivery, version, body, made_at) values (?, ?, ?, ?)",
        params![id.0, version, payload, micros(now)],
    )
    .map(drop)
}

/// A lead whose newest document is a delivery's.
pub(crate) struct RenewedLead<'a> {
    pub(crate) tenant: &'a TenantName,
    pub(crate) lead: &'a LeadId,
    pub(crate) priority: Priority,
    pub(crate) delivery: DeliveryId,
    pub(crate) receipt: ReceiptId,
    /// The version of the delivery's payload.
    pub(crate) payload: i64,
    pub(crate) accepted_at: Timestamp,
}

/// Makes a delivery's document its lead's newest; agents that pull see it again.
pub(crate) fn renew_lead(tx: &Transaction<'_>, renewed: &RenewedLead<'_>) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into lead (tenant, lead, priority, delivery, receipt, payload, accepted_at) values (?, ?, ?, ?, ?, ?, ?)
         on conflict (tenant, lead) do update set priority = excluded.priority, delivery = excluded.delivery,
             receipt = excluded.receipt, payload = excluded.payload, accepted_at = excluded.accepted_at",
        params![
            renewed.tenant.as_str(),
            renewed.lead.as_str(),
            renewed.priority.word(),
            renewed.delivery.0,
            renewed.receipt.0,
            renewed.payload,
            micros(renewed.accepted_at),
        ],
    )
    .map(drop)
}
