//! `POST /v1/tenants/{tenant}/leads/{lead_id}/disposition`: the agent reports how a call ended.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::caller::{Agent, Whole};
use super::{PublicState, SharedState, caller, receipt};
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::id::LeadId;
use jackfield_store::{Accept, AcceptDisposition, Inbound};

const ENDPOINT: &str = "disposition";

/// Answers once the disposition, and the do-not-call that it may hold, are durable.
pub async fn post(
    State(state): State<SharedState>,
    agent: Agent,
    Path((_, lead_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Whole, Problem>,
) -> Result<Response, Problem> {
    let name = agent.tenant.clone();
    let result = accept(&state, agent, &lead_id, &headers, body).await;
    match &result {
        Ok((_, repeat)) => state.metrics.accept(&name, ENDPOINT, *repeat),
        Err(problem) => state.metrics.refuse(ENDPOINT, problem.kind().word()),
    }
    result.map(|(response, _)| response)
}

async fn accept(
    state: &PublicState,
    agent: Agent,
    lead_id: &str,
    headers: &HeaderMap,
    body: Result<Whole, Problem>,
) -> Result<(Response, bool), Problem> {
    let Whole(body) = body?;
    let lead_id: LeadId = caller::path_part(lead_id)?;
    let document = caller::json(&body)?;
    let disposition = Disposition::read(lead_id.clone(), &document).map_err(Problem::invalid)?;
    let name = agent.tenant.clone();
    let tenant = agent.serving()?;
    let accept = state
        .store
        .accept_disposition(AcceptDisposition {
            digest: disposition::digest(&lead_id, &document),
            first_wait: tenant.release().spec.delivery.retry.first_wait(),
            disposition,
            inbound: Inbound {
                tenant: name,
                received_at: state.clock.now(),
                headers: caller::kept_headers(headers),
                body: body.into(),
            },
        })
        .await?;
    match accept {
        Accept::New(accepted) => {
            tracing::info!(delivery = %accepted.delivery, release = %tenant.release().number, "disposition accepted");
            state.wake.notify_one();
            Ok((receipt::respond(&accepted, false), false))
        }
        Accept::Repeat(accepted) => Ok((receipt::respond(&accepted, true), true)),
        Accept::Conflict => Err(Problem::new(
            ProblemKind::Conflict,
            "this call_id was used for another disposition; a retry must send the same document, and another call \
                another id",
        )),
    }
}
