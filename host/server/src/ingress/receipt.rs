//! The acknowledgement of a request.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use jackfield_api::ReceiptView;
use jackfield_store::Receipt;

/// 202 for what is new, 200 for a repeat; the same receipt for both.
pub fn respond(receipt: &Receipt, repeat: bool) -> Response {
    let status = if repeat { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = ReceiptView {
        receipt: receipt.id.to_string(),
        delivery: receipt.delivery.to_string(),
        lead_id: receipt.lead.clone().map(Into::into),
        accepted_at: receipt.accepted_at,
    };
    (status, Json(body)).into_response()
}
