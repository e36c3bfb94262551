//! Telephone numbers, as people and their systems write them, in E.164.
//!
//! The numbering plans are `phonenumber`'s, a port of Google's libphonenumber. It reads ASCII, so digits, dashes and
//! blanks of other alphabets, and invisible marks, are translated first.

use std::fmt;
use std::str::FromStr;

use phonenumber::metadata::{DATABASE, Database};
use phonenumber::{Mode, ParseError, country};
use serde::{Deserialize, Serialize};

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::text::text_conversions;
use crate::visible_text::without_format;

/// Characters of a text that may be a number; longer ones are not read at all.
pub const MAX_LENGTH: usize = 64;
/// What a number begins with in links.
const URI_SCHEME: &str = "tel:";
/// Digits of a number in E.164.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A country, by its two letters of ISO 3166, such as `IN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(country::Id);

/// A text that is not a country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no country `{0}`; write its two letters of ISO 3166, like \"IN\"")]
pub struct InvalidCountry(String);

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let known = text.parse().ok().filter(|id: &country::Id| id.as_ref() == text);
        known.map(Self).ok_or_else(|| InvalidCountry(text.to_owned()))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

text_conversions!(Country);

/// Why a text was not read as a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhone {
    /// It is no number.
    #[error("must be a telephone number, such as +919800000000")]
    NotANumber,
    /// It has no country code, and the tenant has no country.
    #[error(
        "must begin with + and the country code, such as +919800000000, or the tenant's file must have a `country`"
    )]
    NoCountry,
    /// The country's numbering plan has no such number.
    #[error("has too few or too many digits or a wrong beginning for its country, or an unknown country code")]
    NotInPlan,
}

/// The number in E.164. A number without a country code is one of `country`.
///
/// Only the general rule of each numbering plan is compared (country codes, lengths, first digits), not the ranges that
/// a country has assigned: they change, and a new range must not stop a call.
///
/// # Errors
/// The text is not a number of any country.
pub fn normalize(text: &str, country: Option<Country>) -> Result<String, InvalidPhone> {
    if is_e164(text) {
        return Ok(text.to_owned());
    }
    let plain = to_ascii(text).ok_or(InvalidPhone::NotANumber)?;
    let is_international = plain.trim_start_matches(['(', '[', ' ']).starts_with('+');
    // The trunk prefix of the tenant's country is none in another: an Italian number keeps its zero.
    let country = country.filter(|_| !is_international);
    let number = phonenumber::parse(country.map(|country| country.0), &plain).map_err(|error| match error {
        ParseError::InvalidCountryCode if country.is_none() && !is_international => InvalidPhone::NoCountry,
        ParseError::NoNumber | ParseError::MalformedInteger(_) => InvalidPhone::NotANumber,
        _ => InvalidPhone::NotInPlan,
    })?;
    let e164 = number.format().mode(Mode::E164).to_string();
    let has_extension = number.extension().is_some();
    let national = number.national().to_string();
    if !has_extension && is_in_plan(number.country().code(), &national) && E164_DIGITS.contains(&(e164.len() - 1)) {
        Ok(e164)
    } else {
        Err(InvalidPhone::NotInPlan)
    }
}

/// Loads the tables, which takes a tenth of a second, so that no request and no adapter has to wait for it.
pub fn load_tables() {
    let _: &Database = &DATABASE;
}

/// Whether a text is a number in E.164 already, as most are: its plan's general rule says so, without a parser. A
/// national part with a zero in front may have a trunk prefix, which only the parser knows.
fn is_e164(text: &str) -> bool {
    let Some(digits) = text
        .strip_prefix('+')
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    else {
        return false;
    };
    E164_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && (1..=3).any(|length| {
            let (code, national) = digits.split_at(length);
            !national.starts_with('0') && code.parse().is_ok_and(|code| is_in_plan(code, national))
        })
}

/// Whether a country's numbering plan has a national number, by its general rule of lengths and first digits, or by
/// that of a kind of number. Several countries share a code.
fn is_in_plan(code: u16, national: &str) -> bool {
    let plans = DATABASE.by_code(&code).unwrap_or_default();
    plans.iter().any(|plan| {
        let rules = plan.descriptors();
        let kinds = [
            rules.fixed_line(),
            rules.mobile(),
            rules.toll_free(),
            rules.premium_rate(),
            rules.shared_cost(),
            rules.personal_number(),
            rules.voip(),
            rules.uan(),
        ];
        // The expression of a general rule finds its first alternative, which may be shorter than the number.
        let found = rules.general().national_number().find(national);
        found.is_some_and(|found| (found.start(), found.end()) == (0, national.len()))
            || kinds.into_iter().flatten().any(|kind| kind.is_match(national))
    })
}

/// The text in the characters that the library reads, with `+` for `00`. None for a text that is too long, or that has
/// characters which no number has.
fn to_ascii(text: &str) -> Option<String> {
    if text.chars().count() > MAX_LENGTH {
        return None;
    }
    let text = without_format(text);
    let text = text.trim();
    let number = match text.split_at_checked(URI_SCHEME.len()) {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case(URI_SCHEME) => number,
        _ => text,
    };
    let mut plain = String::with_capacity(number.len());
    for c in number.chars() {
        match c {
            '0'..='9' | '(' | ')' | '[' | ']' | '.' | '/' | '-' | '+' => plain.push(c),
            c if c.is_whitespace() => plain.push(' '),
            c if is_dash(c) => plain.push('-'),
            '\u{ff0b}' => plain.push('+'),
            c => plain.push(digit(c)?),
        }
    }
    let plain = plain.trim();
    if plain.is_empty() {
        return None;
    }
    Some(match plain.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => plain.to_owned(),
    })
}

/// Hyphens and dashes, and what people write for them: the minus sign, the hyphen bullet, the mark of a long vowel in
/// Japanese.
fn is_dash(c: char) -> bool {
    matches!(c, '\u{2043}' | '\u{2212}' | '\u{30fc}') || c.general_category() == GeneralCategory::DashPunctuation
}

/// The ASCII digit for a digit of another script.
fn digit(c: char) -> Option<char> {
    /// The zeros of the scripts of India and its neighbours, of Arabic and Persian, and of full-width forms; the other
    /// digits follow each.
    const ZEROS: [u32; 13] = [
        0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0xff10,
    ];
    let value = ZEROS
        .iter()
        .find_map(|zero| u32::from(c).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn india() -> Country {
        "IN".parse().unwrap()
    }

    #[test]
    fn every_spelling_is_one_number() {
        for spelling in [
            "+919876543210",
            "+91 98765 43210",
            "098765 43210",
            "98765-43210",
            "00919876543210",
            "+91 (0) 98765 43210",
            "(+91) 98765.43210",
            "[+91] 98765/43210",
            "+91\u{2011}98765\u{2013}43210",
            "+91 98765 \u{2212} 43210",
            "\u{202a}+919876543210\u{202c}",
            "\u{feff}+91\u{a0}98765\u{2009}43210\u{200e}",
            "९८७६५४३२१०",
            "+९१ ९८७६५ ४३२१०",
            "\u{ff0b}９１９８７６５４３２１０",
            "tel:+919876543210",
            "91 98765 43210",
        ] {
            assert_eq!(
                normalize(spelling, Some(india())).as_deref(),
                Ok("+919876543210"),
                "{spelling:?}"
            );
        }
        assert_eq!(
            normalize("022 2345 6789", Some(india())).as_deref(),
            Ok("+912223456789")
        );
        assert_eq!(
            normalize("0039 06 1234 5678", Some(india())).as_deref(),
            Ok("+390612345678")
        );
        assert_eq!(
            normalize("+44 (0)20 7946 0018", Some(india())).as_deref(),
            Ok("+442079460018")
        );
        assert_eq!(normalize("+15550001111", None).as_deref(), Ok("+15550001111"));
        assert_eq!(normalize("00971 50 123 4567", None).as_deref(), Ok("+971501234567"));
    }

    #[test]
    fn e164_needs_no_parser() {
        for number in [
            "+919876543210",
            "+14155550100",
            "+447911123456",
            "+971501234567",
            "+6581234567",
        ] {
            assert!(is_e164(number), "{number}");
            let parsed = phonenumber::parse(None, number).unwrap();
            assert_eq!(parsed.format().mode(Mode::E164).to_string(), number);
        }
        for other in [
            "",
            "+",
            "919876543210",
            "+91 9876543210",
            "+910987654321",
            "+9198",
            "+9990000000",
            "+९१",
        ] {
            assert!(!is_e164(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (text, country, error) in [
            ("", Some(india()), InvalidPhone::NotANumber),
            ("call me", Some(india()), InvalidPhone::NotANumber),
            ("☎ 98765 43210", Some(india()), InvalidPhone::NotANumber),
            ("98765 43210", None, InvalidPhone::NoCountry),
            ("098765 43210", None, InvalidPhone::NoCountry),
            ("12345", Some(india()), InvalidPhone::NotInPlan),
            ("+911234", Some(india()), InvalidPhone::NotInPlan),
            ("+9198765432101234", Some(india()), InvalidPhone::NotInPlan),
            ("98765 43210 / 98765 43211", Some(india()), InvalidPhone::NotInPlan),
            ("987654321", Some(india()), InvalidPhone::NotInPlan),
            ("98765432109", Some(india()), InvalidPhone::NotInPlan),
            ("987654321098", Some(india()), InvalidPhone::NotInPlan),
            ("9876543210.0", Some(india()), InvalidPhone::NotInPlan),
            ("+919198765432109", None, InvalidPhone::NotInPlan),
            ("+0919876543210", Some(india()), InvalidPhone::NotInPlan),
            ("98765 43210 ext 4", Some(india()), InvalidPhone::NotANumber),
            ("+442079460958;ext=12", None, InvalidPhone::NotANumber),
            ("98765 43210 (Ravi)", Some(india()), InvalidPhone::NotANumber),
            ("1800 FLATS", Some(india()), InvalidPhone::NotANumber),
        ] {
            assert_eq!(normalize(text, country), Err(error), "{text:?}");
        }
        assert_eq!(
            normalize(&"9".repeat(10_000), Some(india())),
            Err(InvalidPhone::NotANumber)
        );
    }

    #[test]
    fn every_plan_has_its_example_numbers() {
        let mut read = 0;
        let mut refused = vec![];
        for first in 'A'..='Z' {
            for second in 'A'..='Z' {
                let Some(plan) = DATABASE.by_id(&format!("{first}{second}")) else {
                    continue;
                };
                let kinds = [plan.descriptors().mobile(), plan.descriptors().fixed_line()];
                for example in kinds.into_iter().flatten().filter_map(|kind| kind.example()) {
                    let number = format!("+{}{example}", plan.country_code());
                    read += 1;
                    if normalize(&number, None) != Ok(number.clone()) {
                        refused.push(number);
                    }
                }
            }
        }
        assert!(read > 400, "{read}");
        assert_eq!(refused, [""; 0]);
    }

    #[test]
    fn countries_are_two_capital_letters() {
        assert_eq!(serde_json::to_string(&india()).unwrap(), "\"IN\"");
        for wrong in ["in", "IND", "India", "+91", "", "XX"] {
            let refused = wrong.parse::<Country>().unwrap_err().to_string();
            assert!(refused.contains("ISO 3166"), "{refused}");
        }
    }
}
