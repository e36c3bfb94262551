//! A breaker's public state, an operator's override, and the values that attempts exchange with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CrmSignal;
use crate::id::{DeliveryId, TenantName};
use crate::word::words;

/// A breaker's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Deliveries flow.
    Closed,
    /// Nothing is sent.
    Open,
    /// One delivery is being sent as a probe.
    HalfOpen,
    /// The CRM is back: a few deliveries at once, more with every step.
    Ramping,
}

words!(BreakerState {
    Closed = "closed",
    Open = "open",
    HalfOpen = "half-open",
    Ramping = "ramping",
});

impl BreakerState {
    /// Whether it holds deliveries that are due, all but a probe.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Open | Self::HalfOpen)
    }
}

/// The state that an operator forces a breaker into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Forced)]
pub enum BreakerOverride {
    /// Nothing is sent, not even a probe.
    Open,
    /// Deliveries flow, whatever the CRM does.
    Closed,
}

words!(BreakerOverride {
    Open = "open",
    Closed = "closed",
});

/// A change of a breaker's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerChange {
    /// The old state.
    pub from: BreakerState,
    /// The new state.
    pub to: BreakerState,
}

/// A breaker's status, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerStatus {
    /// Its state.
    pub state: BreakerState,
    /// The operator's override, if there is one.
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

/// One tenant's breaker, for metrics.
#[derive(Debug, Clone)]
pub struct TenantBreaker {
    /// The tenant.
    pub tenant: TenantName,
    /// Its status.
    pub status: BreakerStatus,
    /// How often it entered each state since the host started, in the order of [`BreakerState::ALL`].
    pub entered: [u64; BreakerState::ALL.len()],
}

/// How many dispositions the breaker allows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerCapacity {
    /// At most this many; `u32::MAX` when the breaker is closed.
    pub free: u32,
    /// When there may be more.
    pub until: Option<Timestamp>,
}

/// The permit to send one disposition, returned when its attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPermit {
    /// The result of an attempt that started before the breaker last opened is ignored.
    pub(super) epoch: u64,
    /// Whether this is a probe or part of a ramp: then a failure does not count against the delivery.
    pub trial: bool,
}

/// The end of an attempt, reported to the breaker.
#[derive(Debug, Clone, Copy)]
pub struct FinishedAttempt {
    /// The attempt's permit.
    pub permit: BreakerPermit,
    /// The delivery.
    pub delivery: DeliveryId,
    /// What the attempt shows about the CRM.
    pub signal: CrmSignal,
}
