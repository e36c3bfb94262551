//! Why an attempt did not succeed: one class each, and the class alone decides what happens next.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;
use crate::visible_text::blanked;
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
    /// The destination's record moved between reading and writing it, and nothing was written.
    Conflict,
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
    Conflict = "conflict",
    Fault = "fault",
});

/// Why an invocation of an adapter, or a push to the agent, did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing was written.
    #[error("the destination is unavailable{}", suffix(.0.as_ref()))]
    Unavailable(Option<Reason>),
    /// The request left and no usable answer came.
    #[error("the request left and its outcome is unknown{}", suffix(.0.as_ref()))]
    Unknown(Option<Reason>),
    /// The destination asks to slow down.
    #[error("the destination asks to slow down")]
    RateLimited {
        /// What the destination asked for.
        retry_after: Option<Duration>,
    },
    /// The credentials were refused.
    #[error("the credentials were refused{}", suffix(.0.as_ref()))]
    Unauthorized(Option<Reason>),
    /// The destination refused the request itself.
    #[error("refused: {0}")]
    Rejected(Rejection),
    /// No such lead.
    #[error("the destination does not know this lead")]
    NotFound,
    /// The destination's record moved between reading and writing it, and nothing was written.
    #[error("the destination's record moved, and nothing was written{}", suffix(.0.as_ref()))]
    Conflict(Option<Reason>),
    /// The adapter failed.
    #[error("{0}")]
    Fault(Fault),
}

impl Failure {
    /// The class of the failure.
    #[must_use]
    pub const fn class(&self) -> AttemptClass {
        match self {
            Self::Unavailable(_) => AttemptClass::Unavailable,
            Self::Unknown(_) => AttemptClass::Unknown,
            Self::RateLimited { .. } => AttemptClass::RateLimited,
            Self::Unauthorized(_) => AttemptClass::Unauthorized,
            Self::Rejected(_) => AttemptClass::Rejected,
            Self::NotFound => AttemptClass::NotFound,
            Self::Conflict(_) => AttemptClass::Conflict,
            Self::Fault(_) => AttemptClass::Fault,
        }
    }
}

fn suffix(reason: Option<&Reason>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Why an attempt failed, in one line for the operator who looks at the delivery: the words of an adapter or of the
/// host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Bytes of a reason; the rest is cut.
    pub const MAX_BYTES: usize = 500;

    /// A reason as an adapter or the host words it: cut, on one line, without invisible characters. None if nothing is
    /// left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let line = blanked(text);
        let line = line.trim();
        let cut = &line[..line.floor_char_boundary(Self::MAX_BYTES)];
        (!cut.is_empty()).then(|| Self(cut.to_owned()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// The place of the reason in a failure that may have one.
    #[must_use]
    pub const fn reason_mut(&mut self) -> Option<&mut Option<Reason>> {
        match self {
            Self::Unavailable(reason) | Self::Unknown(reason) | Self::Unauthorized(reason) | Self::Conflict(reason) => {
                Some(reason)
            }
            Self::RateLimited { .. } | Self::Rejected(_) | Self::NotFound | Self::Fault(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_one_short_line() {
        let shown = |text: &str| Reason::new(text).map(|reason| reason.to_string());
        assert_eq!(shown("E503\r\n\u{202e}later\0"), Some("E503   later".into()));
        assert_eq!(shown(" \u{200b}\n"), None);
        assert_eq!(shown(&"ü".repeat(500)).unwrap().len(), Reason::MAX_BYTES);
    }

    #[test]
    fn a_failure_shows_its_reason() {
        let mut failure = Failure::Conflict(Reason::new("revision 7 is gone"));
        assert_eq!(
            failure.to_string(),
            "the destination's record moved, and nothing was written: revision 7 is gone"
        );
        let reason = failure.reason_mut().and_then(Option::take);
        assert_eq!(
            (failure, reason),
            (Failure::Conflict(None), Reason::new("revision 7 is gone"))
        );
        assert_eq!(Failure::Unavailable(None).to_string(), "the destination is unavailable");
        assert_eq!(Failure::NotFound.reason_mut(), None);
    }
}
