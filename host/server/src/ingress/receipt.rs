//! The acknowledgement of a request.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use jackfield_store::Receipt;

/// 202 for what is new, 200 for a repeat; the same receipt for both.
pub fn respond(receipt: &Receipt, repeat: bool) -> Response {
    let status = if repeat { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = json!({
        "receipt": receipt.id,
        "delivery": receipt.delivery,
        "lead_id": receipt.lead,
        "accepted_at": receipt.accepted_at,
    });
    (status, Json(body)).into_response()
}
