//! What a call's requests may take of its time.
//!
//! A call has one wall-clock deadline, and each of its requests gets what is left of it, less a reserve in which the
//! guest can still say what it makes of an answer that did not come. So a CRM that hangs ends in a failure of the
//! adapter's choice, and only an adapter that itself takes too long is stopped.

use std::time::Duration;

use jiff::Timestamp;

use jackfield_clock::{SharedClock, after, timeout};

/// The share of the deadline that is kept for the guest: 50 ms of a status query's default second.
const RESERVE_SHARE: u32 = 20;
/// The most that is kept: enough for the slowest guest runtime to make an answer of what it has.
const MAX_RESERVE: Duration = Duration::from_millis(250);
/// The share of what is left that connecting may take, so that a CRM that is gone is told as `unreachable` (nothing was
/// sent) before the time for an answer has run out.
const CONNECT_SHARE: u32 = 2;

/// The time of one call, as its requests see it.
#[derive(Debug, Clone)]
pub struct TimeBudget {
    clock: SharedClock,
    until: Timestamp,
}

impl TimeBudget {
    /// The budget of a call that began at `begun` and has until `deadline` after that.
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

    /// What is left for requests; zero when it is used up.
    pub fn left(&self) -> Duration {
        Duration::try_from(self.until.duration_since(self.now())).unwrap_or_default()
    }

    /// Runs `work` while there is time; `None` if there was too little, and then it is dropped.
    pub async fn spend<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout(&*self.clock, self.left(), work).await
    }

    /// What is left for making a connection.
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
    fn what_is_left_shrinks_and_keeps_a_reserve() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let budget = |millis| {
            let deadline = Duration::from_millis(millis);
            TimeBudget::new(Arc::new(clock.clone()), Timestamp::UNIX_EPOCH, deadline)
        };
        let left = |millis| budget(millis).left().as_micros();
        assert_eq!([1, 1000, 5000, 60_000].map(left), [950, 950_000, 4_750_000, 59_750_000]);
        let call = budget(1000);
        clock.advance(Duration::from_millis(900));
        assert_eq!(call.left(), Duration::from_millis(50));
        assert_eq!(call.left_to_connect(), Duration::from_millis(25));
        clock.advance(Duration::from_mins(1));
        assert_eq!(call.left(), Duration::ZERO);
    }
}
