//! The fakes' own time. They are other parties than the host, so they do not share its clock: a test that moves the
//! host's time by an hour has not moved the CRM's.
#![expect(
    clippy::disallowed_methods,
    reason = "a fake is a server of its own and keeps real time unless its configuration says otherwise"
)]

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

/// Tells a fake what time it is.
#[derive(Clone)]
pub struct ServerClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl ServerClock {
    /// The machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// Always the same moment.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// Whatever `now` says, such as a test's manual clock.
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

/// Waits in real time: how a slow server is slow.
pub(super) async fn pause(delay: Duration) {
    tokio::time::sleep(delay).await;
}
