//! The history that decides a delivery's next step, and how its next attempt begins.

use jiff::Timestamp;

use super::retry::RetryLadder;

/// What of a delivery's past decides its future.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttemptHistory {
    /// Counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Rate limits in a row.
    pub throttles: u32,
    /// When the row of rate limits began.
    pub throttled_since: Option<Timestamp>,
    /// An earlier attempt may have reached the destination, and nothing since has told whether it did.
    pub ambiguous: bool,
    /// Claims in a row whose worker never reported back.
    pub lost_leases: u32,
}

/// What a tenant and its adapter allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptPolicy {
    /// The waits between counted attempts.
    pub ladder: RetryLadder,
    /// Writing twice leaves one record.
    pub idempotent: bool,
    /// The destination can be asked whether a write was made.
    pub lookup: bool,
}

/// What a worker does with a claimed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptPlan {
    /// Send it.
    Send,
    /// Ask first whether an earlier attempt landed.
    LookUpFirst,
    /// Send nothing: it may have landed, and nobody can tell.
    Ask,
}

/// Decides how to begin an attempt (promise 3: a write with an unknown outcome is never blindly repeated).
#[must_use]
pub const fn plan(progress: &AttemptHistory, policy: &AttemptPolicy) -> AttemptPlan {
    match (progress.ambiguous, policy.lookup, policy.idempotent) {
        (false, _, _) | (true, false, true) => AttemptPlan::Send,
        (true, true, _) => AttemptPlan::LookUpFirst,
        (true, false, false) => AttemptPlan::Ask,
    }
}
