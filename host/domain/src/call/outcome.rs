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

/// Implements `NAMED`, `WORDS` and `word` from one table of words.
macro_rules! named_outcomes {
    ($($case:ident = $word:literal,)+) => {
        impl Outcome {
            /// The named outcomes, in the contract's order.
            pub const NAMED: [Self; [$($word),+].len()] = [$(Self::$case),+];
            /// Their words.
            pub const WORDS: [&'static str; [$($word),+].len()] = [$($word),+];

            /// The contract's word.
            #[must_use]
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$case => $word,)+
                    Self::Other(word) => word,
                }
            }
        }
    };
}

named_outcomes! {
    QualifiedVisitBooked = "qualified_visit_booked",
    QualifiedNoVisit = "qualified_no_visit",
    CallbackRequested = "callback_requested",
    NotInterestedBudget = "not_interested_budget",
    NotInterestedLocation = "not_interested_location",
    NotInterestedTimeline = "not_interested_timeline",
    AlreadyPurchased = "already_purchased",
    WrongNumber = "wrong_number",
    DncRequested = "dnc_requested",
    NoAnswer = "no_answer",
    InvalidNumber = "invalid_number",
    DuplicateSuppressed = "duplicate_suppressed",
}

impl Outcome {
    /// The outcome that a word of the contract names, in whatever case, and with `-` or blanks for `_`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let folded = fold(word);
        Self::NAMED
            .into_iter()
            .find(|outcome| fold(outcome.word()) == folded)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
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
