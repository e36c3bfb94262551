//! Leads, for agents that pull.

use serde::Serialize;

use jackfield_domain::json::JsonDocument;

/// The next leads after a cursor.
#[derive(Debug, Clone, Serialize)]
pub struct AgentLeadPage {
    /// The documents as they were accepted, the most urgent first.
    pub leads: Vec<JsonDocument>,
    /// The cursor of the next leads: pass it as `after`.
    pub next: String,
}
