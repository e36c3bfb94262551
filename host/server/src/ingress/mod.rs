//! The public API, for the agent and the CRMs: one file for each endpoint.
//!
//! A 2xx is sent only after one committed transaction holds the key and the work (promise 1), so a handler
//! authenticates, asks the intake, and answers. Nothing here waits for a delivery.

mod answer;
mod delivery;
mod disposition;
mod extract;
mod leads;
mod pull;
pub mod rate_limiter;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use http::Uri;

use crate::auth::Tokens;
use crate::intake::Intake;
use crate::observe::metrics::Metrics;
use crate::observe::request::{RequestLog, log_request, record_reason};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::Tenants;
use jackfield_clock::SharedClock;
use jackfield_domain::intake::request_head;
use jackfield_store::SharedStore;

use rate_limiter::RateLimiter;

/// Most bytes of a body: 1 MiB, a thousand times the size of the contract's examples.
pub const MAX_BODY: usize = 1024 * 1024;

/// What the endpoints need. It is passed from service to service with each request, so it is one pointer.
pub type SharedState = Arc<PublicState>;

/// What the endpoints need.
#[derive(Debug)]
pub struct PublicState {
    /// Accepts leads and dispositions.
    pub intake: Intake,
    /// The store of leads and deliveries.
    pub store: SharedStore,
    /// The tenants, each with its active release.
    pub tenants: Arc<Tenants>,
    /// The valid tokens.
    pub tokens: Arc<Tokens>,
    /// The clock.
    pub clock: SharedClock,
    /// The metrics.
    pub metrics: Metrics,
    /// Limits how often clients and tenants may ask, and from which addresses.
    pub rate_limiter: Arc<RateLimiter>,
    /// Logs requests, and runs each to its end.
    pub requests: RequestLog,
}

/// The answer for a path that no endpoint has.
fn unknown_path(path: &str) -> Problem {
    let not_found = |detail| Problem::new(ProblemKind::NotFound, detail);
    let below_leads = path.strip_prefix("/v1/tenants/").and_then(|rest| {
        let (_, rest) = rest.split_once('/')?;
        rest.strip_prefix("leads/")
    });
    let Some(rest) = below_leads else {
        return not_found("no endpoint has this path; they begin with /v1/tenants/");
    };
    let last = rest.rsplit('/').find(|segment| !segment.is_empty());
    let detail = if matches!(last, Some("status" | "disposition")) {
        "no endpoint has this path: a lead's id is one segment, so encode it in percent form, its slash as %2F"
    } else {
        "no endpoint has this path; those of a lead end in /status and /disposition"
    };
    not_found(detail)
}

/// The public API.
pub fn router(state: PublicState) -> Router {
    let requests = state.requests.clone();
    Router::new()
        .route("/v1/tenants/{tenant}/leads", post(leads::post).get(pull::get))
        .route("/v1/tenants/{tenant}/leads/{lead_id}/status", get(status::get))
        .route(
            "/v1/tenants/{tenant}/leads/{lead_id}/disposition",
            post(disposition::post),
        )
        .route("/v1/tenants/{tenant}/deliveries/{id}", get(delivery::get))
        .fallback(async |uri: Uri| unknown_path(uri.path()))
        .method_not_allowed_fallback(async || {
            Problem::new(ProblemKind::MethodNotAllowed, "this path does not support this method")
        })
        .with_state(Arc::new(state))
        .layer(from_fn(check_target))
        .layer(from_fn_with_state(requests, log_request))
}

/// Refuses a path or a query that is not percent-encoded, before any route reads it.
async fn check_target(request: Request, next: Next) -> Result<Response, Problem> {
    if let Err(error) = request_head::check_target(request.uri()) {
        record_reason(error.word());
        return Err(Problem::new(ProblemKind::BadRequest, error.explanation()));
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_slash_in_an_id_is_explained() {
        for path in [
            "/v1/tenants/t/leads/A/7/status",
            "/v1/tenants/t/leads/A/7/disposition",
            "/v1/tenants/t/leads//status",
            "/v1/tenants/t/leads/A//status/",
        ] {
            assert!(unknown_path(path).detail().contains("%2F"), "{path}");
        }
        for path in [
            "/",
            "/v1/tenants/t",
            "/v1/tenants/t/lead/A/status",
            "/v1/tenants/t/leads/A",
        ] {
            assert!(!unknown_path(path).detail().contains("%2F"), "{path}");
        }
    }
}
