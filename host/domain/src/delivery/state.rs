//! The states of a delivery: ready → leased → done, dead or review.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// A delivery's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = State)]
pub enum DeliveryState {
    /// It waits until it is due.
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
    /// The state in which a lead's delivery begins. A lead that the agent pulls is delivered by nobody, so its delivery
    /// is done at once.
    #[must_use]
    pub const fn of_new_lead(push: bool) -> Self {
        if push { Self::Ready } else { Self::Done }
    }

    /// Whether the engine still works on it. A live delivery of a lead holds back the lead's later ones.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Ready | Self::Leased)
    }

    /// Whether the delivery has ended for good.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Discarded)
    }

    /// Whether the delivery has stopped: it is dead or in review, and an operator may replay or discard it.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(self, Self::Dead | Self::Review)
    }
}
