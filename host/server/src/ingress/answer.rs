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

impl From<DispositionRefusal> for Problem {
    fn from(refusal: DispositionRefusal) -> Self {
        let problem = Self::from(refusal.error);
        if refusal.do_not_call_recorded {
            problem
                .and("the lead's wish not to be called is recorded all the same")
                .with("do_not_call_recorded", true)
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
            // The log says why; `/readyz` counts such tenants.
            IntakeError::NotServing => Self::new(ProblemKind::Overloaded, detail).retry_after(30),
            IntakeError::Store(error) => error.into(),
        }
    }
}
