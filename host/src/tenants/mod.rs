//! The tenants that this host serves: each one's active release, loaded, swapped by one pointer write.

mod rollout;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::adapter::Loaded;
use crate::domain::id::TenantName;
use crate::domain::release::Release;
use crate::domain::signature::SigningKey;
pub use rollout::{Applied, ApplyError, PushError, Pushed, Rollout};

/// A tenant with its active release, ready to serve. In-flight calls keep the one they began with.
#[derive(Debug)]
pub struct Tenant {
    /// The loaded release.
    pub loaded: Arc<Loaded>,
    /// What webhooks may be signed with, and until when.
    pub webhook_keys: Vec<(SigningKey, Option<Timestamp>)>,
    /// What pushes to the agent are signed with.
    pub push_key: Option<SigningKey>,
}

impl Tenant {
    /// Its release.
    #[must_use]
    pub fn release(&self) -> &Release {
        self.loaded.release()
    }
}

/// Every tenant by name. Reading takes no lock.
#[derive(Debug, Default)]
pub struct Tenants {
    by_name: ArcSwap<HashMap<TenantName, Arc<Tenant>>>,
    writing: Mutex<()>,
}

impl Tenants {
    /// The tenant of that name, as it is now.
    #[must_use]
    pub fn get(&self, name: &TenantName) -> Option<Arc<Tenant>> {
        self.by_name.load().get(name).cloned()
    }

    /// Every tenant, as they are now.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.by_name.load().values().cloned().collect()
    }

    /// Makes `tenant` the one that serves from now on.
    pub fn swap(&self, tenant: Arc<Tenant>) {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = HashMap::clone(&self.by_name.load());
        map.insert(tenant.release().tenant().clone(), tenant);
        self.by_name.store(Arc::new(map));
    }
}
