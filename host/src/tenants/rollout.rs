//! From an operator's wish to a serving release. Everything that can fail happens here, before the pointer is written:
//! a release that does not load leaves the old one serving and says why (promise 8).

use std::sync::Arc;

use super::{Tenant, Tenants};
use crate::adapter::{LoadError, PackageError, Runtime};
use crate::clock::SharedClock;
use crate::domain::field::FieldError;
use crate::domain::id::{Digest, ReleaseNumber, TenantName};
use crate::domain::release::{AdapterRef, Change, Release};
use crate::store::{AdapterRecord, SharedStore, StoreError};

/// Makes releases and puts them in service.
#[derive(Debug, Clone)]
pub struct Rollout {
    store: SharedStore,
    runtime: Runtime,
    tenants: Arc<Tenants>,
    clock: SharedClock,
}

/// A component was taken.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// What is known of it.
    pub record: AdapterRecord,
    /// Whether the same bytes were there before.
    pub known: bool,
}

/// A component was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// It is no adapter that this host can run.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A release is in service, or with `dry_run` would be.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The release; of a dry run the one that would be made, with the next number.
    pub release: Release,
    /// What differs from the one before.
    pub changes: Vec<Change>,
    /// Whether it was only looked at, or nothing differed: nothing was written.
    pub unchanged: bool,
}

/// A release was not made, or not put in service. The old one serves on.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file is not TOML of the right shape; the text names the line and what is allowed.
    #[error("{0}")]
    Syntax(String),
    /// The file is for another tenant than the one named.
    #[error("the file is for tenant `{0}`")]
    OtherTenant(TenantName),
    /// Fields are missing or wrong.
    #[error("{} fields are missing or wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// No such adapter was pushed.
    #[error("no adapter `{0}` was pushed; `jackfield adapter list` shows those there are")]
    NoAdapter(AdapterRef),
    /// No such tenant.
    #[error("there is no tenant `{0}`")]
    NoTenant(TenantName),
    /// No such release, or none before the active one.
    #[error("tenant `{0}` has no release {1}")]
    NoRelease(TenantName, String),
    /// A secret cannot be had.
    #[error("{pointer}: {detail}")]
    Secret {
        /// Which one, as a pointer into the file.
        pointer: String,
        /// Why, and what to do.
        detail: String,
    },
    /// The adapter does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Rollout {
    /// Puts it together.
    #[must_use]
    pub const fn new(store: SharedStore, runtime: Runtime, tenants: Arc<Tenants>, clock: SharedClock) -> Self {
        Self { store, runtime, tenants, clock }
    }

    /// Checks a component, runs its `describe`, compiles and keeps it.
    ///
    /// # Errors
    /// It is no adapter that this host can run, or it could not be kept.
    pub async fn push_adapter(&self, bytes: Vec<u8>) -> Result<Pushed, PushError> {
        todo!()
    }

    /// Makes a release of a tenant's file and puts it in service. With `dry_run` only says what would change.
    ///
    /// # Errors
    /// What is wrong with the file, or why the release does not load. The old one serves on.
    pub async fn apply(&self, tenant: Option<&TenantName>, toml: &str, dry_run: bool) -> Result<Applied, ApplyError> {
        todo!()
    }

    /// Puts an earlier release back in service: `to`, or the one made before the active one.
    ///
    /// # Errors
    /// There is none, or it does not load. The active one serves on.
    pub async fn rollback(&self, tenant: &TenantName, to: Option<ReleaseNumber>) -> Result<Release, ApplyError> {
        todo!()
    }
}
