//! Keeps this host in step with the store: loads the releases that became active at another host, or before this one
//! started.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt as _};

use super::Rollout;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::StoreError;

/// Releases that are loaded concurrently. A load waits for the database about as long as it computes.
const CONCURRENT_LOADS: usize = 8;

impl Rollout {
    /// Loads the releases that became active at another host, or since this host last ran. If a release does not load,
    /// this reports it, leaves the old one in service, and tries again each time. If nothing has changed and no release
    /// fails, this reads no tenant, however many there are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sync(&self) -> Result<(), StoreError> {
        self.runtime.recorder().remove_expired();
        let breakers = self.store.breakers().await?;
        self.tenants.breakers.sync(&breakers, self.clock.now());
        if self.is_synced(self.store.revision().await?) && self.failing.lock().await.is_empty() {
            return Ok(());
        }
        // No release of this host becomes active meanwhile, so older data from the store replaces none.
        let _guard = self.exclusive.lock().await;
        let revision = self.store.revision().await?;
        let active = if self.is_synced(revision) {
            self.still_failing().await?
        } else {
            self.store.active_releases().await?
        };
        let mut behind = vec![];
        for (tenant, active) in active {
            let serving = self.tenants.get(&tenant);
            if serving.is_some_and(|serving| serving.release().number == active) {
                self.failing.lock().await.remove(&tenant);
            } else {
                behind.push((tenant, active));
            }
        }
        let loads = stream::iter(behind).map(|(tenant, active)| tokio::spawn(self.clone().catch_up(tenant, active)));
        let mut loads = loads.buffer_unordered(CONCURRENT_LOADS);
        while let Some(loaded) = loads.next().await {
            loaded.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        }
        self.synced_revision.store(revision, Ordering::Relaxed);
        Ok(())
    }

    /// Whether this host has loaded what was active at this revision of the store.
    fn is_synced(&self, revision: u64) -> bool {
        self.synced_revision.load(Ordering::Relaxed) == revision
    }

    /// The active releases of the tenants whose active release did not load last time.
    async fn still_failing(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        let failing: Vec<_> = self.failing.lock().await.keys().cloned().collect();
        let mut active = vec![];
        for tenant in failing {
            if let Some(record) = self.store.tenant(&tenant).await? {
                active.push((tenant, record.active));
            }
        }
        Ok(active)
    }

    /// Loads a tenant's active release, or reports why it does not load.
    async fn catch_up(self, tenant: TenantName, active: ReleaseNumber) -> Result<(), StoreError> {
        let Some(release) = self.store.release(&tenant, active).await? else {
            return Ok(());
        };
        let ingress = release.spec.ingress.clone();
        match self.load(release, &[]).await {
            Ok(loaded) => {
                self.tenants.swap(Arc::new(loaded));
                self.failing.lock().await.remove(&tenant);
            }
            Err(error) => {
                let failure = (active, error.to_string());
                let reported = self.failing.lock().await.insert(tenant.clone(), failure.clone());
                if reported.as_ref() != Some(&failure) {
                    tracing::error!(%tenant, release = %active, %error, "the active release does not load");
                }
                self.tenants.mark_broken(tenant, failure.1, ingress);
            }
        }
        Ok(())
    }
}
