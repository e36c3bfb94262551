//! What the host knows of dates and telephone numbers, as far as native tests need it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::bindings::adapter::jackfield::crm::{dates::DateError, phones::PhoneError};

/// The instant of a local time. jiff's own rule for gaps and folds is the contract's.
pub fn instant(local: &str, zone: &str) -> Result<String, DateError> {
    let zone = named(zone)?;
    let local: DateTime = local.parse().map_err(|_| DateError::InvalidTime)?;
    let instant = local.to_zoned(zone).map_err(|_| DateError::InvalidTime)?;
    Ok(crate::date::rfc3339(&instant))
}

/// The local time of an instant.
pub fn local(instant: &str, zone: &str) -> Result<String, DateError> {
    let zone = named(zone)?;
    let instant: Timestamp = instant.parse().map_err(|_| DateError::InvalidTime)?;
    Ok(crate::date::rfc3339(&instant.to_zoned(zone)))
}

fn named(zone: &str) -> Result<TimeZone, DateError> {
    let is_name = zone == "UTC" || zone.contains('/');
    let zone = is_name.then(|| TimeZone::get(zone).ok()).flatten();
    zone.ok_or(DateError::UnknownZone)
}

/// The number in E.164. Of the world's numbering plans only India's is known, and of other countries that a number with
/// a country code has 7 to 15 digits: the host has them all, and `jackfield adapter check` asks the host.
pub fn normalize_phone(text: &str, country: Option<&str>) -> Result<String, PhoneError> {
    let text = text.replace("(0)", "");
    let dense: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')' | '/'))
        .collect();
    let (digits, is_international) = match dense.strip_prefix('+').or_else(|| dense.strip_prefix("00")) {
        Some(digits) => (digits, true),
        None => (dense.as_str(), false),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PhoneError::NotANumber);
    }
    let number = match country {
        _ if is_international => digits.to_owned(),
        None => return Err(PhoneError::NoCountry),
        Some("IN") => format!("91{}", digits.strip_prefix('0').unwrap_or(digits)),
        Some(other) => panic!(
            "the test double knows the numbering plan of India only, not of {other}: write the number with + and its \
             country code, or run `jackfield adapter check`, which asks the host"
        ),
    };
    let is_possible = match number.strip_prefix("91") {
        Some(national) => national.len() == 10,
        None => (7..=15).contains(&number.len()),
    };
    if is_possible {
        Ok(format!("+{number}"))
    } else {
        Err(PhoneError::NotInPlan)
    }
}
