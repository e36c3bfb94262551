//! The states of a delivery: ready → leased → done, dead or review.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = State)]
pub enum DeliveryState {
    /// Waits for its time.
    Ready,
    /// A worker has it.
    Leased,
    /// The destination holds it.
    Done,
    /// Its attempts are used up.
    Dead,
    /// A person must decide.
    Review,
    /// A person decided against it.
    Discarded,
}

impl DeliveryState {
    /// Every state, for tables and metrics.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Leased,
        Self::Done,
        Self::Dead,
        Self::Review,
        Self::Discarded,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Review => "review",
            Self::Discarded => "discarded",
        }
    }

    /// The state that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether the engine still works on it; an earlier live delivery of a lead holds back the later ones.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Ready | Self::Leased)
    }

    /// Whether an operator may replay or discard it.
    #[must_use]
    pub const fn is_stuck(self) -> bool {
        matches!(self, Self::Dead | Self::Review)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
