//! What can be seen of a breaker, and what an operator can make it be.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CrmSignal;
use crate::id::{DeliveryId, TenantName};
use crate::word::words;

/// Where a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Everything goes.
    Closed,
    /// Nothing goes.
    Open,
    /// One delivery is on its way to see whether the CRM is back.
    HalfOpen,
    /// It is back: a few at once go, and more with every step.
    Ramping,
}

words!(BreakerState {
    Closed = "closed",
    Open = "open",
    HalfOpen = "half-open",
    Ramping = "ramping",
});

/// What an operator may make a breaker be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Forced)]
pub enum BreakerOverride {
    /// Nothing goes, not even a probe.
    Open,
    /// Everything goes, whatever the CRM does.
    Closed,
}

words!(BreakerOverride {
    Open = "open",
    Closed = "closed",
});

/// A breaker went from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerChange {
    /// Where it was.
    pub from: BreakerState,
    /// Where it is.
    pub to: BreakerState,
}

/// What a person sees of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerStatus {
    /// Where it is.
    pub state: BreakerState,
    /// What an operator made it be.
    pub forced: Option<BreakerOverride>,
    /// Since when it has not been closed.
    pub since: Option<Timestamp>,
    /// When the next probe may go.
    pub probe_at: Option<Timestamp>,
    /// While ramping: how many may be in flight.
    pub step: Option<u32>,
    /// While closed: failures in a row.
    pub failures: u32,
}

/// A tenant's breaker, for whoever watches many.
#[derive(Debug, Clone)]
pub struct TenantBreaker {
    /// Whose.
    pub tenant: TenantName,
    /// How it stands.
    pub standing: BreakerStatus,
    /// How often it went to each state, in the order of [`BreakerState::ALL`], since the host started.
    pub entered: [u64; BreakerState::ALL.len()],
}

/// How many dispositions may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerCapacity {
    /// At most this many; `u32::MAX` when the breaker is closed.
    pub free: u32,
    /// When there may be more.
    pub until: Option<Timestamp>,
}

/// What an attempt carries from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPermit {
    /// Attempts from before an opening say nothing after it.
    pub(super) epoch: u64,
    /// Whether it tries out a CRM that was given up: then a failure burns no attempt.
    pub trial: bool,
}

/// The end of an attempt, as a breaker is told of it.
#[derive(Debug, Clone, Copy)]
pub struct FinishedAttempt {
    /// What the attempt carried.
    pub pass: BreakerPermit,
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// What it says about the CRM.
    pub signal: CrmSignal,
}
