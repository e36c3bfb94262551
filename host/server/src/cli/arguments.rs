//! Arguments that several commands share: pages, times, rates, and words of the domain.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use jackfield_api::{DEFAULT_LIMIT, MAX_LIMIT, PageQuery, REPLAY_RATES};
use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};

/// Which page of a listing.
#[derive(Debug, Args)]
pub(super) struct PageArgs {
    #[arg(
        long,
        value_name = "N",
        help = format!("Rows, 1 to {MAX_LIMIT}"),
        default_value_t = DEFAULT_LIMIT,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT))
    )]
    pub limit: u32,
    /// Continue after the previous page: the cursor that it ended with.
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

impl PageArgs {
    /// The query of a listing that has no filter.
    pub fn query(self) -> PageQuery {
        PageQuery {
            after: self.after,
            limit: Some(self.limit),
        }
    }
}

/// Parses a time, or how long ago it was: `2h` is two hours before now.
pub(super) fn time_or_age(text: &str) -> Result<Timestamp, String> {
    let ago = |span: Span| SystemClock.now().to_zoned(TimeZone::UTC).checked_sub(span).ok();
    let past = |at: &jiff::Zoned| at.timestamp() <= SystemClock.now();
    text.parse()
        .ok()
        .or_else(|| Some(ago(text.parse().ok()?).filter(past)?.timestamp()))
        .ok_or_else(|| {
            "must be a time with an offset, such as 2026-07-01T14:32:00+05:30, or how long ago: 90m, 2h, 7d".into()
        })
}

/// Parses a rate, such as `5/s`, `30/m` or `100/h`, into a number a second. A number without a unit is per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let (number, per) = match text.split_once('/') {
        None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
        Some((number, "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3600.0),
        Some(_) => (text, 1.0),
    };
    let rate = number.parse::<f64>().ok().map(|number| number / per);
    rate.filter(|rate| REPLAY_RATES.contains(rate))
        .ok_or_else(|| "must be like 5/s, 30/m or 100/h, from 4/h to 1000/s".into())
}

/// A parser that accepts these words only; help texts list them.
fn word<T: Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
    from_word: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(move |word| from_word(&word).ok_or("unknown word"))
}

/// Parses the word of a [`DeliveryState`].
pub(super) fn state() -> impl TypedValueParser<Value = DeliveryState> {
    word(DeliveryState::ALL.map(DeliveryState::word), DeliveryState::from_word)
}

/// Parses the word of a [`DeliveryKind`].
pub(super) fn kind() -> impl TypedValueParser<Value = DeliveryKind> {
    word(DeliveryKind::ALL.map(DeliveryKind::word), DeliveryKind::from_word)
}

/// Parses the word of a [`StopReason`].
pub(super) fn reason() -> impl TypedValueParser<Value = StopReason> {
    word(StopReason::ALL.map(StopReason::word), StopReason::from_word)
}

/// Parses the word of an [`AttemptClass`].
pub(super) fn class() -> impl TypedValueParser<Value = AttemptClass> {
    word(AttemptClass::ALL.map(AttemptClass::word), AttemptClass::from_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_ages() {
        assert_eq!(time_or_age("1970-01-01T05:30:00+05:30"), Ok(Timestamp::UNIX_EPOCH));
        let now = SystemClock.now();
        for (text, seconds) in [("2h", 7200), ("90m", 5400), ("7d", 604_800)] {
            let ago = now.duration_since(time_or_age(text).unwrap()).as_secs();
            assert!((seconds - 60..=seconds + 60).contains(&ago), "{text}: {ago}");
        }
        for wrong in ["yesterday", "2026-07-01", "-2h", ""] {
            assert!(time_or_age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_have_units() {
        for (text, per_second) in [("5/s", 5.0), ("5", 5.0), ("30/m", 0.5), ("3600/h", 1.0)] {
            assert_eq!(rate(text), Ok(per_second), "{text}");
        }
        for wrong in ["0/s", "fast", "5/d", "-1/s", "NaN", "1/h", "1001/s", "/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
