//! The states of a delivery: ready → leased → done, dead or review.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// A delivery's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = State)]
pub enum DeliveryState {
    /// Waits until it is due.
    Ready,
    /// A worker has claimed it.
    Leased,
    /// The destination holds it.
    Done,
    /// Its attempts are used up.
    Dead,
    /// An operator must decide.
    Review,
    /// An operator discarded it.
    Discarded,
}

words!(DeliveryState {
    Ready = "ready",
    Leased = "leased",
    Done = "done",
    Dead = "dead",
    Review = "review",
    Discarded = "discarded",
});

impl DeliveryState {
    /// Whether the engine still works on it; an earlier live delivery of a lead holds back the later ones.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Ready | Self::Leased)
    }

    /// Whether the delivery has stopped: it is dead or in review, and an operator may replay or discard it.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(self, Self::Dead | Self::Review)
    }
}
