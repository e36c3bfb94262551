//! `/v1/tenants/{tenant}/recording`: calls of a tenant's adapter, taken down as fixtures for its author.
//!
//! A recording is in the memory of the host that is asked, of the calls that run there. What it holds is handed out
//! once, by an operator's deed that the audit trail has, and forgotten then.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::guard::Touched;
use super::refusal::{Refusals, not_found, wrong};
use super::{AdminState, to_the_end};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{Order, RecordingError};
use jackfield_domain::id::TenantName;
use jackfield_domain::recording::{Bounds, Kind, LeftOut, Phase, Standing};

/// How much is recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginRecording {
    /// How many calls: 1 to 500.
    #[serde(default = "default_calls")]
    #[schema(default = 20, minimum = 1, maximum = 500)]
    pub calls: u32,
    /// For how many minutes: 1 to 60.
    #[serde(default = "default_minutes")]
    #[schema(default = 10, minimum = 1, maximum = 60)]
    pub minutes: u32,
    /// Whether phone numbers, e-mail addresses and names stay as they are. Otherwise those that can be told are
    /// replaced before anything is kept.
    #[serde(default)]
    pub unmasked: bool,
}

const fn default_calls() -> u32 {
    20
}

const fn default_minutes() -> u32 {
    10
}

impl BeginRecording {
    fn order(self) -> Result<Order, Problem> {
        if !(1..=Bounds::MAX_CALLS).contains(&self.calls) {
            return Err(wrong("/calls", format!("must be 1 to {}", Bounds::MAX_CALLS)));
        }
        if !(1..=Bounds::MAX_MINUTES).contains(&self.minutes) {
            return Err(wrong("/minutes", format!("must be 1 to {}", Bounds::MAX_MINUTES)));
        }
        Ok(Order {
            bounds: Bounds {
                calls: self.calls,
                length: Duration::from_mins(self.minutes.into()),
            },
            unmasked: self.unmasked,
        })
    }
}

/// A recording. No data of leads.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordingView {
    /// The tenant.
    pub tenant: String,
    /// Where it is.
    pub state: Phase,
    /// How many calls it is to have.
    pub wanted: u32,
    /// Calls that it has, by their kind: `status`, `write`, `find` and `webhook`.
    pub recorded: BTreeMap<Kind, u32>,
    /// Calls that it left out, by the reason.
    pub left_out: BTreeMap<LeftOut, u32>,
    /// Bytes that it holds.
    pub bytes: usize,
    /// Whether personal data is in it as it was.
    pub unmasked: bool,
    /// When it began.
    pub begun_at: Timestamp,
    /// When its time is over.
    pub ends_at: Timestamp,
    /// When what it holds is forgotten if nobody takes it.
    pub forgotten_at: Timestamp,
}

impl RecordingView {
    fn of(tenant: &TenantName, standing: Standing, order: Order) -> Self {
        Self {
            tenant: tenant.to_string(),
            state: standing.phase,
            wanted: standing.wanted,
            recorded: standing.kept,
            left_out: standing.left_out,
            bytes: standing.bytes,
            unmasked: order.unmasked,
            begun_at: standing.begun,
            ends_at: standing.ends,
            forgotten_at: standing.forgotten,
        }
    }
}

/// A recorded call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedCall {
    /// Which function of the adapter was called.
    pub kind: Kind,
    /// The call as a fixture: a file of a cassette.
    #[schema(value_type = Object)]
    pub fixture: Value,
}

/// A recording with what it held.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TakenView {
    /// How it ended.
    pub recording: RecordingView,
    /// The calls, in the order in which they ended.
    pub calls: Vec<RecordedCall>,
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
    Json(wish): Json<BeginRecording>,
) -> Result<Response, Problem> {
    let order = wish.order()?;
    to_the_end(async move {
        let standing = state.rollout.begin_recording(&tenant, order).await?;
        let view = RecordingView::of(&tenant, standing, order);
        let mut response = (StatusCode::CREATED, axum::Json(view)).into_response();
        let touched = [
            ("calls", order.bounds.calls.to_string()),
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
    let (standing, order) = state.rollout.recording(&tenant)?;
    Ok(axum::Json(RecordingView::of(&tenant, standing, order)))
}

/// End a tenant's recording and take what it holds.
///
/// The host forgets it: it is handed out once. Calls in which a secret of the tenant is found are left out.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/recording", tag = "recordings",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The recording and its calls.", body = TakenView), Refusals))]
pub(super) async fn take(State(state): State<AdminState>, Path(tenant): Path<TenantName>) -> Result<Response, Problem> {
    to_the_end(async move {
        let tapes = state.rollout.take_recording(&tenant).await?;
        let calls = tapes.kept.into_iter().map(|call| RecordedCall {
            kind: call.kind,
            fixture: call.fixture,
        });
        let view = TakenView {
            calls: calls.collect(),
            recording: RecordingView::of(&tenant, tapes.standing, tapes.order),
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
