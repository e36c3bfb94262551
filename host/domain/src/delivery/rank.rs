//! How urgent a delivery is. Deliveries of one rank are ordered by their due times.

/// A delivery's rank. Stores store its number and claim the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryRank {
    /// A disposition that asks for no more calls. It also goes before older dispositions of its lead.
    DoNotCall = 0,
    /// A lead of high priority, or a webhook that may contain one.
    High = 1,
    /// Any other disposition, or a lead of normal priority.
    Normal = 2,
    /// A lead of low priority.
    Low = 3,
}

impl DeliveryRank {
    /// The rank of a webhook that is not parsed yet: it may contain a lead of high priority.
    pub const UNPARSED: Self = Self::High;

    /// Every rank, most urgent first.
    pub const ALL: [Self; 4] = [Self::DoNotCall, Self::High, Self::Normal, Self::Low];

    /// The number that stores store.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// Whether it goes before older deliveries of its line.
    #[must_use]
    pub const fn overtakes(self) -> bool {
        matches!(self, Self::DoNotCall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_numbered_in_order() {
        assert_eq!(DeliveryRank::ALL.map(DeliveryRank::number), [0, 1, 2, 3]);
        assert!(DeliveryRank::ALL.is_sorted());
    }
}
