//! `GET /v1/tenants/{tenant}/deliveries/{id}`: what became of something that was accepted.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::caller::Agent;
use super::{SharedState, caller};
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::id::DeliveryId;
use jackfield_store::{Attempt, DeliveryDetail};

/// The delivery and its attempts. One of another tenant does not exist.
pub async fn get(
    State(state): State<SharedState>,
    agent: Agent,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id: DeliveryId = caller::path_part(&id)?;
    let found = state
        .store
        .delivery(id)
        .await?
        .filter(|found| found.summary.tenant == agent.tenant);
    found
        .map(|found| Json(body(&found)))
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, format!("this tenant has no delivery {id}")))
}

fn body(found: &DeliveryDetail) -> Value {
    let summary = &found.summary;
    json!({
        "id": summary.id,
        "kind": summary.kind,
        "lead_id": summary.lead,
        "idempotency_key": summary.key,
        "state": summary.state,
        "reason": summary.reason,
        "reference": summary.reference,
        "next_attempt_at": summary.due,
        "accepted_at": summary.accepted_at,
        "changed_at": summary.changed_at,
        "replays": summary.generation,
        "attempts": found.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "release": attempt.release,
        "class": attempt.class,
        "http_status": attempt.detail.http_status,
        "reference": attempt.detail.reference,
        "rejection": attempt.detail.rejection,
        "message": attempt.detail.message,
    })
}
