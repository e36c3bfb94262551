//! How a call ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::word::fold;

/// The twelve outcomes of the contract, and whatever else a calling platform says. Serialized, it has the format of
/// fixtures: `"no_answer"`, `{"other": "call_dropped"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Qualified, a site visit is booked.
    QualifiedVisitBooked,
    /// Qualified, no visit.
    QualifiedNoVisit,
    /// Wants to be called back.
    CallbackRequested,
    /// Budget does not fit.
    NotInterestedBudget,
    /// Location does not fit.
    NotInterestedLocation,
    /// Time line does not fit.
    NotInterestedTimeline,
    /// Has bought already.
    AlreadyPurchased,
    /// Somebody else's number.
    WrongNumber,
    /// Never to be called again.
    DncRequested,
    /// Nobody answered.
    NoAnswer,
    /// No such number.
    InvalidNumber,
    /// A duplicate lead; no call was made.
    DuplicateSuppressed,
    /// Anything else, as the platform spelled it.
    Other(String),
}

impl Outcome {
    /// The named outcomes, in the contract's order.
    pub const NAMED: [Self; 12] = [
        Self::QualifiedVisitBooked,
        Self::QualifiedNoVisit,
        Self::CallbackRequested,
        Self::NotInterestedBudget,
        Self::NotInterestedLocation,
        Self::NotInterestedTimeline,
        Self::AlreadyPurchased,
        Self::WrongNumber,
        Self::DncRequested,
        Self::NoAnswer,
        Self::InvalidNumber,
        Self::DuplicateSuppressed,
    ];

    /// The outcome that a word of the contract names, in whatever case, and with `-` or blanks for `_`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let folded = fold(word);
        Self::NAMED
            .into_iter()
            .find(|outcome| fold(outcome.word()) == folded)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }

    /// The contract's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::QualifiedVisitBooked => "qualified_visit_booked",
            Self::QualifiedNoVisit => "qualified_no_visit",
            Self::CallbackRequested => "callback_requested",
            Self::NotInterestedBudget => "not_interested_budget",
            Self::NotInterestedLocation => "not_interested_location",
            Self::NotInterestedTimeline => "not_interested_timeline",
            Self::AlreadyPurchased => "already_purchased",
            Self::WrongNumber => "wrong_number",
            Self::DncRequested => "dnc_requested",
            Self::NoAnswer => "no_answer",
            Self::InvalidNumber => "invalid_number",
            Self::DuplicateSuppressed => "duplicate_suppressed",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_outcome() {
        for outcome in Outcome::NAMED {
            assert_eq!(Outcome::from_word(outcome.word()), outcome);
        }
        assert_eq!(
            Outcome::from_word("call_dropped"),
            Outcome::Other("call_dropped".into())
        );
    }

    #[test]
    fn spellings_of_a_word_are_one_outcome() {
        for word in ["DNC_REQUESTED", " dnc requested", "Dnc-Requested", "dncRequested\t"] {
            assert_eq!(Outcome::from_word(word), Outcome::DncRequested, "{word}");
        }
        assert_eq!(Outcome::from_word("No Answer"), Outcome::NoAnswer);
        assert_eq!(Outcome::from_word("No Answer!"), Outcome::Other("No Answer!".into()));
    }
}
