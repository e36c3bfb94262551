//! The forms that the values of fields have, with their limits.

use std::ops::RangeInclusive;

use crate::id;
use crate::phone;

/// Characters of a URL: what browsers and servers read.
const MAX_URL: usize = 2048;
/// Characters of a time zone's name; the longest of today has 32.
const MAX_ZONE: usize = 100;
/// Characters of a time; with nanoseconds and an offset it has 35.
const MAX_TIMESTAMP: usize = 64;

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldForm {
    /// A text of so many characters.
    Text {
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// An id that another system chose.
    Id,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, in whatever spelling, or another text of so many characters.
    OpenWord {
        /// The words of the contract.
        words: &'static [&'static str],
        /// The most characters.
        max: usize,
    },
    /// A whole number. `12.0` is one; `12.5` and `"12"` are not.
    Whole {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// An absolute http or https URL.
    Url,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A time of day, `HH:MM`; seconds may stand behind it if they are none, since they are not passed on.
    TimeOfDay,
    /// The name of a time zone.
    Zone,
    /// An RFC 3339 time with an offset.
    Timestamp,
    /// A telephone number.
    Phone,
}

impl FieldForm {
    /// How many characters a text of this form has; none for what is no text. An id has at most so many bytes.
    #[must_use]
    pub fn lengths(self) -> Option<RangeInclusive<usize>> {
        Some(match self {
            Self::Text { min, max } => min..=max,
            Self::Id => 1..=id::MAX_FOREIGN,
            Self::Word(words) => {
                let lengths = || words.iter().map(|word| word.chars().count());
                lengths().min().unwrap_or_default()..=lengths().max().unwrap_or_default()
            }
            Self::OpenWord { max, .. } => 1..=max,
            Self::Url => 1..=MAX_URL,
            Self::Date => 10..=10,
            Self::TimeOfDay => 5..=8,
            Self::Zone => 1..=MAX_ZONE,
            Self::Timestamp => 1..=MAX_TIMESTAMP,
            Self::Phone => 1..=phone::MAX_LENGTH,
            Self::Whole { .. } | Self::Boolean => return None,
        })
    }

    /// Whether a text of this form may be so long.
    pub(super) fn allows_length(self, text: &str) -> bool {
        let length = if self == Self::Id {
            text.len()
        } else {
            text.chars().count()
        };
        self.lengths().is_some_and(|lengths| lengths.contains(&length))
    }

    /// What a value has to be, as errors and the API's description say it after "must be".
    #[must_use]
    pub fn rule(self) -> String {
        match self {
            Self::Text { min, max } => format!("a text of {min} to {max} characters"),
            Self::OpenWord { words, max } => {
                format!("{}, or another text of 1 to {max} characters", words.join(", "))
            }
            Self::Id => id::FOREIGN_RULE.to_owned(),
            Self::Word([word]) => format!("`{word}`"),
            Self::Word([words @ .., last]) => format!("{} or {last}", words.join(", ")),
            Self::Word([]) => "nothing".to_owned(),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Url => format!("an absolute http or https URL of at most {MAX_URL} characters"),
            Self::Date => "a date, YYYY-MM-DD".to_owned(),
            Self::TimeOfDay => "a time of day, HH:MM, without seconds".to_owned(),
            Self::Zone => "the IANA name of a time zone, such as Asia/Kolkata, or UTC".to_owned(),
            Self::Timestamp => "an RFC 3339 time with an offset, such as 2026-07-01T14:32:00+05:30".to_owned(),
            Self::Phone => "a telephone number, such as +919800000000".to_owned(),
        }
    }
}
