//! The registry: adapters, releases and tenants.

mod adapter;
mod release;
mod tenant;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::SqliteStore;
use jackfield_domain::id::{Digest, ReleaseNumber, TenantName};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{AdapterRef, Release};
use jackfield_store::{NewAdapter, NewRelease, Page, PageRequest, PutAdapter, RegistryStore, StoreError, TenantRecord};

#[async_trait]
impl RegistryStore for SqliteStore {
    async fn put_adapter(&self, adapter: NewAdapter) -> Result<PutAdapter, StoreError> {
        self.writer.submit(adapter).await
    }

    async fn adapter(&self, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
        adapter::find(&self.readers, reference).await
    }

    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        adapter::bytes(&self.readers, digest).await
    }

    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
        adapter::list(&self.readers, &page).await
    }

    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError> {
        self.writer.submit(release).await
    }

    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.writer.submit(tenant::Activate { tenant, number, now }).await
    }

    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError> {
        release::find(&self.readers, tenant, number).await
    }

    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError> {
        release::list(&self.readers, tenant, &page).await
    }

    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        tenant::find(&self.readers, tenant).await
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError> {
        tenant::list(&self.readers, &page).await
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        tenant::revision(&self.readers).await
    }

    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        tenant::active_releases(&self.readers).await
    }
}
