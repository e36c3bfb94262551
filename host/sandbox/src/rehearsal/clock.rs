//! A clock that can be moved forward.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use jackfield_clock::{Clock, SharedClock};

/// A running clock that a bench can move forward, so that nobody waits for a CRM that is only simulated as slow.
#[derive(Debug)]
pub struct SkippingClock {
    base: SharedClock,
    /// Milliseconds that it is ahead of its base.
    ahead: AtomicI64,
    /// The part of them that was skipped since the clock was made.
    skipped: AtomicU64,
}

impl SkippingClock {
    /// A clock that starts at `now`.
    pub fn new(base: SharedClock, now: Timestamp) -> Self {
        let ahead = AtomicI64::new(now.as_millisecond().saturating_sub(base.now().as_millisecond()));
        Self {
            base,
            ahead,
            skipped: AtomicU64::new(0),
        }
    }

    /// Moves the clock forward.
    pub fn skip(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(millis, Ordering::Relaxed);
        self.skipped.fetch_add(millis.unsigned_abs(), Ordering::Relaxed);
    }

    /// How far the clock has been moved forward.
    pub fn skipped(&self) -> Duration {
        Duration::from_millis(self.skipped.load(Ordering::Relaxed))
    }

    fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed))
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        self.base.now().saturating_add(self.ahead()).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let deadline = deadline.saturating_sub(self.ahead()).unwrap_or(Timestamp::MAX);
        self.base.sleep_until(deadline)
    }
}
