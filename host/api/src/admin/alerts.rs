//! Alerts: events that need a person's attention.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::id::TenantName;

/// An alert.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// Such as `alr_7`.
    pub id: String,
    /// The tenant.
    pub tenant: String,
    /// Why it was raised.
    pub kind: AlertKind,
    /// The delivery it is about.
    pub delivery: Option<String>,
    /// The lead it is about.
    pub lead: Option<String>,
    /// One line, without personal data.
    pub message: String,
    /// When it was raised.
    pub at: Timestamp,
    /// When a person marked it as seen.
    pub acknowledged_at: Option<Timestamp>,
}

/// Which alerts.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    pub tenant: Option<TenantName>,
    /// Only those that nobody has acknowledged.
    #[serde(default)]
    pub open: bool,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// An alert was acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AcknowledgedView {
    /// The alert's id.
    pub id: String,
    /// Always true.
    pub acknowledged: bool,
}
