//! `/v1/tenants/{tenant}/recording`: invocations of a tenant's adapter, recorded as fixtures for its author.
//!
//! A recording is in the memory of the host that receives the request, and contains invocations at that host only. The
//! host returns it once, for a request that the audit trail records, and then deletes it.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::extract::{Json, Path};
use super::guard::AuditTarget;
use super::problems::{ErrorResponses, invalid_field, not_found};
use super::{AdminState, run_to_completion};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{RecordingError, RecordingOptions};
use jackfield_api::{BeginRecording, RecordedCall, RecordingView, TakenRecordingView};
use jackfield_domain::custody::recording::RecordingBounds;
use jackfield_domain::id::TenantName;

/// Validates a request.
fn recording_options(request: BeginRecording) -> Result<RecordingOptions, Problem> {
    if !(1..=RecordingBounds::MAX_INVOCATIONS).contains(&request.calls) {
        return Err(invalid_field(
            "/calls",
            format!("must be 1 to {}", RecordingBounds::MAX_INVOCATIONS),
        ));
    }
    if !(1..=RecordingBounds::MAX_MINUTES).contains(&request.minutes) {
        return Err(invalid_field(
            "/minutes",
            format!("must be 1 to {}", RecordingBounds::MAX_MINUTES),
        ));
    }
    Ok(RecordingOptions {
        bounds: RecordingBounds {
            invocations: request.calls,
            length: Duration::from_mins(request.minutes.into()),
        },
        unmasked: request.unmasked,
    })
}

/// Begin to record the next invocations of a tenant's adapter, at the answering host.
///
/// They are kept in memory only, without credentials, until DELETE returns them: at most 16 MiB, for at most ten
/// minutes after `minutes` are over. A tenant has one recording at a time.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/recording", tag = "recordings", request_body = BeginRecording,
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 201, description = "The recording.", body = RecordingView), ErrorResponses))]
pub(super) async fn begin(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Json(request): Json<BeginRecording>,
) -> Result<Response, Problem> {
    let options = recording_options(request)?;
    run_to_completion(async move {
        let status = state.rollout.start_recording(&tenant, options).await?;
        let view = RecordingView::of(&tenant, status, options.unmasked);
        let mut response = (StatusCode::CREATED, axum::Json(view)).into_response();
        let target = [
            ("calls", options.bounds.invocations.to_string()),
            ("unmasked", options.unmasked.to_string()),
        ];
        response.extensions_mut().insert(AuditTarget(target.into()));
        Ok(response)
    })
    .await?
}

/// Show the status of a tenant's recording.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/recording", tag = "recordings",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The recording, without its fixtures.", body = RecordingView),
        ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<axum::Json<RecordingView>, Problem> {
    let (status, options) = state.rollout.recording(&tenant)?;
    Ok(axum::Json(RecordingView::of(&tenant, status, options.unmasked)))
}

/// End a tenant's recording and return its fixtures.
///
/// They are returned once: the host then deletes them. Invocations that contain a secret of the tenant are left out.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/recording", tag = "recordings",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The recording and its fixtures.", body = TakenRecordingView),
        ErrorResponses))]
pub(super) async fn take(State(state): State<AdminState>, Path(tenant): Path<TenantName>) -> Result<Response, Problem> {
    run_to_completion(async move {
        let recording = state.rollout.collect_recording(&tenant).await?;
        let calls = recording.kept.into_iter().map(|call| RecordedCall {
            kind: call.kind,
            fixture: call.fixture,
        });
        let view = TakenRecordingView {
            calls: calls.collect(),
            recording: RecordingView::of(&tenant, recording.status, recording.options.unmasked),
        };
        let target = [("calls", view.calls.len().to_string())];
        let mut response = axum::Json(view).into_response();
        response.extensions_mut().insert(AuditTarget(target.into()));
        Ok(response)
    })
    .await?
}

impl From<RecordingError> for Problem {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::NoTenant | RecordingError::None(_) => not_found(error.to_string()),
            RecordingError::Already(..) | RecordingError::Vault(_) => {
                Self::new(ProblemKind::Conflict, error.to_string())
            }
            RecordingError::Store(error) => error.into(),
        }
    }
}
