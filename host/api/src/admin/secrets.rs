//! Secrets that the host keeps for tenants. No view holds a value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place where a secret is used.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = UseView)]
pub struct SecretUseView {
    /// The release, such as `r3`.
    pub release: String,
    /// Whether that release is the active one.
    pub active: bool,
    /// Where in the tenant's file.
    pub at: String,
}

/// A secret, but not its value.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecretView {
    /// Its name: as it was set, or made up by the host for a literal of a tenant's file (`sec_…`).
    pub name: String,
    /// When it got its value; null if an earlier version, which did not record that, has set it.
    pub set_at: Option<Timestamp>,
    /// The id of the master key that it is sealed with.
    pub key: String,
    /// Whether the answering host has that key.
    pub opens: bool,
    /// Where the active release and the 200 newest ones use it.
    pub used_by: Vec<SecretUseView>,
}

/// A secret was set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecretSetView {
    /// The tenant.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Whether there is a tenant of that name yet.
    pub tenant_exists: bool,
    /// The release that serves with it from now on; null if the active one does not use it.
    pub reloaded: Option<String>,
    /// Why the active release, which did not load before, still does not load.
    pub trouble: Option<String>,
}

/// A secret was removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecretRemovedView {
    /// The tenant.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Always true.
    pub removed: bool,
    /// Earlier releases that use it: they no longer load.
    pub used_by: Vec<SecretUseView>,
}

/// The master key was changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RotatedView {
    /// The id of the key that seals now.
    pub key: String,
    /// Secrets that were sealed with it.
    pub resealed: usize,
    /// Secrets that stay as they are, since this host cannot open them.
    pub left: usize,
    /// Why the old key is still in the file; null, as it should be, if it is not.
    pub old_key_kept: Option<String>,
}
