//! What listings and filters have in common on the command line.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Serialize;

use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};

/// Which page.
#[derive(Debug, Args, Serialize)]
pub(super) struct Paging {
    /// Rows, 1 to 200.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on after the page before, with the cursor that it ended with.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

/// A time, or how long ago: `2h` is two hours before now.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let ago = |span: Span| SystemClock.now().to_zoned(TimeZone::UTC).checked_sub(span).ok();
    let past = |at: &jiff::Zoned| at.timestamp() <= SystemClock.now();
    text.parse()
        .ok()
        .or_else(|| Some(ago(text.parse().ok()?).filter(past)?.timestamp()))
        .ok_or_else(|| {
            "must be a time with an offset, such as 2026-07-01T14:32:00+05:30, or how long ago: 90m, 2h, 7d".into()
        })
}

/// A rate as people write it, `5/s`, `30/m` or `100/h`; a number alone is per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let (number, per) = match text.split_once('/') {
        None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
        Some((number, "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3600.0),
        Some(_) => (text, 1.0),
    };
    let rate = number.parse::<f64>().ok().map(|number| number / per);
    rate.filter(|rate| (0.001..=1000.0).contains(rate))
        .ok_or_else(|| "must be like 5/s, 30/m or 100/h, from 4/h to 1000/s".into())
}

fn word<T: Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
    from_word: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(move |word| from_word(&word).ok_or("is not known"))
}

/// The words of a [`DeliveryState`].
pub(super) fn state() -> impl TypedValueParser<Value = DeliveryState> {
    word(DeliveryState::ALL.map(DeliveryState::word), DeliveryState::from_word)
}

/// The words of a [`DeliveryKind`].
pub(super) fn kind() -> impl TypedValueParser<Value = DeliveryKind> {
    word(DeliveryKind::ALL.map(DeliveryKind::word), DeliveryKind::from_word)
}

/// The words of a [`StopReason`].
pub(super) fn reason() -> impl TypedValueParser<Value = StopReason> {
    word(StopReason::ALL.map(StopReason::word), StopReason::from_word)
}

/// The words of a [`AttemptClass`].
pub(super) fn class() -> impl TypedValueParser<Value = AttemptClass> {
    word(AttemptClass::ALL.map(AttemptClass::word), AttemptClass::from_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_while_ago() {
        assert_eq!(moment("1970-01-01T05:30:00+05:30"), Ok(Timestamp::UNIX_EPOCH));
        let now = SystemClock.now();
        for (text, seconds) in [("2h", 7200), ("90m", 5400), ("7d", 604_800)] {
            let ago = now.duration_since(moment(text).unwrap()).as_secs();
            assert!((seconds - 60..=seconds + 60).contains(&ago), "{text}: {ago}");
        }
        for wrong in ["yesterday", "2026-07-01", "-2h", ""] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_has_a_unit() {
        for (text, per_second) in [("5/s", 5.0), ("5", 5.0), ("30/m", 0.5), ("3600/h", 1.0)] {
            assert_eq!(rate(text), Ok(per_second), "{text}");
        }
        for wrong in ["0/s", "fast", "5/d", "-1/s", "NaN", "1/h", "1001/s", "/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
