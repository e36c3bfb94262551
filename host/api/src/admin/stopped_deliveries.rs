//! What an operator decides about stopped deliveries, which are dead or in review.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DeliveryId, LeadId, TenantName};

/// How many deliveries a second a replay may be limited to: from one in a quarter of an hour, which is slow enough for
/// any CRM, to more than a host delivers.
pub const REPLAY_RATES: RangeInclusive<f64> = 0.001..=1000.0;

/// Selects stopped deliveries. A member that is left out excludes none.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StuckFilter)]
pub struct StoppedDeliveryFilter {
    /// Of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantName>,
    /// `dead` or `review`; `dead` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
    /// Of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DeliveryKind>,
    /// Of this lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub lead: Option<LeadId>,
    /// Stopped for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<StopReason>,
    /// Whose last attempt had this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<AttemptClass>,
    /// Stopped at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Stopped before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Which deliveries to replay, and how.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// These deliveries. Those that are neither dead nor in review are skipped.
    #[schema(value_type = Option<Vec<String>>)]
    pub ids: Option<Vec<DeliveryId>>,
    /// Or all that match this filter, oldest first, at most 10,000.
    pub filter: Option<StoppedDeliveryFilter>,
    /// How many may be sent a second, 0.001 to 1000; all at once when absent.
    pub rate_per_second: Option<f64>,
    /// You know that their last attempts were not written: send them without a look-up.
    #[serde(default)]
    pub not_landed: bool,
}

/// A delivery that was replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedView {
    /// The delivery's id.
    pub id: String,
    /// When it is due.
    pub due: Timestamp,
}

/// The result of a replay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReplayView {
    /// In the order in which they are due.
    pub replayed: Vec<ReplayedView>,
    /// Skipped: unknown, or neither dead nor in review.
    pub skipped: Vec<String>,
    /// Whether the filter matches more than 10,000: send the same request again.
    pub more: bool,
}

/// Which deliveries to discard.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardRequest {
    /// These deliveries. Those that are neither dead nor in review are skipped.
    #[schema(value_type = Option<Vec<String>>)]
    pub ids: Option<Vec<DeliveryId>>,
    /// Or all that match this filter, at most 10,000.
    pub filter: Option<StoppedDeliveryFilter>,
}

/// The result of a discard.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DiscardView {
    /// Discarded for good.
    pub discarded: Vec<String>,
    /// Skipped: unknown, or neither dead nor in review.
    pub skipped: Vec<String>,
    /// Whether the filter matches more than 10,000: send the same request again.
    pub more: bool,
}

/// An operator's statement that a delivery landed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LandedRequest {
    /// The destination's reference to the record, if it has one: 1 to 256 bytes, no personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A delivery was marked as landed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LandedView {
    /// The delivery, which is done now.
    pub id: String,
}
