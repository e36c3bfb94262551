//! The pause that a destination asks for in the headers of its response.
//!
//! Three forms are recognized: `Retry-After` (RFC 9110) on 429 and 503; `X-RateLimit-Remaining: 0` with
//! `X-RateLimit-Reset`, with any status; and the same without the `X-` (the IETF's drafts). There is no standard for
//! the second: some servers send a number of seconds as the reset, others a point in time.

use std::time::Duration;

use jiff::Timestamp;

use super::retry::{MAX_THROTTLE, due, throttle_end};

/// Prefixes of the names of rate-limit headers.
const FAMILIES: [&str; 3] = ["ratelimit", "x-ratelimit", "x-rate-limit"];
/// From this value on, a reset is in seconds since 1970 and not in seconds from now: September 2001, or 31 years.
const FIRST_EPOCH: u64 = 1_000_000_000;
/// From this value on, a reset is in milliseconds since 1970: September 2001 again, or the year 33,658 in seconds.
const FIRST_EPOCH_MILLIS: u64 = 1_000_000_000_000;

/// Until when nothing more should be sent, from a response's status and headers; `header` returns the value of the
/// first header with a lower-case name. None if the response asks for no pause, or for one that cannot be parsed or is
/// over. A pause is at most a day, as long as a rate limit may hold a delivery.
#[must_use]
pub fn until<'a>(status: u16, header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Option<Timestamp> {
    let refused = matches!(status, 429 | 503);
    // Retry-After is about this refusal; the other headers describe a quota, which may be a different one.
    let until = header("retry-after")
        .filter(|_| refused)
        .and_then(|value| retry_after(value, now))
        .or_else(|| {
            FAMILIES
                .iter()
                .find_map(|family| quota_reset(family, status, &header, now))
        })?;
    Some(until.min(throttle_end(now))).filter(|until| *until > now)
}

/// A number of seconds, or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    match seconds(value) {
        Some(seconds) => Some(in_seconds(now, seconds)),
        None => httpdate::parse_http_date(value).ok()?.try_into().ok(),
    }
}

/// When an exhausted quota is available again.
fn quota_reset<'a>(
    family: &str,
    status: u16,
    header: &impl Fn(&str) -> Option<&'a str>,
    now: Timestamp,
) -> Option<Timestamp> {
    let number = |name: &str| header(&format!("{family}-{name}")).and_then(seconds);
    let used_up = match header(&format!("{family}-remaining")) {
        Some(_) => number("remaining") == Some(0),
        // A server that refuses and sends no count.
        None => status == 429,
    };
    let reset = number("reset").filter(|_| used_up)?;
    match reset {
        FIRST_EPOCH_MILLIS.. => Timestamp::from_millisecond(reset.try_into().ok()?).ok(),
        FIRST_EPOCH.. => Timestamp::from_second(reset.try_into().ok()?).ok(),
        _ => Some(in_seconds(now, reset)),
    }
}

/// Parses digits only; a number that does not fit counts as infinite.
fn seconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// `seconds` from now, at most a day: a destination may send any number.
fn in_seconds(now: Timestamp, seconds: u64) -> Timestamp {
    due(now, Duration::from_secs(seconds).min(MAX_THROTTLE), 0.0)
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
            ("1.5", None),
            ("+5", None),
            ("soon", None),
            ("", None),
            ("5 seconds", None),
            ("٣", None),
            ("Wed, 01 Jul 2026 09:00:30 GMT", Some(30)),
            ("Wednesday, 01-Jul-26 09:00:30 GMT", Some(30)),
            ("Wed Jul  1 09:00:30 2026", Some(30)),
            ("Thu, 02 Jul 2099 09:00:30 GMT", Some(86_400)),
            ("Wed, 01 Jul 2026 08:59:59 GMT", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("Wed, 99 Jul 2026 09:00:30 GMT", None),
            ("2026-07-01T09:00:30Z", None),
        ] {
            assert_eq!(pause(429, &[("retry-after", value)]), expected, "{value}");
            assert_eq!(pause(503, &[("retry-after", value)]), expected, "{value}");
            assert_eq!(
                pause(200, &[("retry-after", value)]),
                None,
                "{value}: nothing was refused"
            );
        }
    }

    #[test]
    fn an_exhausted_quota_pauses_until_its_reset() {
        for family in ["x-ratelimit", "ratelimit", "x-rate-limit"] {
            let (remaining, reset) = (&*format!("{family}-remaining"), &*format!("{family}-reset"));
            for (left, until, expected) in [
                ("0", "60", Some(60)),
                ("0", "1782896430", Some(30)),
                ("0", "1782896430000", Some(30)),
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
            assert_eq!(pause(429, &[(reset, "60")]), Some(60), "{family} without a count");
            assert_eq!(pause(200, &[(reset, "60")]), None, "{family} without a count");
            assert_eq!(pause(200, &[(remaining, "0")]), None, "{family} without a reset");
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
