//! The one place where an attempt's result becomes the delivery's next step.

use jiff::Timestamp;

use super::breaker::CrmSignal;
use super::failure::{AttemptClass, Failure};
use super::progress::{AttemptHistory, AttemptPlan, AttemptPolicy, plan};
use super::retry;
use super::state::DeliveryState;
use super::stop::StopReason;
use crate::alert::AlertKind;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// The destination's reference of the record, or why there is none.
    pub outcome: Result<String, Failure>,
    /// Whether a request that may change something left the host in this attempt.
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
        /// When.
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

/// What follows from an attempt: the next step, and the alert to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryVerdict {
    /// The class under which the attempt is recorded.
    pub class: AttemptClass,
    /// The delivery's next step.
    pub step: NextStep,
    /// The alert to raise in the same transaction.
    pub alert: Option<AlertKind>,
    /// The history after this attempt, whatever the step: a dead delivery whose last attempt may have landed is still
    /// ambiguous when it is replayed.
    pub progress: AttemptHistory,
}

impl DeliveryVerdict {
    fn new(class: AttemptClass, step: NextStep, progress: AttemptHistory) -> Self {
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
            progress,
        }
    }

    /// The verdict on a delivery that [`AttemptPlan::Ask`] sends to review without an attempt.
    #[must_use]
    pub fn ask(progress: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Unknown,
            NextStep::Review(StopReason::OutcomeUnknown),
            progress,
        )
    }

    /// The verdict on a delivery that the CRM's open breaker held back for too long.
    #[must_use]
    pub fn held_too_long(progress: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Unavailable,
            NextStep::Dead(StopReason::HeldTooLong),
            progress,
        )
    }

    /// The verdict on a delivery whose stored payload cannot be read.
    #[must_use]
    pub fn unreadable(progress: AttemptHistory) -> Self {
        Self::new(
            AttemptClass::Rejected,
            NextStep::Review(StopReason::Unreadable),
            progress,
        )
    }
}

/// Decides what follows from an attempt that ended at `now`. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn decide(
    progress: AttemptHistory,
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
                ambiguous: false,
                ..progress
            };
            return DeliveryVerdict::new(AttemptClass::Committed, step, settled);
        }
        Err(failure) => failure,
    };
    let (step, progress) = match failure {
        Failure::Rejected(_) => (NextStep::Review(StopReason::Rejected), progress),
        Failure::NotFound => (NextStep::Review(StopReason::NotFound), progress),
        Failure::RateLimited { retry_after } => {
            let since = progress.throttled_since.unwrap_or(now);
            // However long the waits, the last attempt of a series comes at most a day after its first.
            let end = retry::throttle_end(since);
            if now >= end {
                (NextStep::Dead(StopReason::ThrottledTooLong), progress)
            } else {
                let wait = retry::throttle_wait(progress.throttles, *retry_after);
                let progress = AttemptHistory {
                    throttles: progress.throttles.saturating_add(1),
                    throttled_since: Some(since),
                    lost_leases: 0,
                    ..progress
                };
                let due = retry::due(now, wait, jitter).min(end);
                (NextStep::Retry { due }, progress)
            }
        }
        Failure::Unavailable | Failure::Unknown | Failure::Unauthorized | Failure::Fault(_) => {
            let landed_perhaps = matches!(failure, Failure::Unknown | Failure::Fault(_)) && result.sent;
            let progress = AttemptHistory {
                counted: progress.counted.saturating_add(1),
                throttles: 0,
                throttled_since: None,
                ambiguous: progress.ambiguous || landed_perhaps,
                lost_leases: 0,
            };
            let step = match policy.ladder.wait(progress.counted) {
                _ if plan(&progress, policy) == AttemptPlan::Ask => NextStep::Review(StopReason::OutcomeUnknown),
                None => NextStep::Dead(StopReason::AttemptsUsedUp),
                Some(wait) => NextStep::Retry {
                    due: retry::due(now, wait, jitter),
                },
            };
            (step, progress)
        }
    };
    DeliveryVerdict::new(failure.class(), step, progress)
}

/// Decides what follows from a trial: an attempt made while the CRM's breaker was not closed, for a delivery that was
/// due at `due`. A trial that fails to show that the CRM is back does not count: the delivery keeps its count and its
/// place in the queue, and the breaker decides when to send again. A possible write is still remembered (promise 3).
#[must_use]
pub fn decide_trial(
    progress: AttemptHistory,
    due: Timestamp,
    result: &AttemptResult,
    policy: &AttemptPolicy,
    now: Timestamp,
    jitter: f64,
) -> DeliveryVerdict {
    let verdict = decide(progress, result, policy, now, jitter);
    match (CrmSignal::of(&result.outcome), &verdict.step) {
        (CrmSignal::Alive, _) | (_, NextStep::Done { .. } | NextStep::Review(_)) => verdict,
        (CrmSignal::Failing | CrmSignal::Silent, NextStep::Retry { .. } | NextStep::Dead(_)) => {
            let progress = AttemptHistory {
                counted: progress.counted,
                ..verdict.progress
            };
            DeliveryVerdict::new(verdict.class, NextStep::Retry { due }, progress)
        }
    }
}

/// After this many lost leases in a row, the delivery itself counts as the cause: a poison pill that kills the process
/// must not do so for ever.
pub const MAX_LOST_LEASES: u32 = 20;

/// What the log of attempts says about an attempt whose lease expired.
pub const LOST_LEASE_MESSAGE: &str =
    "the worker did not report back before its lease ran out; the request may have been sent";

/// Decides what follows when a lease expires: the request may have left, so the delivery is ambiguous from now on.
#[must_use]
pub fn after_lost_lease(progress: AttemptHistory, now: Timestamp) -> DeliveryVerdict {
    let progress = AttemptHistory {
        lost_leases: progress.lost_leases.saturating_add(1),
        ambiguous: true,
        ..progress
    };
    let step = if progress.lost_leases >= MAX_LOST_LEASES {
        NextStep::Dead(StopReason::WorkersLost)
    } else {
        NextStep::Retry { due: now }
    };
    DeliveryVerdict::new(AttemptClass::Unknown, step, progress)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
