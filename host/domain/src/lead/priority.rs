//! How urgent a lead is.

use crate::delivery::DeliveryRank;
use crate::word::words;
use serde::{Deserialize, Serialize};

/// How urgent it is to call a lead.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Last.
    Low,
    /// The default.
    #[default]
    Normal,
    /// First.
    High,
}

words!(Priority {
    High = "high",
    Normal = "normal",
    Low = "low",
});

impl Priority {
    /// The rank of a delivery of a lead with this priority.
    #[must_use]
    pub const fn rank(self) -> DeliveryRank {
        match self {
            Self::High => DeliveryRank::High,
            Self::Normal => DeliveryRank::Normal,
            Self::Low => DeliveryRank::Low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_leads_rank_first() {
        assert!(Priority::High.rank() < Priority::Normal.rank());
        assert!(Priority::Normal.rank() < Priority::Low.rank());
        assert_eq!(Priority::High.rank(), DeliveryRank::UNPARSED);
    }
}
