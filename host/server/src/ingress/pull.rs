//! `GET /v1/tenants/{tenant}/leads?after=`: leads, for agents that pull.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::SharedState;
use super::description::problems;
use super::extract::Agent;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::AgentLeadPage;
use jackfield_domain::intake::limits::{PULLED_LEADS, PULLED_LEADS_DEFAULT};
use jackfield_domain::json::JsonDocument;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// The `next` of the page before; without it, the first leads.
    after: Option<String>,
    /// Leads of the page, 1 to 500; 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

// The problems that an agent may meet.
problems!(Problems, fail_closed: false, [
    BadRequest,
    Unauthorized,
    RateLimited,
    Overloaded,
]);

/// Pull leads, the most urgent first.
///
/// Store `next` with the leads, and pass it as `after` in the next request: so no lead is skipped or given twice, and
/// an urgent lead that comes later is seen first. For tenants without a `push_url`.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/leads", operation_id = "pullLeads", tag = "agent",
    params(("tenant" = String, Path, description = "The tenant's name."), Parameters),
    security(("agent" = [])),
    responses((status = 200, description = "The next leads; none if there are no further ones.", body = AgentLeadPage),
        Problems))]
pub async fn get(
    State(state): State<SharedState>,
    agent: Agent,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<AgentLeadPage>, Problem> {
    let bad = |detail: String| Problem::new(ProblemKind::BadRequest, detail);
    let Query(parameters) = parameters.map_err(|_| {
        bad(format!(
            "the query is not understood; it may have `after`, the `next` of the last page, and `limit`, 1 to \
             {}, each once",
            PULLED_LEADS.end()
        ))
    })?;
    let after = match parameters.after.as_deref() {
        None | Some("") => jackfield_store::LeadCursor::default(),
        Some(text) => text.parse().map_err(|error| bad(format!("after: {error}")))?,
    };
    let limit = parameters.limit.unwrap_or(PULLED_LEADS_DEFAULT);
    if !PULLED_LEADS.contains(&limit) {
        return Err(bad(format!(
            "limit must be {} to {}",
            PULLED_LEADS.start(),
            PULLED_LEADS.end()
        )));
    }
    let page = state.store.leads_after(&agent.tenant, after, limit).await?;
    let documents = page.leads.into_iter().filter_map(|lead| lead.document);
    let leads = documents
        .filter_map(|document| JsonDocument::parse(document.as_bytes()).ok())
        .collect();
    let next = page.next.to_string();
    Ok(Json(AgentLeadPage { leads, next }))
}
