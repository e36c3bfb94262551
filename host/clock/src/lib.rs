//! Time as an argument (promise 11). Only this crate asks the operating system for the time.

mod lock;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use jackfield_domain::time::{after, before};
use jiff::Timestamp;
use tokio::sync::oneshot;

pub use lock::lock;

/// A clock, which also waits.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Returns once it is `deadline` or later.
    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// Runs `work` for at most `limit` of the clock's time. If it takes longer, `work` is dropped and the result is `None`.
pub async fn timeout<T>(clock: &dyn Clock, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let deadline = clock.sleep_until(after(clock.now(), limit));
    tokio::select! {
        biased;
        result = work => Some(result),
        () = deadline => None,
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let wait = Duration::try_from(deadline.duration_since(self.now())).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(wait))
    }
}

/// A clock that moves only when it is advanced: the second implementation, for tests and simulations.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Manual>>);

#[derive(Debug)]
struct Manual {
    now: Timestamp,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    next: u64,
}

impl ManualClock {
    /// A clock that starts at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Manual {
            now,
            sleepers: BTreeMap::new(),
            next: 0,
        })))
    }

    /// Advances the time and wakes the sleepers whose deadlines have passed, the earliest first.
    pub fn advance(&self, by: Duration) {
        let to = after(self.now(), by);
        self.with(|manual| {
            manual.now = to;
            let later = manual.sleepers.split_off(&(to, u64::MAX));
            for (_, waker) in std::mem::replace(&mut manual.sleepers, later) {
                // The sleeper may have been dropped.
                let _ = waker.send(());
            }
        });
    }

    /// The earliest deadline of a sleeper.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.with(|manual| {
            manual.sleepers.retain(|_, waker| !waker.is_closed());
            manual.sleepers.keys().next().map(|(at, _)| *at)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Manual) -> T) -> T {
        change(&mut lock(&self.0))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.with(|manual| manual.now)
    }

    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let woken = self.with(|manual| {
            let (waker, woken) = oneshot::channel();
            if deadline <= manual.now {
                let _ = waker.send(());
            } else {
                manual.next += 1;
                let key = (deadline, manual.next);
                manual.sleepers.insert(key, waker);
            }
            woken
        });
        Box::pin(async {
            // The sender is dropped only with the clock itself, and then nobody can advance it.
            let _ = woken.await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_at_their_deadline() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut sleep = clock.sleep_until(Timestamp::from_second(10).unwrap());
        clock.advance(Duration::from_secs(9));
        assert!(futures_util::poll!(&mut sleep).is_pending());
        assert_eq!(clock.next_wake(), Some(Timestamp::from_second(10).unwrap()));
        clock.advance(Duration::from_secs(1));
        sleep.await;
        assert_eq!(clock.next_wake(), None);
    }

    #[tokio::test]
    async fn a_timeout_uses_the_clocks_time() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        assert_eq!(timeout(&clock, Duration::from_secs(1), async { 5 }).await, Some(5));
        let hanging = timeout(&clock, Duration::from_secs(1), std::future::pending::<()>());
        let mut hanging = std::pin::pin!(hanging);
        assert!(futures_util::poll!(&mut hanging).is_pending());
        clock.advance(Duration::from_secs(1));
        assert_eq!(hanging.await, None);
    }
}
