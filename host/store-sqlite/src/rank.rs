//! How urgently a delivery wants to go out, before its due time is looked at.

use jackfield_domain::lead::Priority;

/// Stored as a number; the lowest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A disposition that asks for no more calls: before everything, and before older ones of its lead.
    DoNotCall = 0,
    /// A lead of high priority, or a webhook that may hold one.
    High = 1,
    /// A disposition, or a lead of normal priority.
    Normal = 2,
    /// A lead of low priority.
    Low = 3,
}

impl Rank {
    /// Every rank, most urgent first.
    pub(crate) const ALL: [Self; 4] = [Self::DoNotCall, Self::High, Self::Normal, Self::Low];

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }
}

impl From<Priority> for Rank {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::High => Self::High,
            Priority::Normal => Self::Normal,
            Priority::Low => Self::Low,
        }
    }
}
