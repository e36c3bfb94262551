//! The CRM's health, as an attempt shows it.

use super::super::failure::{Failure, FaultCause};

/// What an attempt shows about the CRM's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmSignal {
    /// The CRM answered: a refusal, a wrong password and "slow down" all come from a CRM that is up.
    Alive,
    /// The CRM did not answer, or said that it is unavailable.
    Failing,
    /// Nothing is known: the adapter failed for a reason of its own.
    Silent,
    /// The CRM was not asked, because the host itself did not send what the adapter wanted. A probe that ends like this
    /// was none: another one follows.
    Unasked,
}

impl CrmSignal {
    /// The signal of an attempt; `obstacle`: the host itself kept it from asking the CRM.
    #[must_use]
    pub const fn of_attempt(outcome: &Result<String, Failure>, obstacle: bool) -> Self {
        match outcome {
            Err(_) if obstacle => Self::Unasked,
            _ => Self::of(outcome),
        }
    }

    /// The signal of an attempt's outcome.
    #[must_use]
    pub const fn of(outcome: &Result<String, Failure>) -> Self {
        match outcome {
            Err(Failure::Unavailable(_) | Failure::Unknown(_)) => Self::Failing,
            Err(Failure::Fault(fault)) => match fault.cause {
                FaultCause::WallClock => Self::Failing,
                _ => Self::Silent,
            },
            Ok(_)
            | Err(
                Failure::Unauthorized(_)
                | Failure::RateLimited { .. }
                | Failure::Rejected(_)
                | Failure::NotFound
                | Failure::Conflict(_),
            ) => Self::Alive,
        }
    }
}
