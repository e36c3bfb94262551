//! `POST /v1/tenants/{tenant}/leads/{lead_id}/disposition`: the agent reports how a call ended.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::description::problems;
use super::extract::{Agent, ReceivedBody};
use super::{PublicState, SharedState, answer, extract};
use crate::intake::{Acceptance, IntakeError};
use crate::problem::Problem;
use jackfield_api::{DispositionDocument, ReceiptView};
use jackfield_domain::intake::media;
use jackfield_store::RawRequest;

const ENDPOINT: &str = "disposition";

// The problems that an agent may meet.
problems!(Problems, fail_closed: false, [
    BadRequest,
    Unauthorized,
    TooSlow,
    Conflict,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    RateLimited,
    TenantUnavailable,
    Overloaded,
]);

/// Report how a call ended.
///
/// The `call_id` is the permanent idempotency key. A wish not to be called counts even where the document is refused:
/// the problem then says `"do_not_call_recorded": true`, every status query for the lead says no from then on, and an
/// alert stays open until the corrected document, under the same `call_id`, is accepted. The wish is read from
/// `dnc_requested`, `dnc` or `do_not_call` with true, 1 or yes, in any spelling, at most two levels deep, and from the
/// outcome `dnc_requested`.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/leads/{lead_id}/disposition", operation_id = "reportDisposition",
    tag = "agent",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("lead_id" = String, Path, description = "The lead's id in the CRM.")),
    security(("agent" = [])),
    request_body(content = DispositionDocument),
    responses((status = 202, description = "The disposition is durable.", body = ReceiptView),
        (status = 200, description = "A repeat, with the first receipt.", body = ReceiptView), Problems))]
pub async fn post(
    State(state): State<SharedState>,
    agent: Agent,
    Path((_tenant, lead_id)): Path<(String, String)>,
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

/// Accepts a disposition, and the do-not-call that it may contain, and answers once they are durable.
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
