//! Finds phone numbers in text as people and CRMs write them, and replaces them digit by digit, so that a number keeps
//! its format.

use std::collections::BTreeSet;
use std::iter;
use std::ops::Range;

/// Digits of a national number, which identify it in every format: an Indian number without its country code.
const NATIONAL_DIGITS: usize = 10;
/// Digits of it that are replaced; the first one, which marks a mobile number, is unchanged.
const REPLACED_DIGITS: usize = NATIONAL_DIGITS - 1;

/// A phone number in a text.
#[derive(Debug, PartialEq, Eq)]
struct FoundNumber {
    /// Positions of its digits.
    digits: Vec<usize>,
    /// The digits.
    text: String,
}

/// How many digits at a number's end are replaced: as many with a country code as without.
const fn replaced(digits: usize) -> usize {
    if digits >= NATIONAL_DIGITS {
        REPLACED_DIGITS
    } else {
        digits.saturating_sub(2)
    }
}

/// The national digits of a number, which are the same in `+91 98000 00000` and `098000-00000`.
pub fn national(digits: &str) -> &str {
    &digits[digits.len().saturating_sub(NATIONAL_DIGITS)..]
}

/// Whether these digits alone are a phone number: one with a country code, or an Indian mobile number. Amounts, times
/// and most ids are not.
pub fn is_number(digits: &str, has_plus: bool) -> bool {
    let is_mobile = |digits: &str| digits.len() == NATIONAL_DIGITS && digits.starts_with(['6', '7', '8', '9']);
    (has_plus && (8..=15).contains(&digits.len()))
        || ["", "0", "91", "091", "0091"]
            .into_iter()
            .any(|before| digits.strip_prefix(before).is_some_and(is_mobile))
}

/// The text with every phone number replaced by what `made_up` returns for its national digits. `known` holds the
/// national digits of further phone numbers; digits in `amounts` are never a phone number.
pub fn replace(
    text: &str,
    known: &BTreeSet<String>,
    amounts: &BTreeSet<String>,
    made_up: impl Fn(&str) -> String,
) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for found in numbers(text, known, amounts) {
        let replaced = replaced(found.digits.len());
        let new = made_up(national(&found.text));
        let new = new.as_bytes();
        let places = found.digits.iter().rev().take(replaced);
        for (place, digit) in places.zip(new.iter().rev()) {
            bytes[*place] = *digit;
        }
    }
    // ASCII digits were replaced by ASCII digits, so the text is still UTF-8.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The text with `***` for every phone number, whole. `known` holds the national digits of further phone numbers.
pub fn hide(text: &str, known: &BTreeSet<String>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut copied = 0;
    for found in numbers(text, known, &BTreeSet::new()) {
        let [first, .., last] = found.digits[..] else { continue };
        shown.push_str(&text[copied..first]);
        shown.push_str("***");
        copied = last + 1;
    }
    shown.push_str(&text[copied..]);
    shown
}

/// A number's digits, the last ones replaced by those of `made_up`.
pub fn replace_digits(digits: &str, made_up: &str) -> String {
    let replaced = replaced(digits.len()).min(made_up.len());
    let (first, last) = (&digits[..digits.len() - replaced], &made_up[made_up.len() - replaced..]);
    format!("{first}{last}")
}

fn numbers(text: &str, known: &BTreeSet<String>, amounts: &BTreeSet<String>) -> Vec<FoundNumber> {
    let mut found = vec![];
    for run in runs(text) {
        let mut start = 0;
        while start < run.len() {
            let longest = (start..run.len()).rev().find_map(|end| {
                let digits: Vec<usize> = run[start..=end].iter().cloned().flatten().collect();
                let number: String = digits.iter().map(|at| char::from(text.as_bytes()[*at])).collect();
                let has_plus = has_plus(text, digits[0]);
                let is_amount = !has_plus && amounts.contains(&number);
                let is_known = number.len() >= 8 && known.contains(national(&number));
                let found = !is_amount && (is_known || is_number(&number, has_plus));
                found.then_some((end, FoundNumber { digits, text: number }))
            });
            match longest {
                Some((end, number)) => {
                    found.push(number);
                    start = end + 1;
                }
                None => start += 1,
            }
        }
    }
    found
}

/// Groups of digits with only spaces, hyphens, pluses and parentheses between them, and no letters next to them.
fn runs(text: &str) -> Vec<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Vec<Range<usize>>> = vec![];
    let mut at = 0;
    let mut joined = false;
    while at < bytes.len() {
        // The digits of a percent-encoded character such as `%20` do not count.
        let escape = is_percent_encoded(bytes, at);
        if escape || !bytes[at].is_ascii_digit() {
            joined = joined && is_separator(bytes, at);
            at += if escape { 3 } else { 1 };
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        if is_part_of_word(text, start, at) {
            joined = false;
            continue;
        }
        match runs.last_mut() {
            Some(run) if joined => run.push(start..at),
            _ => runs.push(iter::once(start..at).collect()),
        }
        joined = true;
    }
    runs
}

/// Whether a separator that phone numbers contain is at this position.
fn is_separator(bytes: &[u8], at: usize) -> bool {
    matches!(
        &bytes[at..],
        [b' ' | b'-' | b'+' | b'(' | b')', ..] | [b'%', b'2', b'0' | b'8' | b'9' | b'D' | b'd', ..]
    )
}

/// Whether a percent-encoded character of a URL is at this position.
pub fn is_percent_encoded(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 3), Some([b'%', high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Whether letters or a decimal fraction touch these digits. A hyphen does not count: `LEAD-9800000000`.
fn is_part_of_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let is_escape = start >= 3 && is_percent_encoded(bytes, start - 3);
    let before = text[..start].chars().next_back().filter(|_| !is_escape);
    let after = text[end..].chars().next();
    let is_fraction = |c: char| matches!(c, '.' | ',');
    let digit_before = start >= 2 && bytes[start - 2].is_ascii_digit();
    let digit_after = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    before.is_some_and(|c| c.is_alphabetic() || (is_fraction(c) && digit_before))
        || after.is_some_and(|c| c.is_alphabetic() || (c == '.' && digit_after))
}

/// Whether a plus precedes these digits, plain or percent-encoded.
fn has_plus(text: &str, at: usize) -> bool {
    let before = &text[..at];
    before.ends_with('+') || before.ends_with("%2B") || before.ends_with("%2b")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> String {
        let amounts = BTreeSet::from(["9500000000".to_owned()]);
        replace(text, &BTreeSet::from(["2025550123".to_owned()]), &amounts, |_| {
            "9000012345".into()
        })
    }

    #[test]
    fn numbers_are_found_in_every_format() {
        for (text, expected) in [
            ("+919876543210", "+919000012345"),
            ("9876543210", "9000012345"),
            ("09876543210", "09000012345"),
            ("call +91 98765-43210, soon", "call +91 90000-12345, soon"),
            ("+91 (98765) 43210", "+91 (90000) 12345"),
            ("phone=%2B919876543210&x=1", "phone=%2B919000012345&x=1"),
            ("phone=%2b91%2098765%2043210", "phone=%2b91%2090000%2012345"),
            ("m=98765+43210", "m=90000+12345"),
            ("LEAD-9876543210", "LEAD-9000012345"),
            ("<m>9876543210</m>", "<m>9000012345</m>"),
            ("2026-07-01 9876543210", "2026-07-01 9000012345"),
            ("नंबर 9876543210 है", "नंबर 9000012345 है"),
            ("(202) 555-0123", "(200) 001-2345"),
            ("+442071234567", "+442000012345"),
        ] {
            assert_eq!(replaced(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_hidden_whole() {
        let known = BTreeSet::from(["2025550123".to_owned()]);
        let text = "call +91 98765-43210 or (202) 555-0123, at 09:01 for 12500000";
        assert_eq!(hide(text, &known), "call +*** or (***, at 09:01 for 12500000");
    }

    #[test]
    fn other_digits_are_not_replaced() {
        for text in [
            "ts=1782896515&a=1",
            "2026-07-01T09:01:55.000Z",
            "2026-07-05T16:30:00+05:30",
            "12500000",
            "0.9876543210",
            "77.1025 28.7041",
            "a9876543210f",
            "4034d7ae75aee6cd2279876543210a5a",
            "9500000000",
            "1782896515123",
            "75000000 95000000",
        ] {
            assert_eq!(replaced(text), text);
        }
    }
}
