//! Suppressions: recorded decisions not to call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::SuppressionReason;

/// A decision not to call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SuppressionView {
    /// The tenant.
    pub tenant: String,
    /// The lead.
    pub lead: String,
    /// Why it is not called.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead as answered, or the call that asked for it.
    pub note: String,
    /// When it was first decided.
    pub at: Timestamp,
    /// When the agent last got this answer.
    pub last_at: Timestamp,
    /// How often the agent got this answer.
    pub times: u64,
}

/// Selects suppressions.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppressionQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    pub tenant: Option<TenantName>,
    /// Of this lead of the tenant.
    #[param(value_type = Option<String>)]
    pub lead: Option<LeadId>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}
