//! What a load balancer, an orchestrator and Prometheus ask.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::observe::metrics::Metrics;
use crate::problem::Problem;
use crate::tenants::Tenants;
use jackfield_clock::SharedClock;
use jackfield_store::SharedStore;

/// What the answers come from.
#[derive(Debug, Clone)]
pub struct HealthState {
    /// Asked whether it can be written to.
    pub store: SharedStore,
    /// Asked who cannot be served.
    pub tenants: Arc<Tenants>,
    /// The time.
    pub clock: SharedClock,
    /// What was counted.
    pub metrics: Metrics,
    /// Cancelled when the host drains.
    pub draining: CancellationToken,
}

/// `/healthz` and `/readyz`, for both listeners.
pub fn router(state: HealthState) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(state)
}

/// `/metrics`, for the admin listener.
pub fn metrics_router(state: HealthState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

/// Whether to send requests here, and if not, why. A tenant whose release does not load is named, and does not take the
/// host away from the others. No reasons are given that could hold more than a name: both listeners answer.
async fn readyz(State(state): State<HealthState>) -> Response {
    let store = state.store.ready().await;
    let checks = [("store", store.is_ok()), ("accepting", !state.draining.is_cancelled())];
    let not_ready: Vec<_> = checks.iter().filter(|(_, good)| !good).map(|(name, _)| *name).collect();
    if let Err(error) = store {
        tracing::error!(%error, "the store is not ready");
    }
    let status = if not_ready.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "ready": not_ready.is_empty(),
        "not_ready": not_ready,
        "tenants_not_serving": state.tenants.broken().len(),
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(state): State<HealthState>) -> Result<Response, Problem> {
    let breakers = state.tenants.breakers.readings();
    let now = state.clock.now();
    let page = state.metrics.scrape(&state.store, &breakers, now).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
