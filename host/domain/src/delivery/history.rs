//! The history of a delivery's attempts, and the plan for its next attempt.

use jiff::Timestamp;

use super::retry::RetryLadder;

/// The history that decides a delivery's next step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttemptHistory {
    /// Counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Rate limits in a row.
    pub throttles: u32,
    /// When this series of rate limits began.
    pub throttled_since: Option<Timestamp>,
    /// Conflicts in a row.
    pub conflicts: u32,
    /// An earlier attempt may have reached the destination, and nothing since has shown whether it did.
    pub ambiguous: bool,
    /// Claims in a row whose worker never reported back.
    pub lost_leases: u32,
}

/// What the tenant's retry ladder and its adapter allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptPolicy {
    /// The waits between counted attempts.
    pub ladder: RetryLadder,
    /// Whether a repeated write leaves one record.
    pub idempotent: bool,
    /// Whether the adapter can look up a write.
    pub lookup: bool,
}

/// What a worker does with a claimed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptPlan {
    /// Send it.
    Send,
    /// Look up first whether an earlier attempt was written.
    LookUpFirst,
    /// Send nothing and let a person decide: the write may have been made, and neither side can tell.
    Ask,
}

/// Decides how to start an attempt (promise 3: a write with an unknown outcome is never blindly repeated).
#[must_use]
pub const fn plan(history: &AttemptHistory, policy: &AttemptPolicy) -> AttemptPlan {
    match (history.ambiguous, policy.lookup, policy.idempotent) {
        (false, _, _) | (true, false, true) => AttemptPlan::Send,
        (true, true, _) => AttemptPlan::LookUpFirst,
        (true, false, false) => AttemptPlan::Ask,
    }
}
