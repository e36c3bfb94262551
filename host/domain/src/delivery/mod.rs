//! Deliveries: their states, and every rule about when and whether they are attempted.

pub mod breaker;
pub mod failure;
mod kind;
pub mod pace;
pub mod pause;
mod progress;
mod rank;
mod report;
pub mod retry;
mod spec;
mod state;
mod stop;
mod verdict;

pub use kind::{DeliveryKind, Destination, DocumentShape, KindRules, ManualFlag, Writes};
pub use progress::{AttemptHistory, AttemptPlan, AttemptPolicy, plan};
pub use rank::DeliveryRank;
pub use spec::{BreakerSpec, DeliverySpec};
pub use state::DeliveryState;
pub use stop::StopReason;
pub use verdict::{
    AttemptResult, DeliveryVerdict, LOST_LEASE_MESSAGE, MAX_LOST_LEASES, NextStep, after_lost_lease, decide,
    decide_trial,
};
