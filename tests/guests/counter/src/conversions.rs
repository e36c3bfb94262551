//! Local times, instants and telephone numbers through the SDK, which asks the host.

use jackfield_sdk::date::{self, DateError};
use jackfield_sdk::jiff::civil::DateTime;
use jackfield_sdk::{Host, phone};

/// How the local times are written that the guest reads.
const FORMATS: [&str; 3] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"];

/// The answer to a question such as `instant|2026-07-05T16:30|Asia/Kolkata`: a function, a text and a zone. None if the
/// text is no question.
pub fn answer(host: &Host, question: &str) -> Option<String> {
    let mut parts = question.split('|');
    let (function, text, zone) = (parts.next()?, parts.next()?, parts.next()?);
    let converted = match function {
        "instant" => match FORMATS.iter().find_map(|format| DateTime::strptime(format, text).ok()) {
            None => Err(DateError::InvalidTime),
            Some(local) => date::from_local(host, local, zone),
        },
        "local" => date::in_zone(host, text, zone),
        "phone" => return Some(phone::e164(host, text).unwrap_or_else(|error| error.to_string())),
        _ => return None,
    };
    Some(match converted {
        Ok(time) => date::rfc3339(&time),
        Err(DateError::UnknownZone) => "bad-zone".into(),
        Err(DateError::InvalidTime) => "bad-date".into(),
    })
}
