//! HTTP answers for the results of the intake.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::intake::{Acceptance, DispositionRefusal, IntakeError};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::ReceiptView;

/// 202 for a new request, 200 for a repeat; both with the same receipt.
pub fn accepted(acceptance: Acceptance) -> Response {
    let Acceptance { receipt, repeat } = acceptance;
    let status = if repeat { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = ReceiptView {
        receipt: receipt.id.to_string(),
        delivery: receipt.delivery.to_string(),
        lead_id: receipt.lead.map(Into::into),
        accepted_at: receipt.accepted_at,
    };
    (status, Json(body)).into_response()
}

/// The seconds after which a client may ask again for a tenant that is not served. The host tries its release again at
/// least each minute, but usually an operator has to act first.
const NOT_SERVING_RETRY: u64 = 30;

/// The problem for a tenant of which this host can serve no release. The sender learns that waiting is not enough, and
/// not why; that is for the operator.
pub fn tenant_unavailable(advice: &str) -> Problem {
    let detail =
        format!("this host cannot serve the tenant until its operator acts, who has an alert that says why; {advice}");
    Problem::new(ProblemKind::TenantUnavailable, detail).retry_after(NOT_SERVING_RETRY)
}

/// The problem for a refused disposition whose wish not to be called was recorded.
pub fn do_not_call_recorded(problem: Problem) -> Problem {
    problem
        .and("the lead's wish not to be called is recorded all the same")
        .with("do_not_call_recorded", true)
}

impl From<DispositionRefusal> for Problem {
    fn from(refusal: DispositionRefusal) -> Self {
        let problem = Self::from(refusal.error);
        if refusal.do_not_call_recorded {
            do_not_call_recorded(problem)
        } else {
            problem
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let detail = error.to_string();
        match error {
            IntakeError::NotJson(_) => Self::new(ProblemKind::BadRequest, detail),
            IntakeError::Unsupported(_) => Self::new(ProblemKind::UnsupportedMedia, detail),
            IntakeError::Invalid(errors) => Self::invalid(errors),
            IntakeError::KeyReused => Self::new(ProblemKind::KeyReused, detail),
            IntakeError::CallReported => Self::new(ProblemKind::Conflict, detail),
            IntakeError::NotServing => tenant_unavailable("nothing was stored; send it again"),
            IntakeError::Store(error) => error.into(),
        }
    }
}
