//! The admin API, one file for each resource.

mod adapters;
mod alerts;
mod audit;
mod breaker;
mod deliveries;
mod leads;
mod recording;
mod releases;
mod secrets;
mod stopped_deliveries;
mod suppressions;
mod tenants;
mod tokens;

pub use adapters::{AdapterView, PushQuery, PushedView};
pub use alerts::{AcknowledgedView, AlertQuery, AlertView};
pub use audit::{AuditVerifyQuery, AuditView, VerifiedView};
pub use breaker::{BreakerView, ForceBreaker};
pub use deliveries::{
    AttemptDetailView, AttemptView, DeliveryDetailView, DeliveryQuery, DeliveryShowQuery, DeliveryStates, DeliveryView,
    EditedView, PayloadView,
};
pub use leads::LeadView;
pub use recording::{BeginRecording, RecordedCall, RecordingView, TakenRecordingView};
pub use releases::{AppliedView, ApplyQuery, ReleaseView, RollbackRequest};
pub use secrets::{RotatedView, SecretRemovedView, SecretSetView, SecretUseView, SecretView};
pub use stopped_deliveries::{
    DiscardRequest, DiscardView, LandedRequest, LandedView, REPLAY_RATES, ReplayRequest, ReplayView, ReplayedView,
    StoppedDeliveryFilter,
};
pub use suppressions::{SuppressionQuery, SuppressionView};
pub use tenants::{TenantDetailView, TenantView};
pub use tokens::{NewTokenView, RevokedView, TokenHolder, TokenRequest, TokenView};
