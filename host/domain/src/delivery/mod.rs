//! Deliveries: their states, and all rules about whether and when they are attempted.

mod alert_message;
pub mod breaker;
pub mod failure;
mod history;
mod kind;
mod last_request;
mod line;
pub mod pace;
pub mod pause;
mod rank;
pub mod retry;
mod spec;
mod state;
mod stop;
mod verdict;

pub use history::{AttemptHistory, AttemptPlan, AttemptPolicy, plan};
pub use kind::{DeliveryKind, Destination, DocumentShape, KindRules, ManualFlag, Writes};
pub use last_request::LastRequest;
pub use line::{DeliveryLine, JoinedLine, LinePlace};
pub use rank::DeliveryRank;
pub use spec::{BreakerSpec, DeliverySpec};
pub use state::DeliveryState;
pub use stop::StopReason;
pub use verdict::{
    AttemptResult, DeliveryVerdict, LOST_LEASE_MESSAGE, MAX_LOST_LEASES, NextStep, after_lost_lease, decide,
    decide_trial,
};
