//! Phone numbers in running text: found in the ways that people and CRMs write them, and replaced digit by digit, so
//! that a number keeps its form.

use std::collections::BTreeSet;
use std::iter;
use std::ops::Range;

/// Digits of a number that stand for it in whatever form it is written: an Indian number without its country.
const OWN: usize = 10;
/// Digits of it that are replaced; the first one, which tells a mobile number, stays.
const REPLACED: usize = OWN - 1;

/// A number in a text.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Where its digits are.
    digits: Vec<usize>,
    /// The digits.
    text: String,
}

/// How many digits of a number are replaced, those at its end: the same with its country and without.
const fn replaced(digits: usize) -> usize {
    if digits >= OWN {
        REPLACED
    } else {
        digits.saturating_sub(2)
    }
}

/// The number's own digits, which are the same in `+91 98000 00000` and `098000-00000`.
pub fn own(digits: &str) -> &str {
    &digits[digits.len().saturating_sub(OWN)..]
}

/// Whether these digits, alone, are a phone number: one with its country's code, or an Indian mobile number. Amounts,
/// times and most ids are not.
pub fn is_number(digits: &str, has_plus: bool) -> bool {
    let national = |digits: &str| digits.len() == OWN && digits.starts_with(['6', '7', '8', '9']);
    (has_plus && (8..=15).contains(&digits.len()))
        || ["", "0", "91", "091", "0091"]
            .into_iter()
            .any(|before| digits.strip_prefix(before).is_some_and(national))
}

/// The text with every phone number replaced by what `made_up` makes of its own digits. `known` are further numbers'
/// own digits; what is `kept` is none, whatever it looks like.
pub fn replace(
    text: &str,
    known: &BTreeSet<String>,
    kept: &BTreeSet<String>,
    made_up: impl Fn(&str) -> String,
) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for found in numbers(text, known, kept) {
        let replaced = replaced(found.digits.len());
        let new = made_up(own(&found.text));
        let new = new.as_bytes();
        let places = found.digits.iter().rev().take(replaced);
        for (place, digit) in places.zip(new.iter().rev()) {
            bytes[*place] = *digit;
        }
    }
    // Digits took the places of digits.
    String::from_utf8(bytes).unwrap_or_default()
}

/// A number's digits with the made-up ones at their end.
pub fn replace_digits(digits: &str, made_up: &str) -> String {
    let replaced = replaced(digits.len()).min(made_up.len());
    let (stay, new) = (&digits[..digits.len() - replaced], &made_up[made_up.len() - replaced..]);
    format!("{stay}{new}")
}

fn numbers(text: &str, known: &BTreeSet<String>, kept: &BTreeSet<String>) -> Vec<Found> {
    let mut found = vec![];
    for run in runs(text) {
        let mut start = 0;
        while start < run.len() {
            let longest = (start..run.len()).rev().find_map(|end| {
                let digits: Vec<usize> = run[start..=end].iter().cloned().flatten().collect();
                let number: String = digits.iter().map(|at| char::from(text.as_bytes()[*at])).collect();
                let has_plus = has_plus(text, digits[0]);
                let is_kept = !has_plus && kept.contains(&number);
                let is_known = number.len() >= 8 && known.contains(own(&number));
                let found = !is_kept && (is_known || is_number(&number, has_plus));
                found.then_some((end, Found { digits, text: number }))
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

/// Groups of digits that have only spaces, hyphens and brackets between them, and nothing of a word around them.
fn runs(text: &str) -> Vec<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Vec<Range<usize>>> = vec![];
    let mut at = 0;
    let mut joined = false;
    while at < bytes.len() {
        // The digits of an escape such as `%20` are none.
        let escape = is_triple(bytes, at);
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

/// Whether a number may be written with this in it.
fn is_separator(bytes: &[u8], at: usize) -> bool {
    matches!(
        &bytes[at..],
        [b' ' | b'-' | b'+' | b'(' | b')', ..] | [b'%', b'2', b'0' | b'8' | b'9' | b'D' | b'd', ..]
    )
}

/// Whether an escape of a URL stands there.
pub fn is_triple(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 3), Some([b'%', high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Whether letters or the digits of a fraction touch these digits. A hyphen does not: `LEAD-9800000000`.
fn is_part_of_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let is_escape = start >= 3 && is_triple(bytes, start - 3);
    let before = text[..start].chars().next_back().filter(|_| !is_escape);
    let after = text[end..].chars().next();
    let is_fraction = |c: char| matches!(c, '.' | ',');
    let digit_before = start >= 2 && bytes[start - 2].is_ascii_digit();
    let digit_after = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    before.is_some_and(|c| c.is_alphabetic() || (is_fraction(c) && digit_before))
        || after.is_some_and(|c| c.is_alphabetic() || (c == '.' && digit_after))
}

/// Whether a plus stands before these digits, as it is or as a URL has it.
fn has_plus(text: &str, at: usize) -> bool {
    let before = &text[..at];
    before.ends_with('+') || before.ends_with("%2B") || before.ends_with("%2b")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> String {
        let kept = BTreeSet::from(["9500000000".to_owned()]);
        replace(text, &BTreeSet::from(["2025550123".to_owned()]), &kept, |_| {
            "9000012345".into()
        })
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
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
    fn what_is_no_number_stays() {
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
