//! Tenants and the releases that serve them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ReleaseView;

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TenantView {
    /// Its name.
    pub name: String,
    /// The active release, such as `r3`.
    pub active: String,
    /// The release that the answering host serves. If it is not the active one, the host could not load that or is
    /// about to; null if it serves none.
    pub serving: Option<String>,
    /// Why it serves none: the active release does not load, and an alert says so too.
    pub trouble: Option<String>,
    /// The newest release.
    pub newest: String,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When the active release became active.
    pub activated_at: Timestamp,
}

/// A tenant with its active release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TenantDetailView {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: TenantView,
    /// The active release.
    pub release: Option<ReleaseView>,
}
