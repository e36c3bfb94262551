//! Why a lead is not called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a lead is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// The lead asked the agent never to be called again.
    DncRequested,
    /// The CRM has the lead as do-not-call.
    CrmDnc,
    /// The CRM does not allow a call now.
    CrmNotCallable,
}

impl SuppressionReason {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 3] = [Self::DncRequested, Self::CrmDnc, Self::CrmNotCallable];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DncRequested => "dnc-requested",
            Self::CrmDnc => "crm-dnc",
            Self::CrmNotCallable => "crm-not-callable",
        }
    }

    /// The reason that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

impl fmt::Display for SuppressionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
