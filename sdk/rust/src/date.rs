//! Dates as CRMs write them: RFC 3339 on one side, Indian local time on the other.
//!
//! Based on [`jiff`], which the SDK re-exports for everything else. Its time zone database is bundled, because a guest
//! has no file system to read one from.

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone, offset};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::model::{Rejection, SiteVisit};

/// The zone of a site visit that names none.
pub const DEFAULT_ZONE: &str = "Asia/Kolkata";

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
    let local = jiff::civil::DateTime::strptime(format, text).ok()?;
    local.to_zoned(ist()).ok()
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
/// use jackfield_sdk::{SiteVisit, date};
/// let visit = SiteVisit {
///     booked: true,
///     date: Some("2026-07-05".into()),
///     time_slot: Some("11:00".into()),
///     timezone: Some("Asia/Dubai".into()),
/// };
/// let starts = date::visit_start(&visit)?.unwrap();
/// assert_eq!(date::rfc3339(&starts), "2026-07-05T11:00:00+04:00");
/// # Ok::<(), jackfield_sdk::Rejection>(())
/// ```
///
/// # Errors
/// A rejection that names the field whose value is not a date, time or zone, for a person to correct in review.
pub fn visit_start(visit: &SiteVisit) -> Result<Option<Zoned>, Rejection> {
    let (true, Some(date), Some(time)) = (visit.booked, &visit.date, &visit.time_slot) else {
        return Ok(None);
    };
    let zone = visit.timezone.as_deref().unwrap_or(DEFAULT_ZONE);
    let bad_visit = |field: &str| bad_date("the site visit is not a real date, time and zone", field);
    let date: Date = date.parse().map_err(|_| bad_visit("site_visit.date"))?;
    let time: Time = time.parse().map_err(|_| bad_visit("site_visit.time_slot"))?;
    let zone = TimeZone::get(zone).map_err(|_| bad_visit("site_visit.timezone"))?;
    let start = date
        .to_datetime(time)
        .to_zoned(zone)
        .map_err(|_| bad_visit("site_visit.date"))?;
    Ok(Some(start))
}

fn bad_date(message: &str, field: &str) -> Rejection {
    Rejection::new("bad-date", message).field(field, "cannot be understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(date: &str, time: &str, zone: Option<&str>) -> SiteVisit {
        SiteVisit {
            booked: true,
            date: Some(date.into()),
            time_slot: Some(time.into()),
            timezone: zone.map(Into::into),
        }
    }

    #[test]
    fn visits_start_in_their_own_zone() {
        let cases = [
            (visit("2026-07-05", "11:00", None), "2026-07-05T11:00:00+05:30"),
            (
                visit("2026-07-05", "11:00", Some("Asia/Kolkata")),
                "2026-07-05T11:00:00+05:30",
            ),
            (
                visit("2026-07-05", "11:00", Some("America/New_York")),
                "2026-07-05T11:00:00-04:00",
            ),
            (
                visit("2026-12-05", "11:00", Some("America/New_York")),
                "2026-12-05T11:00:00-05:00",
            ),
            (
                visit("2028-02-29", "00:00", Some("Asia/Kathmandu")),
                "2028-02-29T00:00:00+05:45",
            ),
        ];
        for (visit, starts) in cases {
            assert_eq!(rfc3339(&visit_start(&visit).unwrap().unwrap()), starts);
        }
    }

    #[test]
    fn visits_without_time_have_no_start() {
        let fixed = visit("2026-07-05", "11:00", None);
        let unfixed = [
            SiteVisit::default(),
            SiteVisit {
                booked: false,
                ..fixed.clone()
            },
            SiteVisit {
                date: None,
                ..fixed.clone()
            },
            SiteVisit {
                time_slot: None,
                ..fixed
            },
        ];
        for visit in unfixed {
            assert_eq!(visit_start(&visit), Ok(None));
        }
    }

    #[test]
    fn invalid_visits_name_their_field() {
        let cases = [
            (visit("2026-02-30", "11:00", None), "site_visit.date"),
            (visit("tomorrow", "11:00", None), "site_visit.date"),
            (visit("2026-07-05", "25:00", None), "site_visit.time_slot"),
            (visit("2026-07-05", "morning", None), "site_visit.time_slot"),
            (
                visit("2026-07-05", "11:00", Some("Bharat/Delhi")),
                "site_visit.timezone",
            ),
        ];
        for (visit, field) in cases {
            let refused = visit_start(&visit).unwrap_err();
            assert_eq!(refused.fields[0].field, field);
        }
    }

    #[test]
    fn reads_and_writes_indian_dates() {
        let read = parse_ist("%d/%m/%Y %H:%M", "05/07/2026 16:30").unwrap();
        assert_eq!(rfc3339(&read), "2026-07-05T16:30:00+05:30");
        for text in [
            "31/02/2026 16:30",
            "05/07/2026",
            "05/07/2026 24:30",
            "",
            "05/07/2026 16:30:99",
        ] {
            assert_eq!(parse_ist("%d/%m/%Y %H:%M", text), None, "{text}");
        }
        assert!(in_ist("2026-07-01 yesterday").is_err());
    }
}
