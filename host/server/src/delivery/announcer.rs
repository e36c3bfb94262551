//! Announces the alerts in the outbox: a log line at level `error` and a counter, for whoever is paged.
//!
//! Alerts are written in the transaction of what they report. Each is announced from there at least once: it is marked
//! after it was announced, so if a host is killed in between, its next start announces the alert again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::observe::metrics::Metrics;
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::id::AlertId;
use jackfield_store::{SharedStore, StoreError};

/// How often the outbox is read.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads the outbox of alerts.
#[derive(Debug)]
pub struct Announcer {
    store: SharedStore,
    clock: SharedClock,
    metrics: Metrics,
    /// Alerts that were announced but not marked, because the store failed. This process does not announce them again.
    unmarked: BTreeSet<AlertId>,
}

impl Announcer {
    /// An announcer of the alerts that no host has announced.
    #[must_use]
    pub const fn new(store: SharedStore, clock: SharedClock, metrics: Metrics) -> Self {
        Self {
            store,
            clock,
            metrics,
            unmarked: BTreeSet::new(),
        }
    }

    /// Announces at once, then at intervals, and a last time after `stop`. Cancel `stop` when nothing can raise alerts
    /// any more.
    pub async fn run(mut self, stop: CancellationToken) {
        let clock = Arc::clone(&self.clock);
        loop {
            let is_last = stop.is_cancelled();
            if let Err(error) = self.announce().await {
                tracing::warn!(%error, "alerts could not be read or marked as announced");
            }
            if is_last {
                return;
            }
            tokio::select! {
                () = clock.sleep_until(clock::after(clock.now(), INTERVAL)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Announces the alerts that no host has announced; returns how many there were.
    ///
    /// # Errors
    /// The store failed. This process does not announce the alerts that it announced before that again.
    pub async fn announce(&mut self) -> Result<usize, StoreError> {
        let mut announced = 0;
        loop {
            let alerts = self.store.unannounced_alerts().await?;
            if alerts.is_empty() {
                return Ok(announced);
            }
            for alert in &alerts {
                if !self.unmarked.insert(alert.id) {
                    continue;
                }
                let delivery = alert.delivery.map(|id| id.to_string());
                let (id, kind, tenant) = (alert.id, alert.kind, &alert.tenant);
                tracing::error!(alert = %id, %kind, %tenant, delivery, "{}", alert.message);
                self.metrics.alert_raised(&alert.tenant, alert.kind);
                announced += 1;
            }
            let ids: Vec<_> = alerts.iter().map(|alert| alert.id).collect();
            self.store.mark_announced(&ids, self.clock.now()).await?;
            self.unmarked.clear();
        }
    }
}
