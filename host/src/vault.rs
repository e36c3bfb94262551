//! The secrets that this installation keeps itself, by tenant and name.

use crate::domain::id::TenantName;
use crate::domain::release::Sensitive;
use crate::store::{SharedStore, StoreError};

/// Keeps secrets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    store: SharedStore,
}

impl Vault {
    /// A vault in a store.
    #[must_use]
    pub fn new(store: SharedStore) -> Self {
        Self { store }
    }

    /// The secret of that name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, tenant: &TenantName, name: &str) -> Result<Option<Sensitive>, StoreError> {
        self.store.secret(tenant, name).await
    }

    /// Keeps a secret, in place of the one that had the name. It is durable when this returns.
    ///
    /// # Errors
    /// The store cannot be written to; the former secret stays.
    pub async fn put(&self, tenant: &TenantName, name: &str, value: Sensitive) -> Result<(), StoreError> {
        self.store.put_secret(tenant, name, value).await
    }
}
