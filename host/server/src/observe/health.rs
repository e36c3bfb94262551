//! The endpoints for load balancers, orchestrators and Prometheus: `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::observe::failures::StoreFailureLog;
use crate::observe::metrics::{Metrics, PageFormat, TenantGauges};
use crate::problem::Problem;
use crate::tenants::Tenants;
use jackfield_clock::SharedClock;
use jackfield_store::SharedStore;

/// What the endpoints need.
#[derive(Debug, Clone)]
pub struct HealthState {
    /// The store, asked whether it can be written to.
    pub store: SharedStore,
    /// The tenants, asked which of them cannot be served.
    pub tenants: Arc<Tenants>,
    /// The clock.
    pub clock: SharedClock,
    /// The metrics.
    pub metrics: Metrics,
    /// Cancelled when the host is about to drain.
    pub draining: CancellationToken,
    /// Logs that the store is not ready.
    pub failures: StoreFailureLog,
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

/// Says whether to send requests to this host, and if not, why. Tenants whose release does not load are counted. They
/// do not make the host unavailable to the others; but a host that has tenants and serves none of them is not ready, so
/// that a roll-out which lost their secrets stops at its first host. The answer contains no reason with more than a
/// name in it, since both listeners give it.
async fn readyz(State(state): State<HealthState>) -> Response {
    let store = state.store.ready().await;
    let tenants = state.tenants.counts();
    let checks = [
        ("store", store.is_ok()),
        ("accepting", !state.draining.is_cancelled()),
        ("tenants", tenants.serving > 0 || tenants.not_serving == 0),
    ];
    let not_ready: Vec<_> = checks
        .iter()
        .filter(|(_, passed)| !passed)
        .map(|(name, _)| *name)
        .collect();
    if let Err(error) = store {
        state.failures.failed(&error.to_string(), "the host is not ready");
    }
    let status = if not_ready.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "ready": not_ready.is_empty(),
        "not_ready": not_ready,
        "tenants_serving": tenants.serving,
        "tenants_not_serving": tenants.not_serving,
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(state): State<HealthState>, headers: HeaderMap) -> Result<Response, Problem> {
    let accept = headers.get_all(header::ACCEPT).iter();
    let format = PageFormat::accepted_by(accept.filter_map(|value| value.to_str().ok()));
    let counts = state.tenants.counts();
    let tenants = TenantGauges {
        breakers: state.tenants.breakers.statuses(),
        serving: counts.serving,
        not_serving: counts.not_serving,
    };
    let now = state.clock.now();
    let page = state.metrics.scrape(&state.store, &tenants, format, now).await?;
    let headers = [(header::CONTENT_TYPE, format.media_type()), (header::VARY, "accept")];
    Ok((headers, page).into_response())
}
