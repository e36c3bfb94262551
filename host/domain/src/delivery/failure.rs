//! Why an attempt did not succeed: one class each, and the class alone decides what happens next.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;
use crate::word::words;

/// How an attempt ended. Stored, shown and counted under these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Class)]
pub enum AttemptClass {
    /// The destination holds the write.
    Committed,
    /// Nothing was written: no connection, or the destination said so.
    Unavailable,
    /// The request left and its outcome is not known.
    Unknown,
    /// The destination asked to slow down, or the host's own rate limit did.
    RateLimited,
    /// The credentials were refused.
    Unauthorized,
    /// The destination refused the request itself; repeating it would not help.
    Rejected,
    /// The destination does not know the lead.
    NotFound,
    /// The adapter failed: a trap, a deadline, the memory cap, a bad answer.
    Fault,
}

words!(AttemptClass {
    Committed = "committed",
    Unavailable = "unavailable",
    Unknown = "unknown",
    RateLimited = "rate-limited",
    Unauthorized = "unauthorized",
    Rejected = "rejected",
    NotFound = "not-found",
    Fault = "fault",
});

/// Why an invocation of an adapter, or a push to the agent, did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing was written.
    #[error("the destination is unavailable")]
    Unavailable,
    /// The request left and no usable answer came.
    #[error("the request left and its outcome is unknown")]
    Unknown,
    /// The destination asks to slow down.
    #[error("the destination asks to slow down")]
    RateLimited {
        /// What the destination asked for.
        retry_after: Option<Duration>,
    },
    /// The credentials were refused.
    #[error("the credentials were refused")]
    Unauthorized,
    /// The destination refused the request itself.
    #[error("refused: {0}")]
    Rejected(Rejection),
    /// No such lead.
    #[error("the destination does not know this lead")]
    NotFound,
    /// The adapter failed.
    #[error("{0}")]
    Fault(Fault),
}

impl Failure {
    /// The class of the failure.
    #[must_use]
    pub const fn class(&self) -> AttemptClass {
        match self {
            Self::Unavailable => AttemptClass::Unavailable,
            Self::Unknown => AttemptClass::Unknown,
            Self::RateLimited { .. } => AttemptClass::RateLimited,
            Self::Unauthorized => AttemptClass::Unauthorized,
            Self::Rejected(_) => AttemptClass::Rejected,
            Self::NotFound => AttemptClass::NotFound,
            Self::Fault(_) => AttemptClass::Fault,
        }
    }
}

/// What a destination said when it refused a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rejection {
    /// Its error code, empty when it has none.
    pub code: String,
    /// Its message.
    pub message: String,
    /// The fields that it named, under its own names.
    pub fields: Vec<FieldError>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.code, self.message)
        }
    }
}

/// What stopped an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultCause {
    /// It needed more memory than the release allows.
    MemoryCap,
    /// It computed longer than the release allows.
    CpuDeadline,
    /// The whole invocation took longer than the release allows.
    WallClock,
    /// It recursed too deeply.
    Stack,
    /// It trapped: a panic, an exception, an illegal instruction.
    Trap,
    /// It returned something that the contract does not allow.
    BadOutput,
    /// An answer of the CRM held a secret of the tenant, so the host withheld the answer and stopped the adapter.
    SecretEcho,
    /// The host has no memory left for it: the budget of all adapters together, or its tenant's share, is used up.
    MemoryBudget,
    /// The host could not start it: no free instance, or the release's adapter is not loaded.
    Host,
}

words!(FaultCause {
    MemoryCap = "memory-cap",
    CpuDeadline = "cpu-deadline",
    WallClock = "wall-clock",
    Stack = "stack",
    Trap = "trap",
    BadOutput = "bad-output",
    SecretEcho = "secret-echo",
    MemoryBudget = "memory-budget",
    Host = "host",
});

/// A failed adapter, with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What stopped it.
    pub cause: FaultCause,
    /// One line for a person: the limit that was reached, or the guest's last line on stderr. It may hold what the
    /// guest wrote there, so it goes into the attempt's record and never into a log.
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "adapter fault ({}): {}", self.cause, self.detail)
    }
}
