//! Why a lead is not called.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// Why a lead is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// The lead asked the agent never to be called again.
    DncRequested,
    /// The CRM has the lead as do-not-call.
    CrmDnc,
    /// The CRM does not allow a call now.
    CrmNotCallable,
}

words!(SuppressionReason {
    DncRequested = "dnc-requested",
    CrmDnc = "crm-dnc",
    CrmNotCallable = "crm-not-callable",
});
