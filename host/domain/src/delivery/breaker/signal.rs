//! What an attempt tells a breaker.

use super::super::failure::{Failure, FaultCause};

/// What an attempt says about the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmSignal {
    /// It answered, whatever it said: a refusal, a wrong password and "slow down" come from a CRM that is there.
    Alive,
    /// It did not, or said that it cannot.
    Failing,
    /// Nothing: the adapter stopped for a reason of its own.
    Silent,
}

impl CrmSignal {
    /// What the end of an attempt says.
    #[must_use]
    pub const fn of(outcome: &Result<String, Failure>) -> Self {
        match outcome {
            Err(Failure::Unavailable | Failure::Unknown) => Self::Failing,
            Err(Failure::Fault(fault)) => match fault.cause {
                FaultCause::WallClock => Self::Failing,
                _ => Self::Silent,
            },
            Ok(_)
            | Err(Failure::Unauthorized | Failure::RateLimited { .. } | Failure::Rejected(_) | Failure::NotFound) => {
                Self::Alive
            }
        }
    }
}
