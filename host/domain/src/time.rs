//! Saturating arithmetic on timestamps.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `now + wait`, at most [`Timestamp::MAX`].
#[must_use]
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// `now - age`, at least [`Timestamp::MIN`].
#[must_use]
pub fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MIN)
}
