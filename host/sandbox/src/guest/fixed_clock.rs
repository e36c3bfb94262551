//! A guest's clock that stands still.

use std::time::Duration;

use jiff::Timestamp;
use wasmtime_wasi::HostWallClock;

/// A clock that always shows the same time, so that a replay shows the guest the time of the recording.
pub struct FixedClock(Duration);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        let since = now.duration_since(Timestamp::UNIX_EPOCH);
        Self(Duration::try_from(since).unwrap_or_default())
    }
}

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}
