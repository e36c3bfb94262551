//! The one place where an attempt's result becomes the delivery's next step.

use jiff::Timestamp;

use super::breaker::Signal;
use super::failure::{Class, Failure};
use super::progress::{Plan, Policy, Progress, plan};
use super::retry;
use super::state::State;
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
pub enum Step {
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
    /// No more attempts until a person says so.
    Dead(StopReason),
    /// A person must decide.
    Review(StopReason),
}

impl Step {
    /// The state it leads to.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Done { .. } => State::Done,
            Self::Retry { .. } => State::Ready,
            Self::Dead(_) => State::Dead,
            Self::Review(_) => State::Review,
        }
    }
}

/// What follows from an attempt: the step, and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The class under which the attempt is recorded.
    pub class: Class,
    /// The delivery's next step.
    pub step: Step,
    /// To be raised in the same transaction.
    pub alert: Option<AlertKind>,
    /// What is remembered from now on, whatever the step: a dead delivery whose last attempt may have landed is still
    /// ambiguous when it is replayed.
    pub progress: Progress,
}

impl Verdict {
    fn new(class: Class, step: Step, progress: Progress) -> Self {
        let alert = match (&step, class) {
            (Step::Dead(_), _) => Some(AlertKind::DeadLetter),
            (Step::Review(_), _) => Some(AlertKind::Review),
            (Step::Retry { .. }, Class::Unauthorized) => Some(AlertKind::Unauthorized),
            _ => None,
        };
        Self {
            class,
            step,
            alert,
            progress,
        }
    }

    /// The verdict on a delivery that [`Plan::Ask`] sends to review without an attempt.
    #[must_use]
    pub fn ask(progress: Progress) -> Self {
        Self::new(Class::Unknown, Step::Review(StopReason::OutcomeUnknown), progress)
    }

    /// The verdict on a delivery that the CRM's breaker held for too long: nobody asked the CRM.
    #[must_use]
    pub fn held_too_long(progress: Progress) -> Self {
        Self::new(Class::Unavailable, Step::Dead(StopReason::HeldTooLong), progress)
    }

    /// The verdict on a delivery whose stored payload cannot be read.
    #[must_use]
    pub fn unreadable(progress: Progress) -> Self {
        Self::new(Class::Rejected, Step::Review(StopReason::Unreadable), progress)
    }
}

/// Decides what follows from an attempt that ended at `now`. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn decide(progress: Progress, result: &AttemptResult, policy: &Policy, now: Timestamp, jitter: f64) -> Verdict {
    let failure = match &result.outcome {
        Ok(reference) => {
            let step = Step::Done {
                reference: reference.clone(),
            };
            let settled = Progress {
                ambiguous: false,
                ..progress
            };
            return Verdict::new(Class::Committed, step, settled);
        }
        Err(failure) => failure,
    };
    let (step, progress) = match failure {
        Failure::Rejected(_) => (Step::Review(StopReason::Rejected), progress),
        Failure::NotFound => (Step::Review(StopReason::NotFound), progress),
        Failure::RateLimited { retry_after } => {
            let since = progress.throttled_since.unwrap_or(now);
            // However long the waits, the last attempt of a row is a day after its first.
            let end = retry::throttle_end(since);
            if now >= end {
                (Step::Dead(StopReason::ThrottledTooLong), progress)
            } else {
                let wait = retry::throttle_wait(progress.throttles, *retry_after);
                let progress = Progress {
                    throttles: progress.throttles.saturating_add(1),
                    throttled_since: Some(since),
                    lost_leases: 0,
                    ..progress
                };
                let due = retry::due(now, wait, jitter).min(end);
                (Step::Retry { due }, progress)
            }
        }
        Failure::Unavailable | Failure::Unknown | Failure::Unauthorized | Failure::Fault(_) => {
            let landed_perhaps = matches!(failure, Failure::Unknown | Failure::Fault(_)) && result.sent;
            let progress = Progress {
                counted: progress.counted.saturating_add(1),
                throttles: 0,
                throttled_since: None,
                ambiguous: progress.ambiguous || landed_perhaps,
                lost_leases: 0,
            };
            let step = match policy.ladder.wait(progress.counted) {
                _ if plan(&progress, policy) == Plan::Ask => Step::Review(StopReason::OutcomeUnknown),
                None => Step::Dead(StopReason::AttemptsUsedUp),
                Some(wait) => Step::Retry {
                    due: retry::due(now, wait, jitter),
                },
            };
            (step, progress)
        }
    };
    Verdict::new(failure.class(), step, progress)
}

/// Decides what follows from an attempt that tried out a CRM whose breaker was not closed, of a delivery that fell due
/// at
/// `due`. Unless it shows that the CRM is there it burns nothing: the delivery keeps its count and its place in line,
/// and the breaker decides when something is sent again. What may have been written is remembered as ever (promise 3).
#[must_use]
pub fn decide_trial(
    progress: Progress,
    due: Timestamp,
    result: &AttemptResult,
    policy: &Policy,
    now: Timestamp,
    jitter: f64,
) -> Verdict {
    let verdict = decide(progress, result, policy, now, jitter);
    match (Signal::of(&result.outcome), &verdict.step) {
        (Signal::Alive, _) | (_, Step::Done { .. } | Step::Review(_)) => verdict,
        (Signal::Failing | Signal::Silent, Step::Retry { .. } | Step::Dead(_)) => {
            let progress = Progress {
                counted: progress.counted,
                ..verdict.progress
            };
            Verdict::new(verdict.class, Step::Retry { due }, progress)
        }
    }
}

/// Claims in a row that may be lost with their worker before a delivery counts as the cause: a poison pill that kills
/// the process must not do so for ever.
pub const MAX_LOST_LEASES: u32 = 20;

/// Decides what follows when a lease ran out: the request may have left, so the delivery is ambiguous from now on.
#[must_use]
pub fn after_lost_lease(progress: Progress, now: Timestamp) -> Verdict {
    let progress = Progress {
        lost_leases: progress.lost_leases.saturating_add(1),
        ambiguous: true,
        ..progress
    };
    let step = if progress.lost_leases >= MAX_LOST_LEASES {
        Step::Dead(StopReason::WorkersLost)
    } else {
        Step::Retry { due: now }
    };
    Verdict::new(Class::Unknown, step, progress)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
