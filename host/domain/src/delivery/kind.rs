//! What a delivery carries.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is delivered, and so to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Kind)]
pub enum DeliveryKind {
    /// A webhook in the CRM's own shape, to be parsed by the adapter into leads.
    Inbound,
    /// A lead, to the agent.
    Lead,
    /// A disposition, to the CRM.
    Disposition,
}

impl DeliveryKind {
    /// Every kind, for tables and metrics.
    pub const ALL: [Self; 3] = [Self::Inbound, Self::Lead, Self::Disposition];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Lead => "lead",
            Self::Disposition => "disposition",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DeliveryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
