//! Stored secrets: they arrive sealed, and no store can open them.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::custody::seal::{NONCE_BYTES, SealedSecret};
use jackfield_domain::id::TenantName;

/// Sealed secrets.
#[async_trait]
pub trait SecretStore: Send + Sync + fmt::Debug {
    /// One secret.
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError>;

    /// A tenant's secrets by name.
    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError>;

    /// Every secret of every tenant, for a change of the master key.
    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError>;

    /// Stores a secret; it replaces the one of that name.
    async fn put_secret(&self, secret: NewSecret) -> Result<(), StoreError>;

    /// Removes a secret. False if no secret has that name.
    async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<bool, StoreError>;

    /// Replaces secrets by the same values sealed with another key, all or none. A secret whose value has changed
    /// meanwhile is not replaced. Returns how many were.
    async fn reseal(&self, secrets: Vec<ResealedSecret>) -> Result<usize, StoreError>;
}

/// A secret to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its name.
    pub name: String,
    /// The secret.
    pub sealed: SealedSecret,
    /// When.
    pub now: Timestamp,
}

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its name.
    pub name: String,
    /// The secret.
    pub sealed: SealedSecret,
    /// When it got its value; sealing it with another key does not change that.
    pub set_at: Timestamp,
}

/// A secret sealed with another key, its value unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResealedSecret {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its name.
    pub name: String,
    /// The nonce that it was sealed with before. If the row has another one now, its value has changed.
    pub was: [u8; NONCE_BYTES],
    /// The secret.
    pub sealed: SealedSecret,
}
