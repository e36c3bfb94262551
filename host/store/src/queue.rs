//! The delivery queue: claiming deliveries and ending attempts.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use super::delivery::AttemptDetail;
use jackfield_domain::delivery::breaker::BreakerChange;
use jackfield_domain::delivery::failure::Rejection;
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryVerdict};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use jackfield_domain::lead::Lead;

/// How long a claim holds: four times the longest deadline of a send, 60 s.
pub const LEASE: Duration = Duration::from_mins(4);

/// The queue that the delivery engine works on.
#[async_trait]
pub trait QueueStore: Send + Sync + fmt::Debug {
    /// Leases deliveries that may be attempted now, most urgent first, then the longest due, at most each tenant's
    /// share. Of the deliveries with one order key only the first live one is leased, and none while another is in
    /// flight; a do-not-call goes before the others. Each claim writes an attempt, so it is durable before the first
    /// byte is sent. The cost depends on the number of claimed deliveries and of tenants, not on the length of the
    /// queue.
    async fn claim(&self, claim: ClaimRequest) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// Tenants and kinds that have claimable work at `now`.
    async fn due(&self, now: Timestamp) -> Result<Vec<ClaimableKind>, StoreError>;

    /// The next time after `now` at which an unblocked delivery falls due or a lease expires.
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Ends an attempt with its verdict: the delivery's state, the attempt, its alert, the lead's flag, the leads of a
    /// parsed webhook and the state of the tenant's breaker (with an alert if it was not open already), all or nothing.
    /// If the lease was lost, only the attempt's record and the breaker change.
    async fn finish(&self, finish: FinishAttempt) -> Result<FinishOutcome, StoreError>;

    /// Releases deliveries whose attempt did not start, as if they had never been claimed.
    async fn release_leases(&self, leases: &[Lease]) -> Result<(), StoreError>;

    /// Ends expired leases, by [`jackfield_domain::delivery::after_lost_lease`]; returns how many. With
    /// `restarted_host`, also ends all leases of owners `{restarted_host}/…`, expired or not: a restarted host knows
    /// that its former process is dead.
    async fn reap(&self, now: Timestamp, restarted_host: Option<&str>) -> Result<usize, StoreError>;

    /// The number of a tenant's attempts that were started at or after `since`.
    async fn attempts_since(&self, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError>;
}

/// A request to claim deliveries.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// The process that claims, as `{host}/{start}`; stored with the lease.
    pub owner: String,
    /// The process's clock.
    pub now: Timestamp,
    /// How long the lease holds.
    pub lease: Duration,
    /// How many deliveries of each tenant.
    pub tenants: Vec<TenantShare>,
}

/// How many of a tenant's deliveries may be claimed, and under which release they are attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantShare {
    /// The tenant.
    pub tenant: TenantName,
    /// At most this many in all.
    pub limit: u32,
    /// Only these kinds, and at most this many of each: while one destination is paused, the others still get theirs.
    pub kinds: Vec<(DeliveryKind, u32)>,
    /// Deliveries that are claimed only if nothing else can be claimed.
    pub last: Vec<DeliveryId>,
    /// The release that the attempts record.
    pub release: ReleaseNumber,
}

/// A tenant that has claimable work of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimableKind {
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

/// A delivery that a worker has leased.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    /// The lease.
    pub lease: Lease,
    /// Its tenant.
    pub tenant: TenantName,
    /// Its kind.
    pub kind: DeliveryKind,
    /// The same on every attempt and replay.
    pub key: DedupKey,
    /// The lead; unknown for a webhook that is not parsed yet.
    pub lead: Option<LeadId>,
    /// The document to deliver: a disposition's or a lead's JSON, or the raw webhook.
    pub payload: Vec<u8>,
    /// The webhook's `content-type`, for [`DeliveryKind::Inbound`]; empty otherwise.
    pub content_type: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it fell due.
    pub due: Timestamp,
    /// The history that decides its next step.
    pub history: AttemptHistory,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct FinishAttempt {
    /// The lease under which it was made.
    pub lease: Lease,
    /// When it ended.
    pub now: Timestamp,
    /// The delivery's next step.
    pub verdict: DeliveryVerdict,
    /// The attempt's details to record.
    pub detail: AttemptDetail,
    /// The leads that a webhook contained, in order; each becomes a lead and its delivery. Only with a committed
    /// [`DeliveryKind::Inbound`].
    pub leads: Vec<NewLead>,
    /// The leads of the webhook that were refused, in order; each becomes a delivery in review, with its alert. Only
    /// with a committed [`DeliveryKind::Inbound`].
    pub refused: Vec<RefusedLead>,
    /// The state change of the tenant's breaker, if any.
    pub breaker: Option<BreakerChange>,
}

/// A lead from a parsed webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLead {
    /// The lead.
    pub lead: Lead,
    /// Its own key: the webhook's, numbered.
    pub key: DedupKey,
    /// Whether the host pushes it to the agent.
    pub push: bool,
}

/// The outcome of ending an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// It is stored.
    Stored {
        /// The number of new leads that are ready for delivery.
        leads: usize,
    },
    /// The lease was lost: another worker has the delivery, which is unchanged.
    LeaseLost,
}

/// A lead of a parsed webhook that its adapter refused, or that is not valid.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedLead {
    /// Its own key: the webhook's, numbered.
    pub key: DedupKey,
    /// What is known of it, in the contract's format, for a person to complete.
    pub document: String,
    /// Why it was refused.
    pub rejection: Rejection,
}
