//! Why a delivery stopped.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// Why a delivery stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Every counted attempt failed.
    AttemptsUsedUp,
    /// The destination asked to slow down for longer than a day.
    ThrottledTooLong,
    /// The host's process died again and again while it worked on this delivery.
    WorkersLost,
    /// The destination refused the request itself.
    Rejected,
    /// The destination does not know the lead.
    NotFound,
    /// It may have been written, and neither the adapter nor the CRM can tell.
    OutcomeUnknown,
    /// The stored document cannot be read.
    Unreadable,
    /// The CRM's breaker was open for longer than the tenant's `max_hold` while this delivery was due.
    HeldTooLong,
}

words!(StopReason {
    AttemptsUsedUp = "attempts-used-up",
    ThrottledTooLong = "throttled-too-long",
    WorkersLost = "workers-lost",
    Rejected = "rejected",
    NotFound = "not-found",
    OutcomeUnknown = "outcome-unknown",
    Unreadable = "unreadable",
    HeldTooLong = "held-too-long",
});
