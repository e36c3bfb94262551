//! Keeps this host in step with the store: loads the releases that became active at another host, or before this one
//! started.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt as _};

use super::Rollout;
use super::apply_error::{ApplyError, with_causes};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::StoreError;

/// Releases that are loaded concurrently. A load waits for the database about as long as it computes.
const CONCURRENT_LOADS: usize = 8;

impl Rollout {
    /// Loads the releases that became active at another host, or since this host last ran. If a release does not load,
    /// for whatever reason, this leaves the old one in service, reports it, and tries again ever more rarely. If
    /// nothing has changed and no release fails, this reads no tenant, however many there are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sync(&self) -> Result<(), StoreError> {
        self.runtime.recorder().remove_expired();
        let breakers = self.store.breakers().await?;
        self.tenants.breakers.sync(&breakers, self.clock.now());
        self.load_active().await?;
        if let Err(error) = self.update_alerts().await {
            // A full disk must not keep the host from starting. The next round tries again.
            tracing::error!(%error, "the alerts of tenants that are not served could not be written");
        }
        Ok(())
    }

    /// Loads the active releases that this host does not serve, except those that failed a moment ago.
    async fn load_active(&self) -> Result<(), StoreError> {
        if self.is_synced(self.store.revision().await?) && self.failures.due(self.clock.now()).is_empty() {
            return Ok(());
        }
        // No release of this host becomes active meanwhile, so older data from the store replaces none.
        let _guard = self.exclusive.lock().await;
        let revision = self.store.revision().await?;
        let active = if self.is_synced(revision) {
            self.to_try_again().await?
        } else {
            self.store.active_releases().await?
        };
        let now = self.clock.now();
        let mut behind = vec![];
        for (tenant, active) in active {
            let serving = self.tenants.get(&tenant);
            if serving.is_some_and(|serving| serving.release().number == active) {
                self.failures.remove(&tenant);
            } else if !self.failures.waits(&tenant, active, now) {
                behind.push((tenant, active));
            }
        }
        let loads = stream::iter(behind).map(|(tenant, active)| self.clone().catch_up(tenant, active));
        loads.buffer_unordered(CONCURRENT_LOADS).collect::<()>().await;
        self.synced_revision.store(revision, Ordering::Relaxed);
        Ok(())
    }

    /// Whether this host has loaded what was active at this revision of the store.
    fn is_synced(&self, revision: u64) -> bool {
        self.synced_revision.load(Ordering::Relaxed) == revision
    }

    /// The active releases of the tenants whose active release failed and is due again.
    async fn to_try_again(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        let mut active = vec![];
        for tenant in self.failures.due(self.clock.now()) {
            if let Some(record) = self.store.tenant(&tenant).await? {
                active.push((tenant, record.active));
            }
        }
        Ok(active)
    }

    /// Loads a tenant's active release, or reports why it does not load. Whatever fails, even if it panics or cannot be
    /// read, is this tenant's failure and no other's.
    async fn catch_up(self, tenant: TenantName, active: ReleaseNumber) {
        let host = self.clone();
        let name = tenant.clone();
        let loading = tokio::spawn(async move {
            let release = host.store.release(&name, active).await;
            let release = match release {
                Ok(Some(release)) => release,
                Ok(None) => return Err((ApplyError::NoRelease(name, active.to_string()), None)),
                Err(error) => return Err((error.into(), None)),
            };
            let ingress = release.spec.ingress.clone();
            let loaded = host.load(release, &[]).await;
            loaded.map_err(|error| (error, Some(ingress)))
        });
        let (reason, ingress) = match loading.await {
            Ok(Ok(loaded)) => {
                self.tenants.swap(Arc::new(loaded));
                self.failures.remove(&tenant);
                return;
            }
            Ok(Err((error, ingress))) => (with_causes(&error), ingress),
            Err(_) => ("the host failed while it loaded the release".to_owned(), None),
        };
        if self.failures.record(&tenant, active, &reason, self.clock.now()) {
            tracing::error!(%tenant, release = %active, error = reason, "the active release does not load");
        }
        self.tenants
            .mark_broken(tenant, active, reason, ingress.unwrap_or_default());
    }
}
