//! Following the store: what became active at another host, or before this one started, is loaded here too.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt as _};

use super::Rollout;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::StoreError;

/// Releases that are loaded at once. A load waits for the database as long as it computes.
const AT_ONCE: usize = 8;

impl Rollout {
    /// Brings this host in line with the store: loads what became active elsewhere, or since the host last ran.
    /// A release that does not load is reported, leaves the old one serving, and is tried again each time. Where
    /// nothing has changed and nothing fails, no tenant is looked at, however many there are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sync(&self) -> Result<(), StoreError> {
        self.runtime.recorder().remove_expired();
        let breakers = self.store.breakers().await?;
        self.tenants.breakers.follow(&breakers, self.clock.now());
        if self.is_followed(self.store.revision().await?) && self.failing.lock().await.is_empty() {
            return Ok(());
        }
        // No release of this host becomes active meanwhile, so none is put back by what was read before.
        let _one_at_a_time = self.one_at_a_time.lock().await;
        let revision = self.store.revision().await?;
        let active = if self.is_followed(revision) {
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
        let mut loads = loads.buffer_unordered(AT_ONCE);
        while let Some(loaded) = loads.next().await {
            loaded.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        }
        self.followed.store(revision, Ordering::Relaxed);
        Ok(())
    }

    fn is_followed(&self, revision: u64) -> bool {
        self.followed.load(Ordering::Relaxed) == revision
    }

    /// The active releases of the tenants whose active release did not load.
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

    /// Loads a tenant's active release, or says why it does not load.
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
                let before = self.failing.lock().await.insert(tenant.clone(), failure.clone());
                if before.as_ref() != Some(&failure) {
                    tracing::error!(%tenant, release = %active, %error, "the active release does not load");
                }
                self.tenants.mark_broken(tenant, failure.1, ingress);
            }
        }
        Ok(())
    }
}
