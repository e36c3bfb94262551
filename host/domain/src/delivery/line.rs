//! The order of the deliveries with one order key: they stand in a line, and only the first may go.
//!
//! A store keeps a row for each line that has a live delivery, and changes it in the transaction that adds a delivery
//! to the line, claims one, or ends one's attempt. Who goes next is decided here and nowhere else.

use super::DeliveryRank;
use crate::id::DeliveryId;

/// A delivery's place in its line, in the order in which they go: do-not-calls first, then as accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinePlace {
    /// Whether it waits its turn; a do-not-call overtakes.
    pub waits: bool,
    /// The delivery.
    pub id: DeliveryId,
}

impl LinePlace {
    /// The place of a delivery.
    #[must_use]
    pub fn new(rank: DeliveryRank, id: DeliveryId) -> Self {
        Self {
            waits: !rank.overtakes(),
            id,
        }
    }
}

/// A line with at least one live delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryLine {
    /// Who may go, or is under way.
    pub head: LinePlace,
    /// Whether the head is under way: then nobody else goes, not even a do-not-call.
    pub is_under_way: bool,
}

/// A line after a delivery has joined it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinedLine {
    /// The line.
    pub line: DeliveryLine,
    /// Who has to wait from now on: the delivery itself, or the head that it overtook.
    pub blocked: Option<DeliveryId>,
}

impl DeliveryLine {
    /// The line after a ready delivery has joined it; `line` is none if it had no live delivery.
    #[must_use]
    pub fn joined(line: Option<Self>, place: LinePlace) -> JoinedLine {
        let alone = Self {
            head: place,
            is_under_way: false,
        };
        match line {
            None => JoinedLine {
                line: alone,
                blocked: None,
            },
            Some(line) if line.is_under_way || line.head < place => JoinedLine {
                line,
                blocked: Some(place.id),
            },
            Some(line) => JoinedLine {
                line: alone,
                blocked: Some(line.head.id),
            },
        }
    }

    /// The line after its head's attempt has ended: `stays` is the head's place if it is ready again, `waiting` the
    /// first of the others. None if nobody is left.
    #[must_use]
    pub fn after_attempt(stays: Option<LinePlace>, waiting: Option<LinePlace>) -> Option<Self> {
        let head = stays.into_iter().chain(waiting).min()?;
        Some(Self {
            head,
            is_under_way: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(rank: DeliveryRank, id: i64) -> LinePlace {
        LinePlace::new(rank, DeliveryId(id))
    }

    #[test]
    fn a_do_not_call_overtakes_who_waits() {
        let (first, second) = (place(DeliveryRank::Normal, 1), place(DeliveryRank::DoNotCall, 2));
        let JoinedLine { line, blocked } = DeliveryLine::joined(None, first);
        assert_eq!((line.head, blocked), (first, None));
        let overtaken = DeliveryLine::joined(Some(line), second);
        assert_eq!((overtaken.line.head, overtaken.blocked), (second, Some(first.id)));
        let under_way = DeliveryLine {
            is_under_way: true,
            ..line
        };
        let behind = DeliveryLine::joined(Some(under_way), second);
        assert_eq!((behind.line, behind.blocked), (under_way, Some(second.id)));
        let next = DeliveryLine::after_attempt(Some(first), Some(second));
        assert_eq!(next.map(|line| line.head), Some(second), "it goes before the retry");
        assert_eq!(DeliveryLine::after_attempt(None, None), None);
    }

    proptest! {
        /// Whatever joins, goes and comes back: exactly the head is not blocked, and it is the first unless under way.
        #[test]
        fn only_the_first_may_go(steps in prop::collection::vec((0_u8..3, any::<bool>()), 1..60)) {
            let mut line: Option<DeliveryLine> = None;
            let mut members: Vec<(LinePlace, bool)> = vec![];
            for (id, (step, flag)) in (1..).zip(steps) {
                match (step, line) {
                    (0, _) => {
                        let rank = if flag { DeliveryRank::DoNotCall } else { DeliveryRank::Normal };
                        let joined = DeliveryLine::joined(line, place(rank, id));
                        members.push((place(rank, id), false));
                        for (member, blocked) in &mut members {
                            *blocked |= Some(member.id) == joined.blocked;
                        }
                        line = Some(joined.line);
                    }
                    (1, Some(at)) => line = Some(DeliveryLine { is_under_way: true, ..at }),
                    (2, Some(at)) if at.is_under_way => {
                        members.retain(|(member, _)| *member != at.head);
                        let waiting = members.iter().map(|(member, _)| *member).min();
                        let stays = flag.then_some(at.head);
                        members.extend(stays.map(|place| (place, false)));
                        line = DeliveryLine::after_attempt(stays, waiting);
                        for (member, blocked) in &mut members {
                            *blocked = line.is_some_and(|line| line.head != *member);
                        }
                    }
                    _ => {}
                }
                let free: Vec<_> = members.iter().filter(|(_, blocked)| !blocked).map(|(member, _)| *member).collect();
                prop_assert_eq!(free, line.map(|line| line.head).into_iter().collect::<Vec<_>>());
                if let Some(line) = line.filter(|line| !line.is_under_way) {
                    prop_assert_eq!(Some(line.head), members.iter().map(|(member, _)| *member).min());
                }
            }
        }
    }
}
