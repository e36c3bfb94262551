//! Claiming deliveries, and ending attempts.

use std::time::Duration;

use jiff::Timestamp;

use super::listing::AttemptDetail;
use crate::domain::delivery::{Kind, Progress, Verdict};
use crate::domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use crate::domain::lead::Lead;

/// A wish for work.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which process asks: kept with the lease.
    pub owner: String,
    /// Its clock.
    pub now: Timestamp,
    /// How long the lease holds.
    pub lease: Duration,
    /// How many deliveries of which tenant.
    pub tenants: Vec<TenantShare>,
}

/// How many deliveries of a tenant may be claimed, and under which release they will go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantShare {
    /// The tenant.
    pub tenant: TenantName,
    /// At most this many.
    pub limit: u32,
    /// Written into the attempts.
    pub release: ReleaseNumber,
}

/// A lease on a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The delivery.
    pub id: DeliveryId,
    /// The claim's number.
    pub fence: Fence,
}

/// A delivery that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The lease.
    pub lease: Lease,
    /// Whose it is.
    pub tenant: TenantName,
    /// What it is.
    pub kind: Kind,
    /// The same on every attempt and replay.
    pub key: DedupKey,
    /// The lead; unknown for a webhook that is yet to be parsed.
    pub lead: Option<LeadId>,
    /// The document to deliver: a disposition's or a lead's JSON, or the raw webhook.
    pub payload: Vec<u8>,
    /// The webhook's `content-type`, for [`Kind::Inbound`]; empty otherwise.
    pub content_type: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What it has been through.
    pub progress: Progress,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The lease under which it was made.
    pub lease: Lease,
    /// When it ended.
    pub now: Timestamp,
    /// What follows.
    pub verdict: Verdict,
    /// What is kept of the attempt.
    pub detail: AttemptDetail,
    /// Leads that a webhook contained, in order; each becomes a lead and its delivery. Only with a committed
    /// [`Kind::Inbound`].
    pub leads: Vec<NewLead>,
}

/// A lead out of a parsed webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLead {
    /// The lead.
    pub lead: Lead,
    /// Its own key: the webhook's, numbered.
    pub key: DedupKey,
    /// Whether the tenant has the host push.
    pub push: bool,
}

/// What became of the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// It is stored; so many leads came out of it.
    Stored {
        /// Leads that are ready for delivery.
        leads: usize,
    },
    /// The lease was lost: another worker has the delivery, and nothing of it was changed.
    LeaseLost,
}

/// A wish to put stuck deliveries back to work.
#[derive(Debug, Clone)]
pub struct ReplayOrder {
    /// Which. Those that are not dead or in review are left alone.
    pub ids: Vec<DeliveryId>,
    /// The operator says that the last attempt did not land: forget that it may have.
    pub not_landed: bool,
    /// When the first may go.
    pub now: Timestamp,
    /// The time between one and the next, to spare the destination; zero for all at once.
    pub spacing: Duration,
}

/// A delivery that was put back to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The delivery.
    pub id: DeliveryId,
    /// When it may go.
    pub due: Timestamp,
}
