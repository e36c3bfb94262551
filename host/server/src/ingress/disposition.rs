//! `POST /v1/tenants/{tenant}/leads/{lead_id}/disposition`: the agent reports how a call ended.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::extract::{Agent, ReceivedBody};
use super::{PublicState, SharedState, answer, extract};
use crate::intake::{Acceptance, IntakeError};
use crate::problem::Problem;
use jackfield_domain::intake::media;
use jackfield_store::RawRequest;

const ENDPOINT: &str = "disposition";

/// Answers once the disposition, and the do-not-call that it may contain, are durable.
pub async fn post(
    State(state): State<SharedState>,
    agent: Agent,
    Path((_, lead_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: ReceivedBody,
) -> Result<Response, Problem> {
    let name = agent.tenant.clone();
    let acceptance = accept(&state, agent, &lead_id, &headers, body)
        .await
        .inspect_err(|problem| state.metrics.request_refused(ENDPOINT, problem.kind().word()))?;
    state.metrics.request_accepted(&name, ENDPOINT, acceptance.repeat);
    Ok(answer::accepted(acceptance))
}

async fn accept(
    state: &PublicState,
    agent: Agent,
    lead_id: &str,
    headers: &HeaderMap,
    body: ReceivedBody,
) -> Result<Acceptance, Problem> {
    let ReceivedBody { bytes: body, refusal } = body;
    let lead = extract::path_part(lead_id)?;
    if let Some(problem) = refusal {
        let (word, now) = (problem.kind().word(), state.clock.now());
        let recorded = state.intake.record_wish_in(&body, agent.tenant, lead, word, now).await;
        return Err(if recorded.map_err(IntakeError::from)? {
            answer::do_not_call_recorded(problem)
        } else {
            problem
        });
    }
    let request = RawRequest {
        tenant: agent.tenant.clone(),
        received_at: state.clock.now(),
        headers: extract::stored_headers(headers),
        body,
    };
    let tenant = agent.serving_tenant();
    let charset = media::check_charset(headers);
    Ok(state
        .intake
        .accept_disposition(tenant.as_deref(), lead, charset, request)
        .await?)
}
