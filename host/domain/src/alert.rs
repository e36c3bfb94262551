//! What a person must be told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A delivery used up its attempts.
    DeadLetter,
    /// A delivery needs a person's decision.
    Review,
    /// A destination refuses the credentials.
    Unauthorized,
    /// An OAuth2 credential gets no access token.
    Credential,
    /// A tenant's CRM does not answer: its dispositions are held.
    BreakerOpen,
}

impl AlertKind {
    /// Every kind, for tables and metrics.
    pub const ALL: [Self; 5] = [
        Self::DeadLetter,
        Self::Review,
        Self::Unauthorized,
        Self::Credential,
        Self::BreakerOpen,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead-letter",
            Self::Review => "review",
            Self::Unauthorized => "unauthorized",
            Self::Credential => "credential",
            Self::BreakerOpen => "breaker-open",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
