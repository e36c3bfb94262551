//! The registry: adapters, releases and tenants.

mod adapter;
mod release;
mod tenant;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::params;

use crate::SqliteStore;
use crate::column::Columns as _;
use crate::sql::{all, execute, first, only};
use crate::writer::Transaction;
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
        let reference = reference.clone();
        self.readers.read(move |db| adapter::find(db, &reference)).await
    }

    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "select bytes from adapter_bytes where digest = ?";
        self.readers
            .read(move |db| first(db, sql, [digest.as_bytes()], |row| row.plain("bytes")))
            .await
    }

    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
        self.readers.read(move |db| adapter::list(db, &page)).await
    }

    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError> {
        self.writer.submit(release).await
    }

    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.writer.submit(tenant::Activate { tenant, number, now }).await
    }

    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError> {
        let tenant = tenant.clone();
        let sql = "select * from release where tenant = ? and number = ?";
        self.readers
            .read(move |db| first(db, sql, params![tenant.as_str(), number.0], release::read))
            .await
    }

    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError> {
        let tenant = tenant.clone();
        self.readers.read(move |db| release::list(db, &tenant, &page)).await
    }

    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        let name = tenant.clone();
        let sql = "select * from tenant where name = ?";
        self.readers
            .read(move |db| first(db, sql, [name.as_str()], tenant::read))
            .await
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError> {
        self.readers.read(move |db| tenant::list(db, &page)).await
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "select number from revision";
        self.readers
            .read(move |db| only(db, sql, [], |row| row.count("number")))
            .await
    }

    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        let sql = "select name, active from tenant order by name";
        let active = |row: &rusqlite::Row<'_>| Ok((row.id("name")?, ReleaseNumber(row.plain("active")?)));
        self.readers.read(move |db| all(db, sql, [], active)).await
    }
}

/// Raises the number by which hosts see that an active release or a live token has changed.
pub(crate) fn raise_revision(tx: &Transaction<'_>) -> Result<(), StoreError> {
    execute(tx, "update revision set number = number + 1", []).map(drop)
}
