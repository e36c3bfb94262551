//! Arithmetic on times that saturates at the beginning and the end of time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `now` and `wait` together, at most the end of time.
#[must_use]
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// `now` without `age`, at least the beginning of time.
#[must_use]
pub fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MIN)
}
