//! The registry: adapters, releases and tenants.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::custody::seal::SealedSecret;
use jackfield_domain::id::{Digest, ReleaseNumber, TenantName};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{AdapterRef, Release, TenantSpec};

/// Adapters, releases and tenants.
#[async_trait]
pub trait RegistryStore: Send + Sync + fmt::Debug {
    /// Stores a component, unless its name and version mean other bytes already and it is not to replace them: of two
    /// that are put at once, only one gets the name. Putting the same bytes again changes nothing, except that it
    /// repairs what is damaged, and returns the first record.
    async fn put_adapter(&self, adapter: NewAdapter) -> Result<PutAdapter, StoreError>;

    /// The adapter that a reference names. A name alone means the version that came last; a replacement keeps its
    /// version's place.
    async fn adapter(&self, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError>;

    /// The bytes of a component.
    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Adapters, newest first.
    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError>;

    /// Stores a release under the next number, with the secrets that it refers to, and activates it.
    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError>;

    /// Activates an existing release. False if there is none with that number.
    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError>;

    /// One release.
    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError>;

    /// A tenant's releases, newest first.
    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError>;

    /// A tenant.
    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError>;

    /// Tenants by name.
    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError>;

    /// A number, never 0, that changes whenever a tenant's active release or a live token changes. A host that reads it
    /// before everything else is up to date as long as it stays the same.
    async fn revision(&self) -> Result<u64, StoreError>;

    /// The active release of every tenant, for a host that starts or that follows swaps made by other hosts.
    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError>;
}

/// A component to be stored.
#[derive(Debug, Clone)]
pub struct NewAdapter {
    /// Its description.
    pub record: AdapterRecord,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether its name and version are to mean these bytes from now on, even if they mean others.
    pub replace: bool,
}

/// The result for a component that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutAdapter {
    /// Its name and version mean it from now on.
    Stored(AdapterRecord),
    /// They meant it already.
    Known(AdapterRecord),
    /// They mean it from now on, as was ordered, instead of another component, which stays stored under its digest.
    Replaced {
        /// The component that was put.
        record: AdapterRecord,
        /// The other one.
        before: Digest,
    },
    /// They mean the component with this digest. Nothing was stored.
    Taken(Digest),
}

/// A release to be stored and activated.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The tenant's file, in which literal secrets have become `Stored`.
    pub spec: TenantSpec,
    /// The adapter that it names.
    pub adapter: Digest,
    /// The secrets behind new `Stored` references, by name.
    pub secrets: Vec<(String, SealedSecret)>,
    /// When.
    pub now: Timestamp,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its name.
    pub name: TenantName,
    /// The release that serves it.
    pub active: ReleaseNumber,
    /// The newest release.
    pub newest: ReleaseNumber,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When the active release became active.
    pub activated_at: Timestamp,
}
