//! The words by which the cases of an enum are stored, counted and named to people.

/// Gives an enum without data its words from one table: `ALL`, `word`, `from_word` and `Display`.
macro_rules! words {
    ($name:ident { $($case:ident = $word:literal,)+ }) => {
        impl $name {
            /// Every case, in the order of its table.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$case),+];

            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }

            /// The case that a word names.
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
