//! Decides a delivery's next step from an attempt's result. No other code decides this.

use jiff::Timestamp;

use super::breaker::CrmSignal;
use super::failure::{AttemptClass, Failure};
use super::history::{AttemptHistory, AttemptPlan, AttemptPolicy, plan};
use super::retry;
use super::state::DeliveryState;
use super::stop::StopReason;
use crate::alert::AlertKind;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// The destination's reference to the record, or why there is none.
    pub outcome: Result<String, Failure>,
    /// Whether this attempt sent a request that may change something.
    pub sent: bool,
}

/// A delivery's next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// The destination holds it.
    Done {
        /// The destination's own reference.
        reference: String,
    },
    /// Another attempt.
    Retry {
        /// When it is due.
        due: Timestamp,
    },
    /// No more attempts until an operator replays it.
    Dead(StopReason),
    /// A person must decide.
    Review(StopReason),
}

impl NextStep {
    /// The state it leads to.
    #[must_use]
    pub const fn state(&self) -> DeliveryState {
        match self {
            Self::Done { .. } => DeliveryState::Done,
            Self::Retry { .. } => DeliveryState::Ready,
            Self::Dead(_) => DeliveryState::Dead,
            Self::Review(_) => DeliveryState::Review,
        }
    }
}

/// The decision after an attempt: the next step, and the alert to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryVerdict {
    /// The class under which the attempt is recorded.
    pub class: AttemptClass,
    /// The delivery's next step.
    pub step: NextStep,
    /// The alert to raise in the same transaction.
    pub alert: Option<AlertKind>,
    /// The history after this attempt, whatever the step: a dead delivery whose last attempt may have been written is
    /// still ambiguous when it is replayed.
    pub history: AttemptHistory,
}

impl DeliveryVerdict {
    fn new(class: AttemptClass, step: NextStep, history: AttemptHistory) -> Self {
        let alert = match (&step, class) {
            (NextStep::Dead(_), _) => Some(AlertKind::DeadLetter),
            (NextStep::Review(_), _) => Some(AlertKind::Review),
            (NextStep::Retry { .. }, AttemptClass::Unauthorized) => Some(AlertKind::Unauthorized),
            _ => None,
        };
        Self {
            class,
            step,
            alert,
            history,
        }
    }

    /// The verdict on a delivery that [`AttemptPlan::Ask`] moves to review without an attempt.
    #[must_use]
    pub fn ask(history: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Unknown,
            NextStep::Review(StopReason::OutcomeUnknown),
            history,
        )
    }

    /// The verdict on a delivery that the CRM's open breaker held back for too long.
    #[must_use]
    pub fn held_too_long(history: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Unavailable,
            NextStep::Dead(StopReason::HeldTooLong),
            history,
        )
    }

    /// The verdict on a delivery whose document was refused before any attempt.
    #[must_use]
    pub fn refused(history: AttemptHistory) -> Self {
        Self::new(AttemptClass::Rejected, NextStep::Review(StopReason::Rejected), history)
    }

    /// The verdict on a delivery whose stored document cannot be read.
    #[must_use]
    pub fn unreadable(history: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Rejected,
            NextStep::Review(StopReason::Unreadable),
            history,
        )
    }
}

/// Decides the next step after an attempt that ended at `now`. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn decide(
    history: AttemptHistory,
    result: &AttemptResult,
    policy: &AttemptPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryVerdict {
    let failure = match &result.outcome {
        Ok(reference) => {
            let step = NextStep::Done {
                reference: reference.clone(),
            };
            let settled = AttemptHistory {
                conflicts: 0,
                ambiguous: false,
                ..history
            };
            return DeliveryVerdict::new(AttemptClass::Committed, step, settled);
        }
        Err(failure) => failure,
    };
    let conflict_wait = match failure {
        Failure::Conflict(_) => retry::conflict_wait(history.conflicts),
        _ => None,
    };
    let conflicts = match failure {
        Failure::Conflict(_) => history.conflicts.saturating_add(1),
        _ => 0,
    };
    let history = AttemptHistory { conflicts, ..history };
    let (step, history) = match failure {
        Failure::Rejected(_) => (NextStep::Review(StopReason::Rejected), history),
        Failure::NotFound => (NextStep::Review(StopReason::NotFound), history),
        Failure::RateLimited { retry_after } => {
            let since = history.throttled_since.unwrap_or(now);
            // However long the waits are, the last attempt of a series comes at most a day after the first.
            let end = retry::throttle_end(since);
            if now >= end {
                (NextStep::Dead(StopReason::ThrottledTooLong), history)
            } else {
                let wait = retry::throttle_wait(history.throttles, *retry_after);
                let history = AttemptHistory {
                    throttles: history.throttles.saturating_add(1),
                    throttled_since: Some(since),
                    lost_leases: 0,
                    ..history
                };
                let due = retry::due(now, wait, jitter).min(end);
                (NextStep::Retry { due }, history)
            }
        }
        Failure::Conflict(_) if conflict_wait.is_some() => {
            let wait = conflict_wait.unwrap_or_default();
            let history = AttemptHistory {
                throttles: 0,
                throttled_since: None,
                lost_leases: 0,
                ..history
            };
            let due = retry::due(now, wait, jitter);
            (NextStep::Retry { due }, history)
        }
        Failure::Unavailable(_)
        | Failure::Unknown(_)
        | Failure::Unauthorized(_)
        | Failure::Conflict(_)
        | Failure::Fault(_) => {
            let may_be_written = matches!(failure, Failure::Unknown(_) | Failure::Fault(_)) && result.sent;
            let history = AttemptHistory {
                counted: history.counted.saturating_add(1),
                throttles: 0,
                throttled_since: None,
                ambiguous: history.ambiguous || may_be_written,
                lost_leases: 0,
                ..history
            };
            let step = match policy.ladder.wait(history.counted) {
                _ if plan(&history, policy) == AttemptPlan::Ask => NextStep::Review(StopReason::OutcomeUnknown),
                None => NextStep::Dead(StopReason::AttemptsUsedUp),
                Some(wait) => NextStep::Retry {
                    due: retry::due(now, wait, jitter),
                },
            };
            (step, history)
        }
    };
    DeliveryVerdict::new(failure.class(), step, history)
}

/// Decides the next step after a trial: an attempt made while the CRM's breaker was not closed, for a delivery that was
/// due at `due`. A trial that does not show that the CRM is back does not count: the delivery keeps its count and its
/// place in the queue, and the breaker decides when to send again. A possible write is still remembered (promise 3).
#[must_use]
pub fn decide_trial(
    history: AttemptHistory,
    due: Timestamp,
    result: &AttemptResult,
    policy: &AttemptPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryVerdict {
    let verdict = decide(history, result, policy, now, jitter);
    match (CrmSignal::of(&result.outcome), &verdict.step) {
        (CrmSignal::Alive, _) | (_, NextStep::Done { .. } | NextStep::Review(_)) => verdict,
        (CrmSignal::Failing | CrmSignal::Silent | CrmSignal::Unasked, NextStep::Retry { .. } | NextStep::Dead(_)) => {
            let history = AttemptHistory {
                counted: history.counted,
                ..verdict.history
            };
            DeliveryVerdict::new(verdict.class, NextStep::Retry { due }, history)
        }
    }
}

/// After this many lost leases in a row, the delivery itself counts as the cause: a poison pill must not kill the
/// process forever.
pub const MAX_LOST_LEASES: u32 = 20;

/// The message in the log of attempts for an attempt whose lease expired.
pub const LOST_LEASE_MESSAGE: &str =
    "the worker did not report back before its lease ran out; the request may have been sent";

/// Decides the next step when a lease expires: the request may have been sent, so the delivery is ambiguous from now
/// on.
#[must_use]
pub fn after_lost_lease(history: AttemptHistory, now: Timestamp) -> DeliveryVerdict {
    let history = AttemptHistory {
        lost_leases: history.lost_leases.saturating_add(1),
        ambiguous: true,
        ..history
    };
    let step = if history.lost_leases >= MAX_LOST_LEASES {
        NextStep::Dead(StopReason::WorkersLost)
    } else {
        NextStep::Retry { due: now }
    };
    DeliveryVerdict::new(AttemptClass::Unknown, step, history)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
