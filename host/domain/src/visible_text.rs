//! Text from elsewhere that people are shown: in answers, listings, alerts and the log.
//!
//! Control characters and line separators could fake another line or change colours; format characters (bidirectional
//! overrides, zero widths) make a text look like another. None of them is shown.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Letters and marks that are as wide as nothing, although Unicode does not count them as format characters: the
/// grapheme joiner, and what fills the place of a letter in Hangul and Khmer.
const EMPTY: [char; 7] = [
    '\u{34f}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}', '\u{3164}', '\u{ffa0}',
];

/// Whether people see the character, or the space that it makes.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !is_break(c) && !is_format(c)
}

/// A control character, or a separator of lines or paragraphs.
fn is_break(c: char) -> bool {
    let breaks = |category| {
        use GeneralCategory::{Control, LineSeparator, ParagraphSeparator};
        matches!(category, Control | LineSeparator | ParagraphSeparator)
    };
    c.is_control() || (!c.is_ascii() && breaks(c.general_category()))
}

fn is_format(c: char) -> bool {
    !c.is_ascii() && (c.general_category() == GeneralCategory::Format || EMPTY.contains(&c))
}

/// The text with a blank for every character that people do not see.
#[must_use]
pub fn blanked(text: &str) -> String {
    text.chars().map(|c| if is_visible(c) { c } else { ' ' }).collect()
}

/// Whether people see all of a text.
#[must_use]
pub fn is_visible_text(text: &str) -> bool {
    text.chars().all(is_visible)
}

/// What people are to see of a text, on one line: a blank for a control character or a line separator, nothing for a
/// format character.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = text.chars().filter(|c| !is_format(*c));
    shown.map(|c| if is_break(c) { ' ' } else { c }).collect()
}

/// The text without its format characters. What remains may still contain line breaks.
#[must_use]
pub fn without_format(text: &str) -> String {
    text.chars().filter(|c| !is_format(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_visible() {
        for text in [
            "",
            "new lead",
            "आशा की कॉल",
            "日本 ❤\u{fe0f}",
            "a\u{a0}b",
            "naïve – “q”",
            "العربية",
        ] {
            assert!(is_visible_text(text), "{text}");
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn other_characters_are_not_shown() {
        for hidden in [
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{61c}',
            '\u{ad}',
            '\u{feff}',
            '\u{2060}',
            '\u{e0041}',
            '\u{34f}',
            '\u{3164}',
            '\u{180e}',
        ] {
            let text = format!("a{hidden}b");
            assert!(!is_visible_text(&text), "{hidden:?}");
            assert_eq!(
                (visible(&text), without_format(&text)),
                ("ab".to_owned(), "ab".to_owned()),
                "{hidden:?}"
            );
        }
        for separator in [
            '\n', '\r', '\t', '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}',
        ] {
            let text = format!("a{separator}b");
            assert!(!is_visible_text(&text), "{separator:?}");
            assert_eq!(
                (visible(&text), without_format(&text)),
                ("a b".to_owned(), text),
                "{separator:?}"
            );
        }
    }
}
