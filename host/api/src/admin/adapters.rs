//! Adapters: components, known by their digests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::tenant::AdapterNeeds;
use jackfield_domain::tenant::adapter::AdapterRecord;

/// An adapter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AdapterView {
    /// `sha256:` and 64 hexadecimal digits, of its bytes.
    pub digest: String,
    /// Its name, as its `describe` gives it.
    pub name: String,
    /// Its version, as its `describe` gives it.
    pub version: String,
    /// What it needs from a tenant's file.
    pub needs: AdapterNeeds,
    /// Whether a repeated write leaves one record.
    pub idempotent_writes: bool,
    /// Whether it can look up a write.
    pub lookup: bool,
    /// Whether it parses the CRM's own webhooks.
    pub parses_leads: bool,
    /// Its size in bytes.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}

impl From<AdapterRecord> for AdapterView {
    fn from(record: AdapterRecord) -> Self {
        Self {
            digest: record.digest.to_string(),
            name: record.name.to_string(),
            version: record.version.to_string(),
            needs: record.needs,
            idempotent_writes: record.idempotent_writes,
            lookup: record.lookup,
            parses_leads: record.parses_leads,
            size: record.size,
            pushed_at: record.pushed_at,
        }
    }
}

/// How an adapter is pushed.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PushQuery {
    /// Let its name and version mean these bytes from now on, even if they mean others.
    #[serde(default)]
    pub replace: bool,
}

/// An adapter was stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PushedView {
    /// The adapter.
    pub adapter: AdapterView,
    /// Whether the same bytes had been pushed before.
    pub known: bool,
    /// The digest of the component that its name and version meant before, if it replaces one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
}
