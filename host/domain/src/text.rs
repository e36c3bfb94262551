//! Conversions of types that are serialized as text, and which characters a person sees.

/// Implements the conversions that `#[serde(try_from = "String", into = "String")]` needs, from `FromStr` and
/// `Display`.
macro_rules! text_conversions {
    ($name:ty) => {
        impl TryFrom<String> for $name {
            type Error = <$name as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

pub(crate) use text_conversions;

/// Whether a character may be in a text that people see on one line: no control characters, no line or paragraph
/// separators, and no format characters, which change how the text around them is shown (bidi overrides, zero width).
pub const fn is_printable(c: char) -> bool {
    !matches!(
        c,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::is_printable;

    #[test]
    fn invisible_characters_are_not_printable() {
        assert!("Priya ₹ आशा 👍 é".chars().all(is_printable));
        for c in [
            '\n', '\u{85}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{feff}',
        ] {
            assert!(!is_printable(c), "{c:?}");
        }
    }
}
