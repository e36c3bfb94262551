//! Releases of a tenant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use jackfield_domain::id::ReleaseNumber;
use jackfield_domain::tenant::release::{Release, ReleaseChange};

/// A release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReleaseView {
    /// Its number, such as `r3`.
    pub number: String,
    /// The tenant.
    pub tenant: String,
    /// The digest of the adapter's bytes.
    pub adapter: String,
    /// The tenant's file, with references instead of secrets.
    #[schema(value_type = Object)]
    pub spec: Value,
    /// When it was created.
    pub created_at: Timestamp,
}

impl From<&Release> for ReleaseView {
    fn from(release: &Release) -> Self {
        Self {
            number: release.number.to_string(),
            tenant: release.tenant().to_string(),
            adapter: release.adapter.to_string(),
            // Only a literal secret cannot be serialized, and a stored release has none.
            spec: serde_json::to_value(&release.spec).unwrap_or(Value::Null),
            created_at: release.created_at,
        }
    }
}

/// The result of applying a tenant's file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AppliedView {
    /// The tenant.
    pub tenant: String,
    /// The release that is active now; after a dry run, the one that would be.
    pub release: String,
    /// The digest of its adapter's bytes.
    pub adapter: String,
    /// The differences from the previous release.
    pub changes: Vec<ReleaseChange>,
    /// Whether nothing was written: nothing differs, or it was a dry run.
    pub unchanged: bool,
    /// What the operator should know about the file, each with its pointer.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether it was a dry run.
    pub dry_run: bool,
}

/// How to apply a tenant's file.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplyQuery {
    /// Only report what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// The release to roll back to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// Such as `r2`; when absent, the release made before the active one.
    #[schema(value_type = Option<String>)]
    pub to: Option<ReleaseNumber>,
}
