//! The public listener: what the agent and the CRMs call. One file an endpoint.
//!
//! A 2xx is sent only after one committed transaction holds the key and the work (promise 1), so a handler
//! authenticates, asks the intake, and answers. Nothing here waits for a delivery.

mod answer;
mod caller;
mod delivery;
mod disposition;
pub mod gate;
mod leads;
mod pull;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::auth::Tokens;
use crate::intake::Intake;
use crate::observe::metrics::Metrics;
use crate::problem::{Problem, ProblemKind};
use crate::observe::request;
use crate::tenants::Tenants;
use jackfield_clock::SharedClock;
use jackfield_store::SharedStore;

use gate::Gate;

/// A body may be this large: 1 MiB, a thousand times the contract's examples.
pub const MAX_BODY: usize = 1024 * 1024;

/// What the endpoints need. It is handed from service to service with each request, so it is one pointer.
pub type SharedState = Arc<PublicState>;

/// What the endpoints need.
#[derive(Debug)]
pub struct PublicState {
    /// Accepts leads and dispositions.
    pub intake: Intake,
    /// Knows leads and deliveries.
    pub store: SharedStore,
    /// Who is served, by which release.
    pub tenants: Arc<Tenants>,
    /// Who may call.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: Metrics,
    /// Who may come in, and how often.
    pub gate: Arc<Gate>,
}

/// The public API.
pub fn router(state: PublicState) -> Router {
    let clock = Arc::clone(&state.clock);
    Router::new()
        .route("/v1/tenants/{tenant}/leads", post(leads::post).get(pull::get))
        .route("/v1/tenants/{tenant}/leads/{lead_id}/status", get(status::get))
        .route(
            "/v1/tenants/{tenant}/leads/{lead_id}/disposition",
            post(disposition::post),
        )
        .route("/v1/tenants/{tenant}/deliveries/{id}", get(delivery::get))
        .fallback(async || {
            Problem::new(
                ProblemKind::NotFound,
                "no endpoint has this path; they begin with /v1/tenants/",
            )
        })
        .method_not_allowed_fallback(async || {
            Problem::new(ProblemKind::MethodNotAllowed, "this path does not support this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(state))
        .layer(axum::middleware::from_fn_with_state(clock, request::observe))
}
