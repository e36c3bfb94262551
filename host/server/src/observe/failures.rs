//! The log of a store that fails: at most one line a second, however many requests and workers meet the failure.

use std::sync::{Arc, Mutex};

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::repetition::RepeatedFailure;

/// Logs the failures of a host's store. Clones share one limit.
#[derive(Debug, Clone)]
pub struct StoreFailureLog {
    clock: SharedClock,
    failure: Arc<Mutex<RepeatedFailure>>,
}

impl StoreFailureLog {
    /// A log without a failure yet.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        let failure = Arc::default();
        Self { clock, failure }
    }

    /// Logs that the store failed, unless a line of the last second says so. `while_doing` says what could not be done;
    /// the line counts the failures that had none.
    pub fn failed(&self, error: &str, while_doing: &str) {
        let unlogged = lock(&self.failure).add(self.clock.now());
        if let Some(unlogged) = unlogged {
            tracing::error!(error, unlogged, "the store failed: {while_doing}");
        }
    }
}
