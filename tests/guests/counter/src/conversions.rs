//! Local times, instants and telephone numbers through the SDK, which asks the host.

use jackfield_sdk::date::{self, DateError};
use jackfield_sdk::jiff::civil::DateTime;
use jackfield_sdk::{Failure, Host, phone};

/// How the local times are written that the guest reads.
const FORMATS: [&str; 3] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"];

/// Converts as a lead's id asks, such as `instant|2026-07-05T16:30|Asia/Kolkata`: a function, a text and a zone. None
/// for another id.
pub fn converted(host: &Host, question: &str) -> Result<Option<String>, Failure> {
    let mut parts = question.split('|');
    let (Some(function), Some(text), Some(zone)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    Ok(Some(match function {
        "phone" => phone::e164(host, text)?,
        "local" => date::rfc3339(&date::in_zone(host, text, zone)?),
        _ => {
            let local = FORMATS.iter().find_map(|format| DateTime::strptime(format, text).ok());
            date::rfc3339(&date::from_local(host, local.ok_or(DateError::InvalidTime)?, zone)?)
        }
    }))
}
