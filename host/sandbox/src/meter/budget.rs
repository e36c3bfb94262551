//! How much of an invocation's time its requests may use.
//!
//! An invocation has one wall-clock deadline. Each of its requests gets the time that is left, less a reserve in which
//! the guest can return its own failure when no answer came. So a CRM that hangs leads to a failure that the adapter
//! chose, and only an adapter that is slow itself is stopped.

use std::time::Duration;

use jiff::Timestamp;

use jackfield_clock::{SharedClock, after, timeout};

/// The share of the deadline that is reserved for the guest: 50 ms of a status query's default second.
const RESERVE_SHARE: u32 = 20;
/// The largest reserve: enough for the slowest guest runtime to return an answer.
const MAX_RESERVE: Duration = Duration::from_millis(250);
/// The share of the remaining time that connecting may use, so that a CRM that is down is reported as `unreachable`
/// (nothing was sent) before the time for an answer has run out.
const CONNECT_SHARE: u32 = 2;

/// The time that the requests of one invocation have.
#[derive(Debug, Clone)]
pub struct TimeBudget {
    clock: SharedClock,
    until: Timestamp,
}

impl TimeBudget {
    /// The budget of an invocation that started at `begun` and may take `deadline`.
    pub fn new(clock: SharedClock, begun: Timestamp, deadline: Duration) -> Self {
        let reserve = (deadline / RESERVE_SHARE).min(MAX_RESERVE);
        Self {
            clock,
            until: after(begun, deadline.saturating_sub(reserve)),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time that is left for requests; zero when it is used up.
    pub fn left(&self) -> Duration {
        Duration::try_from(self.until.duration_since(self.now())).unwrap_or_default()
    }

    /// Runs `work` while there is time; `None` if the time ran out, and then `work` is dropped.
    pub async fn spend<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout(&*self.clock, self.left(), work).await
    }

    /// The time that is left for connecting.
    pub fn left_to_connect(&self) -> Duration {
        self.left() / CONNECT_SHARE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use jackfield_clock::ManualClock;

    #[test]
    fn time_left_shrinks_and_keeps_a_reserve() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let budget = |millis| {
            let deadline = Duration::from_millis(millis);
            TimeBudget::new(Arc::new(clock.clone()), Timestamp::UNIX_EPOCH, deadline)
        };
        let left = |millis| budget(millis).left().as_micros();
        assert_eq!([1, 1000, 5000, 60_000].map(left), [950, 950_000, 4_750_000, 59_750_000]);
        let invocation = budget(1000);
        clock.advance(Duration::from_millis(900));
        assert_eq!(invocation.left(), Duration::from_millis(50));
        assert_eq!(invocation.left_to_connect(), Duration::from_millis(25));
        clock.advance(Duration::from_mins(1));
        assert_eq!(invocation.left(), Duration::ZERO);
    }
}
