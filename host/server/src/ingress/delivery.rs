//! `GET /v1/tenants/{tenant}/deliveries/{id}`: the state of an accepted lead or disposition.

use axum::Json;
use axum::extract::{Path, State};

use super::description::problems;
use super::extract::Agent;
use super::{SharedState, extract};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{AgentAttemptView, AgentDeliveryView};
use jackfield_domain::id::DeliveryId;
use jackfield_store::{AttemptRecord, DeliveryDetail};

// The problems that an agent may meet.
problems!(Problems, fail_closed: false, [
    BadRequest,
    Unauthorized,
    NotFound,
    RateLimited,
    Overloaded,
]);

/// Ask for the state of an accepted lead or disposition.
///
/// A delivery of another tenant is not found.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/deliveries/{id}", operation_id = "showDelivery", tag = "agent",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("id" = String, Path, description = "The delivery's id, as in the receipt.")),
    security(("agent" = [])),
    responses((status = 200, description = "The delivery and its attempts.", body = AgentDeliveryView), Problems))]
pub async fn get(
    State(state): State<SharedState>,
    agent: Agent,
    Path((_tenant, id)): Path<(String, String)>,
) -> Result<Json<AgentDeliveryView>, Problem> {
    let id: DeliveryId = extract::path_part(&id)?;
    let found = state
        .store
        .delivery(id)
        .await?
        .filter(|found| found.summary.tenant == agent.tenant);
    found
        .map(|found| Json(view(found)))
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("this tenant has no delivery {id}")))
}

fn view(found: DeliveryDetail) -> AgentDeliveryView {
    let summary = found.summary;
    AgentDeliveryView {
        id: summary.id.to_string(),
        kind: summary.kind,
        lead_id: summary.lead.map(Into::into),
        idempotency_key: summary.key.to_string(),
        state: summary.state,
        reason: summary.reason,
        reference: summary.reference,
        next_attempt_at: summary.due,
        accepted_at: summary.accepted_at,
        changed_at: summary.changed_at,
        replays: summary.generation,
        attempts: found.attempts.into_iter().map(attempt_view).collect(),
    }
}

fn attempt_view(attempt: AttemptRecord) -> AgentAttemptView {
    let detail = attempt.detail;
    let why = [
        Some(detail.message),
        detail.rejection.as_ref().map(ToString::to_string),
        detail.reason,
        detail.host_reason,
    ];
    let why = why.into_iter().flatten().filter(|part| !part.is_empty());
    AgentAttemptView {
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        release: attempt.release.to_string(),
        class: attempt.class,
        http_status: detail.http_status,
        message: why.collect::<Vec<_>>().join(": "),
        reference: detail.reference,
        rejection: detail.rejection,
    }
}
