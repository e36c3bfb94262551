//! Leads, for agents that pull.

use serde::Serialize;
use serde_json::value::RawValue;

/// The next leads after a cursor.
#[derive(Debug, Clone, Serialize)]
pub struct AgentLeadPage {
    /// The documents as they were accepted, the most urgent first.
    pub leads: Vec<Box<RawValue>>,
    /// Ask with it as `after` for the leads that follow.
    pub next: String,
}
