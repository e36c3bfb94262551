//! What the host looks at regularly: what may change outside this process, and memory that is no longer used.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::operator_token::TokenRecovery;
use crate::auth::Tokens;
use crate::observe::failures::StoreFailureLog;
use crate::tenants::Rollout;
use jackfield_clock::{self as clock, SharedClock};
use jackfield_store::SharedStore;

/// How often the host looks for releases and tokens that another host created, and for a token to recover.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Loads what changed outside this process, on other hosts over the same store and in the host's files, and returns
/// memory.
pub(super) struct RegularSync {
    pub rollout: Rollout,
    pub tokens: Arc<Tokens>,
    pub store: SharedStore,
    pub recovery: TokenRecovery,
    pub clock: SharedClock,
    pub failures: StoreFailureLog,
}

impl RegularSync {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = self.clock.sleep_until(clock::after(self.clock.now(), SYNC_INTERVAL)) => {}
                () = stop.cancelled() => return,
            }
            self.recovery.accept(&self.tokens, &self.store, &self.clock).await;
            // Tokens come first, because a release may have to be compiled, which takes long.
            if let Err(error) = self.tokens.refresh_if_changed().await {
                self.failures.failed(&error.to_string(), "tokens could not be read");
            }
            if let Err(error) = self.rollout.sync().await {
                self.failures.failed(&error.to_string(), "releases could not be read");
            }
            self.rollout.return_kept_memory().await;
        }
    }
}
