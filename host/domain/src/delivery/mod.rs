//! Deliveries: their states, and every rule about when and whether they are attempted.

pub mod breaker;
pub mod failure;
mod kind;
pub mod pace;
pub mod pause;
mod progress;
pub mod retry;
mod spec;
mod state;
mod stop;
mod verdict;

pub use kind::Kind;
pub use progress::{Plan, Policy, Progress, plan};
pub use spec::{BreakerSpec, DeliverySpec};
pub use state::State;
pub use stop::StopReason;
pub use verdict::{AttemptResult, MAX_LOST_LEASES, Step, Verdict, after_lost_lease, decide, decide_trial};
