//! Tells what is in the outbox of alerts: a log line at level `error` and a counter, for whoever is paged.
//!
//! Alerts are written in the transaction of what they report, by whichever host it happened on. Telling them from
//! there, and not where they arise, forgets none: a dead letter that a lost lease led to is told like any other.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::id::AlertId;
use jackfield_store::{PageRequest, SharedStore, StoreError};

/// How often the outbox is looked into.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads the outbox of alerts.
#[derive(Debug)]
pub struct Announcer {
    store: SharedStore,
    clock: SharedClock,
    metrics: Metrics,
    told: AlertId,
}

impl Announcer {
    /// An announcer of the alerts that come from now on; those from before were told by the host that ran then, and
    /// stay listed until a person acknowledges them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn new(store: SharedStore, clock: SharedClock, metrics: Metrics) -> Result<Self, StoreError> {
        let newest = store.alerts(None, false, PageRequest { after: None, limit: 1 }).await?;
        let told = newest.items.first().map_or(AlertId(0), |alert| alert.id);
        Ok(Self {
            store,
            clock,
            metrics,
            told,
        })
    }

    /// Announces until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let clock = Arc::clone(&self.clock);
        loop {
            tokio::select! {
                () = clock.sleep_until(clock::after(clock.now(), INTERVAL)) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.announce().await {
                tracing::warn!(%error, "alerts could not be read");
            }
        }
    }

    /// Announces what is new; returns how many.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn announce(&mut self) -> Result<usize, StoreError> {
        let alerts = self.store.alerts_after(self.told).await?;
        for alert in &alerts {
            let delivery = alert.delivery.map(|id| id.to_string());
            let (id, kind, tenant) = (alert.id, alert.kind, &alert.tenant);
            tracing::error!(alert = %id, %kind, %tenant, delivery, "{}", alert.message);
            self.metrics.alert(&alert.tenant, alert.kind);
            self.told = alert.id;
        }
        Ok(alerts.len())
    }
}
