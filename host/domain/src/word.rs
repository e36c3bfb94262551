//! The words under which the variants of an enum are stored, counted and shown to people.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::visible_text::is_visible;

/// Implements `ALL`, `word`, `from_word` and `Display` for an enum without data from one table of words.
macro_rules! words {
    ($name:ident { $($case:ident = $word:literal,)+ }) => {
        impl $name {
            /// Every variant, in the order of its table.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$case),+];

            /// Every word, in the order of the table.
            pub const WORDS: [&'static str; Self::ALL.len()] = [$($word),+];

            /// The variant's word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }

            /// The variant with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|case| case.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

pub(crate) use words;

/// A word without its case, `_`, dashes, blanks and invisible characters, and with full-width letters as plain ones:
/// people and programs write these in different ways.
pub(crate) fn fold(word: &str) -> String {
    let plain: Cow<'_, str> = if word.is_ascii() {
        word.into()
    } else {
        ComposingNormalizerBorrowed::new_nfkc().normalize(word)
    };
    let is_dash = |c: char| c == '-' || (!c.is_ascii() && c.general_category() == GeneralCategory::DashPunctuation);
    let written = plain
        .chars()
        .filter(|c| *c != '_' && !is_dash(*c) && !c.is_whitespace() && is_visible(*c));
    written.flat_map(char::to_lowercase).collect()
}
