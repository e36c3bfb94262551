//! The pause that a destination asks for in the headers of its response.
//!
//! Three forms are recognized: `Retry-After` (RFC 9110) where something was refused; `X-RateLimit-Remaining: 0` with
//! `X-RateLimit-Reset`, with any status; and `RateLimit` of the IETF's drafts, in one header or in several. Only the
//! first is a standard, and servers do not keep to it: any wish that can be read counts, as seconds with or without a
//! fraction and a unit, as a point in time since 1970 in seconds or milliseconds, or as a date.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::retry::{MAX_THROTTLE, due, throttle_end};

/// Headers that ask for a wait.
const WAITS: [&str; 4] = [
    "retry-after",
    "x-retry-after",
    "x-ratelimit-retry-after",
    "x-rate-limit-retry-after",
];
/// The same in milliseconds.
const WAITS_IN_MILLIS: [&str; 3] = ["retry-after-ms", "x-retry-after-ms", "x-ms-retry-after-ms"];
/// Prefixes of the names of rate-limit headers.
const FAMILIES: [&str; 3] = ["ratelimit", "x-ratelimit", "x-rate-limit"];
/// From this value on, a reset is in seconds since 1970 and not in seconds from now: September 2001, or 31 years.
const FIRST_EPOCH: f64 = 1e9;
/// From this value on, a reset is in milliseconds since 1970: September 2001 again, or the year 33,658 in seconds.
const FIRST_EPOCH_MILLIS: f64 = 1e12;

/// Until when nothing more should be sent, from a response's status and headers; `header` returns the value of the
/// first header with a lower-case name. None if the response asks for no pause, or for one that cannot be parsed or is
/// over. A pause is at most a day, as long as a rate limit may hold a delivery.
#[must_use]
pub fn until<'a>(status: u16, header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Option<Timestamp> {
    // Retry-After is about this refusal; the other headers describe a quota, which may be a different one.
    let refused = status >= 400;
    let wait = || {
        let in_millis = |name: &str| Some(in_seconds(now, number(header(name)?)? / 1000.0));
        let seconds = WAITS.iter().find_map(|name| wait_end(header(name)?, now));
        seconds.or_else(|| WAITS_IN_MILLIS.iter().find_map(|name| in_millis(name)))
    };
    let quota = || {
        FAMILIES
            .iter()
            .find_map(|family| quota_reset(family, status, &header, now))
    };
    let until = refused.then(wait).flatten().or_else(quota)?;
    Some(until.min(throttle_end(now))).filter(|until| *until > now)
}

/// The end of a wait: a number of seconds, or a point in time. A number too large to be one counts as infinite.
fn wait_end(value: &str, now: Timestamp) -> Option<Timestamp> {
    let endless = || number(value).map(|seconds| in_seconds(now, seconds));
    instant(value, now).or_else(endless)
}

/// When an exhausted quota is available again.
fn quota_reset<'a>(
    family: &str,
    status: u16,
    header: &impl Fn(&str) -> Option<&'a str>,
    now: Timestamp,
) -> Option<Timestamp> {
    let named = |name: &str| header(&format!("{family}-{name}"));
    let separate = Quota {
        remaining: named("remaining"),
        reset: named("reset").or_else(|| named("reset-after")),
    };
    let combined = header(family).map(Quota::list).unwrap_or_default();
    let mut quotas = combined.into_iter().chain([separate]);
    quotas.find_map(|quota| quota.exhausted_until(status, now))
}

/// What a server says about one quota.
#[derive(Debug, Clone, Copy, Default)]
struct Quota<'a> {
    remaining: Option<&'a str>,
    reset: Option<&'a str>,
}

impl<'a> Quota<'a> {
    /// The quotas in a `RateLimit` header: `limit=100, remaining=0, reset=30` in the older drafts, which knew one, and
    /// `"minute";r=0;t=30, "day";r=7;t=900` in the newer ones.
    fn list(value: &'a str) -> Vec<Self> {
        let (mut named, mut listed) = (Self::default(), vec![]);
        for item in value.split(',') {
            let mut quota = Self::default();
            for (name, value) in item.split(';').filter_map(|part| part.split_once('=')) {
                match name.trim().to_ascii_lowercase().as_str() {
                    "r" => quota.remaining = Some(value),
                    "t" => quota.reset = Some(value),
                    "remaining" => named.remaining = Some(value),
                    "reset" => named.reset = Some(value),
                    _ => {}
                }
            }
            listed.push(quota);
        }
        listed.push(named);
        listed
    }

    fn exhausted_until(self, status: u16, now: Timestamp) -> Option<Timestamp> {
        let used_up = match self.remaining {
            // Exactly none: a server that counts in fractions may have a part of a request left.
            Some(remaining) => number(remaining).is_some_and(|remaining| remaining <= 0.0),
            // A server that refuses and sends no count.
            None => matches!(status, 403 | 429 | 503),
        };
        instant(self.reset.filter(|_| used_up)?, now)
    }
}

/// A point in time: a number of seconds from now, a number of seconds or milliseconds since 1970, or a date.
fn instant(value: &str, now: Timestamp) -> Option<Timestamp> {
    match number(value) {
        Some(millis) if millis >= FIRST_EPOCH_MILLIS => since_1970(millis),
        Some(seconds) if seconds >= FIRST_EPOCH => since_1970(seconds * 1000.0),
        Some(seconds) => Some(in_seconds(now, seconds)),
        None => date(unquoted(value)),
    }
}

/// A date as HTTP, mail (with an offset) and RFC 3339 write it.
fn date(text: &str) -> Option<Timestamp> {
    let http = httpdate::parse_http_date(text)
        .ok()
        .and_then(|time| time.try_into().ok());
    let http = http.or_else(|| rfc2822::parse(text).ok().map(|time| time.timestamp()));
    http.or_else(|| text.parse().ok())
}

/// A number that is not negative, in seconds unless a unit follows: `30`, `1.5`, `120s`, `5 seconds`, `1500ms`.
fn number(value: &str) -> Option<f64> {
    let value = unquoted(value);
    let end = value
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(value.len());
    let (digits, unit) = value.split_at(end);
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 0.001,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3600.0,
        _ => return None,
    };
    // `1.` and `.5` are numbers to somebody; `.` and `1.2.3` to nobody.
    digits.parse::<f64>().ok().map(|number| number * scale)
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"').trim()
}

fn since_1970(millis: f64) -> Option<Timestamp> {
    let nanos = Duration::try_from_secs_f64(millis / 1000.0).ok()?.as_nanos();
    Timestamp::from_nanosecond(i128::try_from(nanos).ok()?).ok()
}

/// `seconds` from now, at most a day: a destination may send any number.
fn in_seconds(now: Timestamp, seconds: f64) -> Timestamp {
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(MAX_THROTTLE);
    due(now, wait.min(MAX_THROTTLE), 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-07-01T09:00:00Z.
    const NOW: i64 = 1_782_896_400;

    /// Seconds of the pause that a response asks for.
    fn pause(status: u16, headers: &[(&str, &str)]) -> Option<i64> {
        let now = Timestamp::from_second(NOW).unwrap();
        let header = |name: &str| {
            headers
                .iter()
                .find(|(given, _)| *given == name)
                .map(|(_, value)| *value)
        };
        until(status, header, now).map(|until| until.duration_since(now).as_secs())
    }

    #[test]
    fn every_form_of_retry_after() {
        for (value, expected) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("0", None),
            ("-5", None),
            ("1.5", Some(1)),
            ("30.9", Some(30)),
            ("\"30\"", Some(30)),
            ("+5", None),
            ("soon", None),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("1,5", None),
            ("5 seconds", Some(5)),
            ("120s", Some(120)),
            ("2500ms", Some(2)),
            ("2 m", Some(120)),
            ("5 parsecs", None),
            ("1782896430", Some(30)),
            ("1782896430.7", Some(30)),
            ("1782896430000", Some(30)),
            ("٣", None),
            ("Wed, 01 Jul 2026 09:00:30 GMT", Some(30)),
            ("Wednesday, 01-Jul-26 09:00:30 GMT", Some(30)),
            ("Wed Jul  1 09:00:30 2026", Some(30)),
            ("Thu, 02 Jul 2099 09:00:30 GMT", Some(86_400)),
            ("Wed, 01 Jul 2026 08:59:59 GMT", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("Wed, 99 Jul 2026 09:00:30 GMT", None),
            ("2026-07-01T09:00:30Z", Some(30)),
            ("2026-07-01T14:30:30+05:30", Some(30)),
            ("Wed, 01 Jul 2026 14:30:30 +0530", Some(30)),
        ] {
            assert_eq!(pause(429, &[("retry-after", value)]), expected, "{value}");
            for status in [403, 423, 500, 503] {
                assert_eq!(pause(status, &[("retry-after", value)]), expected, "{value}");
            }
            assert_eq!(
                pause(200, &[("retry-after", value)]),
                None,
                "{value}: nothing was refused"
            );
        }
    }

    #[test]
    fn exhausted_quotas_pause_until_reset() {
        for family in ["x-ratelimit", "ratelimit", "x-rate-limit"] {
            let (remaining, reset) = (&*format!("{family}-remaining"), &*format!("{family}-reset"));
            for (left, until, expected) in [
                ("0", "60", Some(60)),
                ("0", "1782896430", Some(30)),
                ("0", "1782896430000", Some(30)),
                ("0", "1782896430.25", Some(30)),
                ("0", "30.25", Some(30)),
                ("0", "30s", Some(30)),
                ("0.0", "60", Some(60)),
                ("0.5", "60", None),
                ("0", "Wed, 01 Jul 2026 09:00:30 GMT", Some(30)),
                ("0", "2026-07-01T09:00:30Z", Some(30)),
                ("0", "1782896399", None),
                ("0", "1782896399000", None),
                ("0", "0", None),
                ("0", "4000000000", Some(86_400)),
                ("0", "99999999999999999999999", None),
                ("0", "-60", None),
                ("0", "never", None),
                ("1", "60", None),
                ("none", "60", None),
                ("-1", "60", None),
            ] {
                let headers = [(remaining, left), (reset, until)];
                assert_eq!(pause(200, &headers), expected, "{family} {left} {until}");
                assert_eq!(pause(429, &headers), expected, "{family} {left} {until}");
            }
            for status in [403, 429, 503] {
                assert_eq!(pause(status, &[(reset, "60")]), Some(60), "{family} without a count");
            }
            assert_eq!(pause(401, &[(reset, "60")]), None, "{family} without a count");
            let after = &*format!("{family}-reset-after");
            assert_eq!(pause(200, &[(remaining, "0"), (after, "1.5")]), Some(1), "{family}");
            assert_eq!(pause(200, &[(reset, "60")]), None, "{family} without a count");
            assert_eq!(pause(200, &[(remaining, "0")]), None, "{family} without a reset");
        }
    }

    #[test]
    fn every_form_of_the_combined_header() {
        for (value, expected) in [
            ("limit=100, remaining=0, reset=30", Some(30)),
            ("limit=100,remaining=5,reset=30", None),
            ("\"default\";r=0;t=30", Some(30)),
            ("\"default\"; r=0; t=30", Some(30)),
            ("\"default\";r=50;t=30", None),
            ("\"minute\";r=3;t=9, \"day\";r=0;t=300", Some(300)),
            ("\"default\";r=0", None),
            ("nonsense", None),
            ("", None),
        ] {
            for status in [200, 429] {
                assert_eq!(pause(status, &[("ratelimit", value)]), expected, "{status} {value}");
            }
        }
    }

    #[test]
    fn vendors_waits_are_kept() {
        for (name, value, expected) in [
            ("retry-after-ms", "1500", Some(1)),
            ("x-ms-retry-after-ms", "90000", Some(90)),
            ("x-retry-after", "7", Some(7)),
            ("x-ratelimit-retry-after", "7", Some(7)),
        ] {
            assert_eq!(pause(429, &[(name, value)]), expected, "{name}");
            assert_eq!(pause(200, &[(name, value)]), None, "{name}: nothing was refused");
        }
    }

    #[test]
    fn retry_after_overrides_the_quota() {
        let quota = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "60")];
        let both = [("retry-after", "5"), quota[0], quota[1]];
        assert_eq!(pause(429, &both), Some(5));
        assert_eq!(pause(200, &both), Some(60), "on a success only the quota counts");
        let unreadable = [("retry-after", "soon"), quota[0], quota[1]];
        assert_eq!(pause(429, &unreadable), Some(60));
    }

    proptest! {
        #[test]
        fn a_pause_is_at_most_a_day(status: u16, value: String, number: u64, now in 0..4_000_000_000_i64) {
            let now = Timestamp::from_second(now).unwrap();
            for text in [value, number.to_string()] {
                let header = |name: &str| Some(if name.ends_with("remaining") { "0" } else { text.as_str() });
                if let Some(until) = until(status, header, now) {
                    prop_assert!(until > now && until <= throttle_end(now));
                }
            }
        }
    }
}
