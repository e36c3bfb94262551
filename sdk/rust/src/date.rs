//! Dates as CRMs write them: RFC 3339 on one side, local times on the other.
//!
//! Based on [`jiff`], which the SDK re-exports for everything else. Named time zones are the host's: an adapter has no
//! zone database, and all adapters have the same rule. A local time that does not exist, because clocks go forward over
//! it, is moved forward by the length of the gap; of a time that exists twice, the earlier is meant (RFC 5545).

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone, offset};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::bindings::adapter::jackfield::crm::dates;
use crate::host::Host;
use crate::model::{Failure, Rejection, SiteVisit};

/// The zone of a site visit that names none.
pub const DEFAULT_ZONE: &str = "Asia/Kolkata";

/// Why a time was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateError {
    /// The zone is not the IANA name of a time zone. Abbreviations such as `IST` mean several zones.
    UnknownZone,
    /// The time is not one of the calendar, or not written as expected.
    InvalidTime,
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownZone => "is not the IANA name of a time zone, such as Asia/Kolkata, or UTC",
            Self::InvalidTime => {
                "is not a time of the calendar, such as 2026-07-05T16:30, or 2026-07-05T16:30:00Z for an instant"
            }
        })
    }
}

impl std::error::Error for DateError {}

/// The rejection of the field `timezone` or `time`, for `?`.
impl From<DateError> for Rejection {
    fn from(error: DateError) -> Self {
        let (code, message, field) = match error {
            DateError::UnknownZone => ("bad-zone", "a time zone cannot be used", "timezone"),
            DateError::InvalidTime => ("bad-date", "a time cannot be used", "time"),
        };
        Self::new(code, message).field(field, error.to_string())
    }
}

impl From<DateError> for Failure {
    fn from(error: DateError) -> Self {
        Rejection::from(error).into()
    }
}

impl From<dates::DateError> for DateError {
    fn from(error: dates::DateError) -> Self {
        match error {
            dates::DateError::UnknownZone => Self::UnknownZone,
            dates::DateError::InvalidTime => Self::InvalidTime,
        }
    }
}

/// Indian standard time: five and a half hours ahead of UTC, all year.
#[must_use]
pub fn ist() -> TimeZone {
    let half_an_hour = SignedDuration::from_mins(30);
    let ahead: Offset = offset(5).saturating_add(half_an_hour);
    TimeZone::fixed(ahead)
}

/// An RFC 3339 instant, such as `2026-07-01T09:01:55.000Z`, in Indian standard time.
///
/// ```
/// use jackfield_sdk::date;
/// let called = date::in_ist("2026-07-01T20:01:55.000Z")?;
/// assert_eq!(called.strftime("%d/%m/%Y %H:%M").to_string(), "02/07/2026 01:31");
/// # Ok::<(), jackfield_sdk::Rejection>(())
/// ```
///
/// # Errors
/// A rejection if it is not such an instant.
pub fn in_ist(rfc3339: &str) -> Result<Zoned, Rejection> {
    let instant: Timestamp = rfc3339
        .parse()
        .map_err(|_| bad_date("an instant is not written as RFC 3339", "accepted_at"))?;
    Ok(instant.to_zoned(ist()))
}

/// A date and time of day in Indian standard time, read by a [`strptime`](jiff::fmt::strtime) format, such as
/// `01/07/2026 14:31` by `%d/%m/%Y %H:%M`. None if it does not fit.
#[must_use]
pub fn parse_ist(format: &str, text: &str) -> Option<Zoned> {
    let local = DateTime::strptime(format, text).ok()?;
    local.to_zoned(ist()).ok()
}

/// An RFC 3339 instant in a named time zone, such as `Asia/Dubai`.
///
/// # Errors
/// There is no such zone, or the text is not such an instant.
pub fn in_zone(host: &Host, rfc3339: &str, zone: &str) -> Result<Zoned, DateError> {
    with_offset(&host.local(rfc3339, zone)?)
}

/// The instant of a local time in a named time zone. Read what a CRM wrote with
/// [`DateTime::strptime`](jiff::civil::DateTime::strptime) first.
///
/// ```
/// use jackfield_sdk::{date, jiff::civil::DateTime, testing::Script};
/// let local = DateTime::strptime("%d/%m/%Y %H:%M", "29/03/2026 02:30").unwrap();
/// let instant = Script::new().run(|host| date::from_local(host, local, "Europe/Berlin"))?;
/// assert_eq!(date::rfc3339(&instant), "2026-03-29T03:30:00+02:00");
/// # Ok::<(), date::DateError>(())
/// ```
///
/// # Errors
/// There is no such zone.
pub fn from_local(host: &Host, local: DateTime, zone: &str) -> Result<Zoned, DateError> {
    with_offset(&host.instant(&local.to_string(), zone)?)
}

/// RFC 3339 with an offset, as the contract wants instants: `2026-07-01T14:31:00+05:30`.
#[must_use]
pub fn rfc3339(instant: &Zoned) -> String {
    instant.timestamp().display_with_offset(instant.offset()).to_string()
}

/// When a booked site visit begins, in the visit's own zone ([`DEFAULT_ZONE`] if it names none). None if no visit is
/// booked, or its date or time is missing, because a call can end at any point.
///
/// ```
/// use jackfield_sdk::{SiteVisit, date, testing::Script};
/// let visit = SiteVisit {
///     booked: true,
///     date: Some("2026-07-05".into()),
///     time_slot: Some("11:00".into()),
///     timezone: Some("Asia/Dubai".into()),
/// };
/// let starts = Script::new().run(|host| date::visit_start(host, &visit))?.unwrap();
/// assert_eq!(date::rfc3339(&starts), "2026-07-05T11:00:00+04:00");
/// # Ok::<(), jackfield_sdk::Rejection>(())
/// ```
///
/// # Errors
/// A rejection that names the field whose value is not a date, time or zone, for a person to correct in review.
pub fn visit_start(host: &Host, visit: &SiteVisit) -> Result<Option<Zoned>, Rejection> {
    let (true, Some(date), Some(time)) = (visit.booked, &visit.date, &visit.time_slot) else {
        return Ok(None);
    };
    let zone = visit.timezone.as_deref().unwrap_or(DEFAULT_ZONE);
    let bad_visit = |field: &str| bad_date("the site visit is not a real date, time and zone", field);
    let date: Date = date.parse().map_err(|_| bad_visit("site_visit.date"))?;
    let time: Time = time.parse().map_err(|_| bad_visit("site_visit.time_slot"))?;
    let start = from_local(host, date.to_datetime(time), zone).map_err(|error| match error {
        DateError::UnknownZone => bad_visit("site_visit.timezone"),
        DateError::InvalidTime => bad_visit("site_visit.date"),
    })?;
    Ok(Some(start))
}

/// The time that the host wrote, with its offset.
fn with_offset(rfc3339: &str) -> Result<Zoned, DateError> {
    let parsed = || {
        let instant: Timestamp = rfc3339.parse().ok()?;
        let offset = Pieces::parse(rfc3339).ok()?.to_numeric_offset()?;
        Some(instant.to_zoned(TimeZone::fixed(offset)))
    };
    parsed().ok_or(DateError::InvalidTime)
}

fn bad_date(message: &str, field: &str) -> Rejection {
    Rejection::new("bad-date", message).field(field, "cannot be understood")
}

#[cfg(test)]
mod tests;
