//! The circuit breakers of the tenants' CRMs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::delivery::breaker::{BreakerOverride, BreakerState, BreakerStatus};
use jackfield_domain::id::TenantName;

/// The circuit breaker of a tenant's CRM, as the answering host sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BreakerView {
    /// The tenant.
    pub tenant: String,
    /// Its state.
    pub state: BreakerState,
    /// The state that an operator forced; null while the breaker decides by itself.
    pub forced: Option<BreakerOverride>,
    /// Since when it has not been closed.
    pub since: Option<Timestamp>,
    /// When the next probe may be sent.
    pub probe_at: Option<Timestamp>,
    /// While ramping: how many dispositions may be in flight.
    pub step: Option<u32>,
    /// While closed: failures in a row.
    pub failures: u32,
}

impl BreakerView {
    /// A tenant's breaker.
    #[must_use]
    pub fn of(tenant: &TenantName, status: BreakerStatus) -> Self {
        Self {
            tenant: tenant.to_string(),
            state: status.state,
            forced: status.forced,
            since: status.since,
            probe_at: status.probe_at,
            step: status.step,
            failures: status.failures,
        }
    }
}

/// The state to force on a breaker.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceBreaker {
    /// `open`: no disposition is sent to the CRM, not even a probe. `closed`: all are sent, whatever the CRM answers.
    /// Null: removes the override; a breaker that was forced open starts with a probe.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub force: Option<BreakerOverride>,
}
