//! `GET /v1/tenants/{tenant}/leads?after=`: leads, for agents that pull.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::SharedState;
use super::extract::Agent;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::AgentLeadPage;
use jackfield_domain::json::JsonDocument;

/// Leads of a page without `limit`.
const DEFAULT_LIMIT: u32 = 100;
/// Most leads of a page.
const MAX_LIMIT: u32 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    after: Option<String>,
    limit: Option<u32>,
}

/// The leads after a cursor, high priority first. The agent stores `next` and passes it as `after` the next time.
pub async fn get(
    State(state): State<SharedState>,
    agent: Agent,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<AgentLeadPage>, Problem> {
    let bad = |detail: String| Problem::new(ProblemKind::BadRequest, detail);
    let Query(parameters) = parameters.map_err(|_| {
        bad(format!(
            "the query is not understood; it may have `after`, the `next` of the last page, and `limit`, 1 to \
             {MAX_LIMIT}, each once"
        ))
    })?;
    let after = match parameters.after.as_deref() {
        None | Some("") => jackfield_store::LeadCursor::default(),
        Some(text) => text.parse().map_err(|error| bad(format!("after: {error}")))?,
    };
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(bad(format!("limit must be 1 to {MAX_LIMIT}")));
    }
    let page = state.store.leads_after(&agent.tenant, after, limit).await?;
    let documents = page.leads.into_iter().filter_map(|lead| lead.document);
    let leads = documents
        .filter_map(|document| JsonDocument::parse(document.as_bytes()).ok())
        .collect();
    let next = page.next.to_string();
    Ok(Json(AgentLeadPage { leads, next }))
}
