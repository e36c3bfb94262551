//! Time zones: when a tenant's day begins and ends, and which instant a local time is.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::time::rfc3339;

/// A time zone by its IANA name, such as `Asia/Kolkata`.
///
/// The rules are compiled into the host, whatever the machine has installed: every host of a fleet computes the same
/// day, and none reads a file for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name is not that of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{0}`; write its IANA name, like \"Asia/Kolkata\" or \"UTC\"")]
pub struct InvalidZone(String);

/// A day in a time zone: from its first instant to the first instant of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next day: 24 hours later or, when clocks change, usually 23 or 25.
    pub end: Timestamp,
}

impl Zone {
    /// The day that contains `now`.
    #[must_use]
    pub fn day(&self, now: Timestamp) -> Day {
        let local = now.to_zoned(self.0.clone());
        // The first and the last representable day have no midnight on one side; they end at the limit of `Timestamp`.
        let start = local.start_of_day().map_or(Timestamp::MIN, |start| start.timestamp());
        let tomorrow = local.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
        Day {
            start,
            end: tomorrow.map_or(Timestamp::MAX, |end| end.timestamp()),
        }
    }
}

/// A text that is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the calendar")]
pub struct InvalidTime;

/// The form of a local time: a `d` for each digit.
const LOCAL_FORM: &[u8] = b"dddd-dd-ddTdd:dd";

impl Zone {
    /// The instant of a local time, `YYYY-MM-DDTHH:MM[:SS[.fraction]]`, as RFC 3339 with the zone's offset.
    ///
    /// A time in a gap is moved forward by the gap's length, and of a time that exists twice the earlier is meant, as
    /// in RFC 5545.
    ///
    /// # Errors
    /// The text does not have this form, or the calendar has no such time.
    pub fn instant(&self, local: &str) -> Result<String, InvalidTime> {
        let (minutes, rest) = local.as_bytes().split_at_checked(LOCAL_FORM.len()).ok_or(InvalidTime)?;
        let fits = |(byte, form): (&u8, &u8)| {
            if *form == b'd' {
                byte.is_ascii_digit()
            } else {
                byte == form
            }
        };
        let is_second = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
        if !minutes.iter().zip(LOCAL_FORM).all(fits) || !rest.iter().all(is_second) {
            return Err(InvalidTime);
        }
        let local: DateTime = local.parse().map_err(|_| InvalidTime)?;
        // jiff's default is RFC 5545's rule.
        let zoned = local.to_zoned(self.0.clone()).map_err(|_| InvalidTime)?;
        Ok(rfc3339(zoned.timestamp(), zoned.offset()))
    }

    /// The local time of an instant in RFC 3339, as RFC 3339 with the zone's offset.
    ///
    /// # Errors
    /// The text is not an instant.
    pub fn local(&self, instant: &str) -> Result<String, InvalidTime> {
        let instant: Timestamp = instant.parse().map_err(|_| InvalidTime)?;
        Ok(rfc3339(instant, self.0.to_offset(instant)))
    }
}

impl Day {
    /// The day's length.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.duration_since(self.start).unsigned_abs()
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(name: &str) -> Result<Self, InvalidZone> {
        // Names without `/` are abbreviations, which mean several zones, or old names of the database.
        let is_name = name == "UTC" || name.contains('/');
        let zone = is_name.then(|| TimeZoneDatabase::bundled().get(name).ok()).flatten();
        zone.map(Self).ok_or_else(|| InvalidZone(name.to_owned()))
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidZone;

    fn try_from(name: String) -> Result<Self, InvalidZone> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.0.iana_name().unwrap_or("UTC").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn hours(zone: &Zone, date: jiff::civil::Date) -> f64 {
        let noon = zone.0.to_timestamp(date.at(12, 0, 0, 0)).unwrap();
        zone.day(noon).length().as_secs_f64() / 3600.0
    }

    /// The cases of `sdk/dates.json`, which the tests of every SDK read too.
    #[derive(Deserialize)]
    struct Cases {
        instants: Vec<Case>,
        locals: Vec<Case>,
        unknown_zones: Vec<String>,
        invalid_locals: Vec<String>,
        invalid_instants: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Case {
        zone: String,
        local: String,
        instant: String,
    }

    fn cases() -> Cases {
        serde_json::from_str(include_str!("../../../sdk/dates.json")).unwrap()
    }

    #[test]
    fn gaps_go_forward_and_folds_are_the_earlier() {
        for case in cases().instants {
            let found = zone(&case.zone).instant(&case.local);
            assert_eq!(
                found.as_deref(),
                Ok(case.instant.as_str()),
                "{} {}",
                case.zone,
                case.local
            );
        }
        for wrong in cases().invalid_locals {
            assert_eq!(zone("Asia/Kolkata").instant(&wrong), Err(InvalidTime), "{wrong}");
        }
    }

    #[test]
    fn instants_have_local_times() {
        for case in cases().locals {
            let found = zone(&case.zone).local(&case.instant);
            assert_eq!(
                found.as_deref(),
                Ok(case.local.as_str()),
                "{} {}",
                case.zone,
                case.instant
            );
        }
        for wrong in cases().invalid_instants {
            assert_eq!(zone("UTC").local(&wrong), Err(InvalidTime), "{wrong}");
        }
    }

    #[test]
    fn abbreviations_and_other_texts_are_no_zones() {
        for wrong in cases().unknown_zones {
            assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_validated_and_round_trip() {
        for name in ["UTC", "Asia/Kolkata", "America/Argentina/Buenos_Aires"] {
            let text = serde_json::to_string(&zone(name)).unwrap();
            assert_eq!(text, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Zone>(&text).unwrap(), zone(name));
        }
        assert_eq!(serde_json::to_string(&Zone::default()).unwrap(), "\"UTC\"");
        for wrong in [
            "IST",
            "EST",
            "GMT",
            "India",
            "+05:30",
            "Asia/Dwarka",
            "",
            "../Asia/Kolkata",
        ] {
            let error = wrong.parse::<Zone>().unwrap_err().to_string();
            assert!(error.contains("IANA name"), "{error}");
        }
    }

    #[test]
    fn day_length_follows_clock_changes() {
        let date = jiff::civil::date;
        let lengths = [
            ("UTC", date(2026, 3, 29), 24.0),
            ("Asia/Kolkata", date(2026, 3, 29), 24.0),
            ("Europe/Berlin", date(2026, 3, 29), 23.0),
            ("Europe/Berlin", date(2026, 10, 25), 25.0),
            ("America/New_York", date(2026, 3, 8), 23.0),
            ("America/New_York", date(2026, 11, 1), 25.0),
            ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
            // Midnight itself is skipped: the day begins at one o'clock.
            ("America/Sao_Paulo", date(2018, 11, 4), 23.0),
            // The next calendar day was skipped.
            ("Pacific/Apia", date(2011, 12, 29), 24.0),
        ];
        for (name, date, expected) in lengths {
            let found = hours(&zone(name), date);
            assert!((found - expected).abs() < 1e-6, "{name} {date}: {found}");
        }
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let day = zone("Asia/Kolkata").day("2026-07-01T18:29:59Z".parse().unwrap());
        assert_eq!(day.start, "2026-06-30T18:30:00Z".parse().unwrap());
        assert_eq!(day.end, "2026-07-01T18:30:00Z".parse().unwrap());
    }

    proptest! {
        /// Days follow one another without a gap, and every instant belongs to exactly one.
        #[test]
        fn every_instant_belongs_to_one_day(
            name in prop::sample::select(vec![
                "UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Pacific/Apia",
                "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kiritimati",
            ]),
            second in 0_i64..4_000_000_000,
        ) {
            let (zone, now) = (zone(name), Timestamp::from_second(second).unwrap());
            let day = zone.day(now);
            prop_assert!(day.start <= now && now < day.end);
            prop_assert!((Duration::from_hours(20)..=Duration::from_hours(28)).contains(&day.length()));
            prop_assert_eq!(zone.day(day.start), day);
            prop_assert_eq!(zone.day(day.end).start, day.end);
            let last = day.end - SignedDuration::from_nanos(1);
            prop_assert_eq!(zone.day(last), day);
        }

        #[test]
        fn every_instant_has_a_day(second in Timestamp::MIN.as_second()..Timestamp::MAX.as_second()) {
            let now = Timestamp::from_second(second).unwrap();
            for name in ["UTC", "Asia/Kolkata", "America/New_York"] {
                let day = zone(name).day(now);
                prop_assert!(day.start <= now && now < day.end);
            }
        }
    }
}
