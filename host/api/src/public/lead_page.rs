//! Leads, for agents that pull.

use serde::Serialize;
use utoipa::ToSchema;

use super::documents::LeadDocument;

use jackfield_domain::json::JsonDocument;

/// The next leads after a cursor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgentLeadPage {
    /// The documents as they were accepted, the most urgent first. Telephone numbers are in E.164.
    #[schema(value_type = Vec<LeadDocument>)]
    pub leads: Vec<JsonDocument>,
    /// The cursor of the next leads: pass it as `after`.
    pub next: String,
}
