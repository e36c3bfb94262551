//! Why a delivery stopped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a delivery stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Every counted attempt failed.
    AttemptsUsedUp,
    /// The destination asked to slow down for longer than a day.
    ThrottledTooLong,
    /// The host's process was lost again and again while it worked on this.
    WorkersLost,
    /// The destination refused it as it stands.
    Rejected,
    /// The destination does not know the lead.
    NotFound,
    /// It may have been written, and neither the adapter nor the CRM can tell.
    OutcomeUnknown,
    /// What was stored cannot be read as what it should be.
    Unreadable,
    /// The CRM's breaker was open for longer than the tenant's `max_hold`, and this was due all that time.
    HeldTooLong,
}

impl StopReason {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 8] = [
        Self::AttemptsUsedUp,
        Self::ThrottledTooLong,
        Self::WorkersLost,
        Self::Rejected,
        Self::NotFound,
        Self::OutcomeUnknown,
        Self::Unreadable,
        Self::HeldTooLong,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AttemptsUsedUp => "attempts-used-up",
            Self::ThrottledTooLong => "throttled-too-long",
            Self::WorkersLost => "workers-lost",
            Self::Rejected => "rejected",
            Self::NotFound => "not-found",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Unreadable => "unreadable",
            Self::HeldTooLong => "held-too-long",
        }
    }

    /// The reason that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
