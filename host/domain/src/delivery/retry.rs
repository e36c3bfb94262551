//! When the next attempt is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::time::after;

/// The longest that rate limits may hold back one delivery, in one wait or in a series.
pub const MAX_THROTTLE: Duration = Duration::from_hours(24);

/// Jitter adds at most this share to a wait, and never takes any away.
pub const MAX_JITTER: f64 = 0.1;

/// The waits before each counted attempt: the first after acceptance, each other one after the previous failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TextDuration>", into = "Vec<TextDuration>")]
pub struct RetryLadder(Vec<Duration>);

/// The ladder is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLadder {
    /// No rungs, or too many.
    #[error("a ladder has 1 to 20 waits, this one has {0}")]
    Rungs(usize),
    /// A wait that is too long.
    #[error("wait {0} is longer than 7 days")]
    TooLong(usize),
}

impl RetryLadder {
    /// A ladder of 1 to 20 waits of at most 7 days each.
    ///
    /// # Errors
    /// The list is empty or too long, or a wait is too long.
    pub fn new(waits: Vec<Duration>) -> Result<Self, InvalidLadder> {
        const WEEK: Duration = Duration::from_hours(168);
        if !(1..=20).contains(&waits.len()) {
            return Err(InvalidLadder::Rungs(waits.len()));
        }
        match waits.iter().position(|wait| *wait > WEEK) {
            Some(rung) => Err(InvalidLadder::TooLong(rung + 1)),
            None => Ok(Self(waits)),
        }
    }

    /// How many counted attempts there are.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.0.len()
    }

    /// The wait before the attempt that follows `counted` counted failures; none if the attempts are used up.
    #[must_use]
    pub fn wait(&self, counted: u32) -> Option<Duration> {
        self.0.get(usize::try_from(counted).ok()?).copied()
    }

    /// When the first attempt of a delivery accepted at `accepted` is due. There is one: a ladder is never empty.
    #[must_use]
    pub fn first_due(&self, accepted: Timestamp) -> Timestamp {
        after(accepted, self.0.first().copied().unwrap_or_default())
    }

    /// The waits, in order.
    #[must_use]
    pub fn waits(&self) -> &[Duration] {
        &self.0
    }
}

impl Default for RetryLadder {
    /// 0 s, 30 s, 2 min, 10 min, 60 min.
    fn default() -> Self {
        Self([0, 30, 120, 600, 3600].map(Duration::from_secs).into())
    }
}

/// A length of time as people write it in a file: `30s`, `2m`, `1h 30m`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TextDuration(pub Duration);

impl TryFrom<String> for TextDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let expected = || format!("`{text}` is not a length of time; write it like \"30s\", \"2m\" or \"1h 30m\"");
        let parsed = text.parse::<SignedDuration>().map_err(|_| expected())?;
        Duration::try_from(parsed).map(Self).map_err(|_| expected())
    }
}

impl From<TextDuration> for String {
    fn from(wait: TextDuration) -> String {
        SignedDuration::try_from(wait.0).map_or_else(|_| "0s".into(), |duration| format!("{duration:#}"))
    }
}

impl TryFrom<Vec<TextDuration>> for RetryLadder {
    type Error = InvalidLadder;

    fn try_from(waits: Vec<TextDuration>) -> Result<Self, InvalidLadder> {
        Self::new(waits.into_iter().map(|wait| wait.0).collect())
    }
}

impl From<RetryLadder> for Vec<TextDuration> {
    fn from(ladder: RetryLadder) -> Self {
        ladder.0.into_iter().map(TextDuration).collect()
    }
}

/// `now + wait`, with the wait lengthened by `jitter` (0 to 1) times [`MAX_JITTER`].
#[must_use]
pub fn due(now: Timestamp, wait: Duration, jitter: f64) -> Timestamp {
    let stretched = wait.mul_f64(1.0 + MAX_JITTER * jitter.clamp(0.0, 1.0));
    after(now, stretched)
}

/// How long to wait after the `throttles`-th rate limit in a row (from 0): as long as the destination asks, or 1 s
/// doubling to 60 s.
#[must_use]
pub fn throttle_wait(throttles: u32, retry_after: Option<Duration>) -> Duration {
    let doubling = || Duration::from_secs(1 << throttles.min(6)).min(Duration::from_mins(1));
    retry_after.unwrap_or_else(doubling).min(MAX_THROTTLE)
}

/// The waits after conflicts in a row. The conflict after the last of them is treated as `unavailable`.
const CONFLICT_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];

/// How long to wait after the `conflicts`-th conflict in a row (from 0); none once these waits are used up.
#[must_use]
pub fn conflict_wait(conflicts: u32) -> Option<Duration> {
    CONFLICT_WAITS.get(usize::try_from(conflicts).ok()?).copied()
}

/// When a series of rate limits that began at `since` has lasted [`MAX_THROTTLE`].
#[must_use]
pub fn throttle_end(since: Timestamp) -> Timestamp {
    since.saturating_add(MAX_THROTTLE).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_ladder() {
        let text = serde_json::to_string(&RetryLadder::default()).unwrap();
        insta::assert_snapshot!(text, @r#"["0s","30s","2m","10m","1h"]"#);
        assert_eq!(
            serde_json::from_str::<RetryLadder>(&text).unwrap(),
            RetryLadder::default()
        );
        assert_eq!(
            serde_json::from_str::<RetryLadder>(r#"["0s","30s","2m","10m","60m"]"#).unwrap(),
            RetryLadder::default()
        );
    }

    #[test]
    fn ladders_are_bounded() {
        assert_eq!(RetryLadder::new(vec![]), Err(InvalidLadder::Rungs(0)));
        assert_eq!(
            RetryLadder::new(vec![Duration::ZERO; 21]),
            Err(InvalidLadder::Rungs(21))
        );
        assert_eq!(
            RetryLadder::new(vec![Duration::ZERO, Duration::MAX]),
            Err(InvalidLadder::TooLong(2))
        );
        for wrong in [r#"["soon"]"#, r#"["-5s"]"#, "[5]"] {
            assert!(serde_json::from_str::<RetryLadder>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn throttle_waits_double_to_a_minute() {
        let waits: Vec<_> = (0..9).map(|n| throttle_wait(n, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle_wait(3, Some(Duration::from_secs(7))).as_secs(), 7);
        assert_eq!(throttle_wait(0, Some(Duration::from_secs(1_000_000))), MAX_THROTTLE);
    }

    #[test]
    fn jitter_only_lengthens_waits() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(due(now, Duration::from_secs(100), 0.0).as_second(), 100);
        assert_eq!(due(now, Duration::from_secs(100), 1.0).as_second(), 110);
        assert_eq!(due(now, Duration::from_secs(100), f64::INFINITY).as_second(), 110);
        assert_eq!(due(Timestamp::MAX, Duration::from_secs(100), 0.5), Timestamp::MAX);
    }
}
