//! Claiming deliveries, and ending attempts.

use std::time::Duration;

use jiff::Timestamp;

use super::listing::AttemptDetail;
use jackfield_domain::delivery::breaker::{BreakerChange, BreakerOverride};
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryVerdict};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use jackfield_domain::lead::Lead;

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
    /// At most this many in all.
    pub limit: u32,
    /// Of these kinds only, and at most so many of each: what goes to another destination goes on while one is closed.
    pub kinds: Vec<(DeliveryKind, u32)>,
    /// Only if nothing else may go.
    pub last: Vec<DeliveryId>,
    /// Written into the attempts.
    pub release: ReleaseNumber,
}

/// A kind of delivery of which a tenant has something due that may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The tenant.
    pub tenant: TenantName,
    /// The kind.
    pub kind: DeliveryKind,
}

/// A lease on a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    pub kind: DeliveryKind,
    /// The same on every attempt and replay.
    pub key: DedupKey,
    /// The lead; unknown for a webhook that is yet to be parsed.
    pub lead: Option<LeadId>,
    /// The document to deliver: a disposition's or a lead's JSON, or the raw webhook.
    pub payload: Vec<u8>,
    /// The webhook's `content-type`, for [`DeliveryKind::Inbound`]; empty otherwise.
    pub content_type: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it fell due.
    pub due: Timestamp,
    /// What it has been through.
    pub progress: AttemptHistory,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The lease under which it was made.
    pub lease: Lease,
    /// When it ended.
    pub now: Timestamp,
    /// What follows.
    pub verdict: DeliveryVerdict,
    /// What is kept of the attempt.
    pub detail: AttemptDetail,
    /// Leads that a webhook contained, in order; each becomes a lead and its delivery. Only with a committed
    /// [`DeliveryKind::Inbound`].
    pub leads: Vec<NewLead>,
    /// What it did to the breaker of the tenant's CRM, if anything.
    pub breaker: Option<BreakerChange>,
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

/// What is kept of a tenant's breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRecord {
    /// The tenant.
    pub tenant: TenantName,
    /// What an operator made it be.
    pub forced: Option<BreakerOverride>,
    /// Since when it has not been closed.
    pub open_since: Option<Timestamp>,
}

/// A wish to give up what a tenant's breaker has held for too long.
#[derive(Debug, Clone)]
pub struct GiveUpHeld {
    /// The tenant.
    pub tenant: TenantName,
    /// Dispositions that fell due then or earlier.
    pub due_by: Timestamp,
    /// The caller's clock.
    pub now: Timestamp,
    /// At most this many at a time: a writer that is busy for long keeps everybody waiting.
    pub limit: u32,
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
