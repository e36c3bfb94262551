//! `/v1/tenants/{tenant}/recording`: calls of a tenant's adapter, taken down as fixtures for its author.
//!
//! A recording is in the memory of the host that is asked, of the calls that run there. What it holds is handed out
//! once, by an operator's deed that the audit trail has, and forgotten then.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::extract::{Json, Path};
use super::guard::Touched;
use super::refusal::{Refusals, not_found, wrong};
use super::{AdminState, to_the_end};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{RecordingError, RecordingOptions};
use jackfield_api::{BeginRecording, RecordedCall, RecordingView, TakenRecordingView};
use jackfield_domain::custody::recording::RecordingBounds;
use jackfield_domain::id::TenantName;

/// What a request asks for, if it is in range.
fn order(request: BeginRecording) -> Result<RecordingOptions, Problem> {
    if !(1..=RecordingBounds::MAX_INVOCATIONS).contains(&request.calls) {
        return Err(wrong("/calls", format!("must be 1 to {}", RecordingBounds::MAX_INVOCATIONS)));
    }
    if !(1..=RecordingBounds::MAX_MINUTES).contains(&request.minutes) {
        return Err(wrong(
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

/// Begin to record the next calls of a tenant's adapter, at the answering host.
///
/// They are kept in memory only, without credentials, until they are taken by DELETE; at most 16 MiB, and ten minutes
/// longer than `minutes`. A tenant has one recording at a time.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/recording", tag = "recordings", request_body = BeginRecording,
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 201, description = "The recording that begins.", body = RecordingView), Refusals))]
pub(super) async fn begin(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Json(request): Json<BeginRecording>,
) -> Result<Response, Problem> {
    let order = order(request)?;
    to_the_end(async move {
        let status = state.rollout.start_recording(&tenant, order).await?;
        let view = RecordingView::of(&tenant, status, order.unmasked);
        let mut response = (StatusCode::CREATED, axum::Json(view)).into_response();
        let touched = [
            ("calls", order.bounds.invocations.to_string()),
            ("unmasked", order.unmasked.to_string()),
        ];
        response.extensions_mut().insert(Touched(touched.into()));
        Ok(response)
    })
    .await?
}

/// Show how a tenant's recording stands.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/recording", tag = "recordings",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The recording, without what it holds.", body = RecordingView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<axum::Json<RecordingView>, Problem> {
    let (status, order) = state.rollout.recording(&tenant)?;
    Ok(axum::Json(RecordingView::of(&tenant, status, order.unmasked)))
}

/// End a tenant's recording and take what it holds.
///
/// The host forgets it: it is handed out once. Calls in which a secret of the tenant is found are left out.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/recording", tag = "recordings",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The recording and its calls.", body = TakenRecordingView), Refusals))]
pub(super) async fn take(State(state): State<AdminState>, Path(tenant): Path<TenantName>) -> Result<Response, Problem> {
    to_the_end(async move {
        let recording = state.rollout.collect_recording(&tenant).await?;
        let calls = recording.kept.into_iter().map(|call| RecordedCall {
            kind: call.kind,
            fixture: call.fixture,
        });
        let view = TakenRecordingView {
            calls: calls.collect(),
            recording: RecordingView::of(&tenant, recording.status, recording.options.unmasked),
        };
        let touched = [("calls", view.calls.len().to_string())];
        let mut response = axum::Json(view).into_response();
        response.extensions_mut().insert(Touched(touched.into()));
        Ok(response)
    })
    .await?
}

impl From<RecordingError> for Problem {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::NoTenant(_) | RecordingError::None(_) => not_found(error.to_string()),
            RecordingError::Already(..) | RecordingError::Vault(_) => {
                Self::new(ProblemKind::Conflict, error.to_string())
            }
            RecordingError::Store(error) => error.into(),
        }
    }
}
