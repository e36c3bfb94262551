//! Accepts requests from agents and CRMs.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::id::{DedupKey, DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Lead;

/// Accepts requests. Each is stored completely, with the delivery that follows from it, or not at all.
#[async_trait]
pub trait IntakeStore: Send + Sync + fmt::Debug {
    /// Accepts a lead's webhook: its keys, the raw request and the delivery that follows.
    async fn accept_lead(&self, lead: AcceptLead) -> Result<Accept, StoreError>;

    /// Accepts a disposition: the raw request, its delivery and, for a do-not-call, the suppression.
    async fn accept_disposition(&self, disposition: AcceptDisposition) -> Result<Accept, StoreError>;

    /// Records a do-not-call whose disposition is refused: the do-not-call, the suppression and the alert. No request
    /// and no delivery: the corrected disposition is new, and closes the alert. Changes nothing if a do-not-call of the
    /// lead is recorded: the CRM gets to know of that, or a person was told.
    async fn record_do_not_call(&self, refused: RefusedDoNotCall) -> Result<(), StoreError>;

    /// Removes webhook keys whose window is over, at most
    /// [`KEYS_FORGOTTEN_AT_ONCE`](jackfield_domain::intake::idempotency::KEYS_FORGOTTEN_AT_ONCE) at a time, and returns
    /// how many. The raw requests stay.
    async fn forget_keys(&self, now: Timestamp) -> Result<usize, StoreError>;
}

/// A request as it arrived, stored so that anything can be reprocessed.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRequest {
    /// The tenant that it is for.
    pub tenant: TenantName,
    /// When the host received it.
    pub received_at: Timestamp,
    /// Its headers as JSON: `[["name","value"],…]`, without credentials.
    pub headers: String,
    /// Its body, unchanged.
    pub body: Vec<u8>,
}

/// A lead's webhook whose signature is verified.
#[derive(Debug, Clone)]
pub struct AcceptLead {
    /// The raw request.
    pub request: RawRequest,
    /// The keys under which it counts as a repeat; at least one.
    pub keys: Vec<DedupKey>,
    /// Digest of the raw body.
    pub digest: Digest,
    /// How long the keys are remembered.
    pub window: Duration,
    /// The work that follows.
    pub work: AcceptedWork,
    /// When the first attempt is due.
    pub due: Timestamp,
}

/// The work that follows from a webhook.
#[derive(Debug, Clone)]
pub enum AcceptedWork {
    /// The body has the contract's shape and is the lead's document.
    Lead {
        /// The lead.
        lead: Lead,
        /// Whether the host pushes it to the agent. If not, its delivery is done at once: the agent pulls.
        push: bool,
    },
    /// The body has the CRM's own shape: the adapter must parse it.
    Parse,
}

/// A validated disposition.
#[derive(Debug, Clone)]
pub struct AcceptDisposition {
    /// The raw request. Its body is the delivery's payload, unless there is a `payload`.
    pub request: RawRequest,
    /// The document, if it is not the body as it came: harmless faults were mended.
    pub payload: Option<JsonDocument>,
    /// [`jackfield_domain::call::disposition::digest`]
    pub digest: Digest,
    /// The disposition.
    pub disposition: Disposition,
    /// When the first attempt is due.
    pub due: Timestamp,
}

/// A do-not-call in a disposition that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedDoNotCall {
    /// The tenant.
    pub tenant: TenantName,
    /// The lead in the request's path.
    pub lead: LeadId,
    /// Where the wish came from, in a few words: the suppression's note.
    pub note: String,
    /// What operators have to know: the alert's message.
    pub message: String,
    /// When the request was received.
    pub at: Timestamp,
}

/// The acknowledgement of a request. A repeat gets the first one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The acknowledgement's id.
    pub id: ReceiptId,
    /// The delivery that follows from the request.
    pub delivery: DeliveryId,
    /// The lead it is about; unknown until the adapter has parsed a webhook.
    pub lead: Option<LeadId>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// The outcome of accepting a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// It is stored.
    New(Receipt),
    /// It was stored before.
    Repeat(Receipt),
    /// Its key was used before for another body. Nothing was stored.
    Conflict,
}
