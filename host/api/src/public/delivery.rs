//! A delivery, as the agent may see it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::delivery::failure::{AttemptClass, Rejection};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};

/// A delivery and its attempts, as the agent may see them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgentDeliveryView {
    /// Such as `dlv_42`.
    pub id: String,
    /// What is delivered.
    pub kind: DeliveryKind,
    /// The lead; null for a webhook that is yet to be parsed.
    pub lead_id: Option<String>,
    /// The key that goes with every attempt and replay.
    pub idempotency_key: String,
    /// Its state.
    pub state: DeliveryState,
    /// Why it stopped, if it is dead or in review.
    pub reason: Option<StopReason>,
    /// The destination's reference, if it is done.
    pub reference: Option<String>,
    /// When the next attempt is due, if it is ready.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// How often it was replayed.
    pub replays: u32,
    /// Oldest first.
    pub attempts: Vec<AgentAttemptView>,
}

/// One attempt of a delivery, as the agent may see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgentAttemptView {
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; null while it runs, or if its worker was lost.
    pub ended_at: Option<Timestamp>,
    /// The release that was active, such as `r3`.
    pub release: String,
    /// How it ended.
    pub class: Option<AttemptClass>,
    /// The status of the response to the last request, if there was one.
    pub http_status: Option<u16>,
    /// The destination's reference to the record.
    pub reference: Option<String>,
    /// Why the destination refused it.
    pub rejection: Option<Rejection>,
    /// One line for a person.
    pub message: String,
}
