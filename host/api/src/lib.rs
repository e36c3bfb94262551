//! The wire types of both APIs. The server, the command line and the generated `OpenAPI` description use the same
//! types, so they cannot disagree.
//!
//! A type that ends in `View` is a response, one in `Request` a request body, one in `Query` the parameters after the
//! `?`. There are no handlers here, and nothing from a store: the server turns stored records into views.

mod admin;
mod listing;
mod problem;
mod problem_responses;
mod public;
mod reference;

pub use admin::{
    AcknowledgedView, AdapterView, AlertQuery, AlertView, AppliedView, ApplyQuery, AttemptDetailView, AttemptView,
    AuditVerifyQuery, AuditView, BeginRecording, BreakerView, DeliveryDetailView, DeliveryQuery, DeliveryShowQuery,
    DeliveryStates, DeliveryView, DiscardRequest, DiscardView, EditedView, ForceBreaker, LandedRequest, LandedView,
    LeadView, NewTokenView, PayloadView, PushQuery, PushedView, REPLAY_RATES, RecordedCall, RecordingView, ReleaseView,
    ReplayRequest, ReplayView, ReplayedView, RevokedView, RollbackRequest, RotatedView, SecretRemovedView,
    SecretSetView, SecretUseView, SecretView, StoppedDeliveryFilter, SuppressionQuery, SuppressionView,
    TakenRecordingView, TenantDetailView, TenantView, TokenHolder, TokenRequest, TokenView, VerifiedView,
};
pub use listing::{DEFAULT_LIMIT, Listing, MAX_LIMIT, PageQuery};
pub use problem::{ProblemBody, ProblemKind};
pub use problem_responses::{problem_response, problem_responses};
pub use public::{
    AgentAttemptView, AgentDeliveryView, AgentLeadPage, DispositionDocument, LeadDocument, LeadStatusView, ReceiptView,
};
pub use reference::reference_page;
