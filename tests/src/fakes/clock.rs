//! The fakes' own clock. They are systems outside the host and do not share its clock: a test that advances the host
//! by an hour does not advance the CRM.
#![expect(
    clippy::disallowed_methods,
    reason = "a fake is a separate server, on real time unless its configuration sets another clock"
)]

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

/// The clock of a fake.
#[derive(Clone)]
pub struct ServerClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl ServerClock {
    /// The machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// A clock that stands still.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that reads `now`, such as a test's manual clock.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn get(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for ServerClock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for ServerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerClock({})", self.get())
    }
}

/// Waits in real time, for slow servers.
pub(super) async fn pause(delay: Duration) {
    tokio::time::sleep(delay).await;
}
