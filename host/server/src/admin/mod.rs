//! The admin API, for operators, on its own listener: adapters, tenants, tokens, deliveries, leads, alerts and the
//! audit trail.
//!
//! Each resource has a file with its handlers and their documentation, from which the `OpenAPI` description is
//! generated. The command line does nothing that this API cannot do. Everything under `/v1` requires an operator's
//! token. `app` mounts `/healthz`, `/readyz` and `/metrics` beside it.

mod adapters;
mod alerts;
mod audit;
mod breaker;
mod deliveries;
mod extract;
mod guard;
mod leads;
mod listing;
mod payload;
mod problems;
mod recording;
mod releases;
mod secrets;
mod selection;
mod stopped_deliveries;
mod suppressions;
mod tenants;
mod tokens;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::sync::Notify;
use tracing::Instrument as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::auth::Tokens;
use crate::observe::metrics::Metrics;
use crate::observe::request::{RequestLog, log_request};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{Rollout, Tenants};
use crate::vault::Vault;
use jackfield_clock::SharedClock;
use jackfield_domain::intake::request_head;
use jackfield_store::SharedStore;

/// Bytes of a body that is not a component: 1 MiB, as on the public listener.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the handlers need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AdminState {
    /// The store.
    pub store: SharedStore,
    /// Creates releases and activates them.
    pub rollout: Rollout,
    /// The secrets.
    pub vault: Vault,
    /// The tenants that this host serves.
    pub tenants: Arc<Tenants>,
    /// The valid tokens.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: SharedClock,
    /// Counts refused requests.
    pub metrics: Metrics,
    /// Notified when a replay or a breaker makes deliveries due.
    pub wake: Arc<Notify>,
    /// Logs requests, and runs each to its end.
    pub requests: RequestLog,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Jackfield admin API",
        description = "What the platform team does with a Jackfield host. Listings are pages: follow `next` with \
                       `after`. Errors are `application/problem+json`."
    ),
    components(schemas(jackfield_api::ProblemBody)),
    modifiers(&OperatorTokenScheme),
    security(("operator" = []))
)]
struct AdminApiDescription;

/// Describes how an operator's token is sent.
struct OperatorTokenScheme;

impl Modify for OperatorTokenScheme {
    fn modify(&self, api: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components
            .get_or_insert_default()
            .add_security_scheme("operator", scheme);
    }
}

/// Every route of `/v1`, and their description.
fn documented_routes() -> (Router<AdminState>, OpenApi) {
    OpenApiRouter::with_openapi(AdminApiDescription::openapi())
        .routes(routes!(adapters::push).layer(DefaultBodyLimit::max(adapters::BODY_LIMIT)))
        .routes(routes!(adapters::list))
        .routes(routes!(adapters::show))
        .routes(routes!(tenants::list))
        .routes(routes!(tenants::show))
        .routes(routes!(releases::apply))
        .routes(routes!(releases::apply_to, releases::list))
        .routes(routes!(releases::show))
        .routes(routes!(releases::rollback))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set, secrets::remove))
        .routes(routes!(secrets::rotate_key))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(payload::edit))
        .routes(routes!(stopped_deliveries::replay))
        .routes(routes!(stopped_deliveries::discard))
        .routes(routes!(stopped_deliveries::discard_one))
        .routes(routes!(stopped_deliveries::landed))
        .routes(routes!(leads::show))
        .routes(routes!(suppressions::list))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(breaker::list))
        .routes(routes!(breaker::show, breaker::force))
        .routes(routes!(recording::begin, recording::show, recording::take))
        .split_for_parts()
}

/// The admin API. Every path and method that it does not support is answered with a problem.
pub fn router(state: AdminState) -> Router {
    let (v1, description) = documented_routes();
    let guard = guard::OperatorGuard {
        tokens: Arc::clone(&state.tokens),
        store: Arc::clone(&state.store),
        clock: Arc::clone(&state.clock),
        metrics: state.metrics.clone(),
        refusals: Arc::default(),
    };
    let v1 = v1.layer(from_fn_with_state(guard, guard::operators_only));
    let description = Arc::new(description);
    let others = Router::new().route(
        "/openapi.json",
        get(|| async move { Json(&*description).into_response() }),
    );
    let requests = state.requests.clone();
    with_fallbacks_and_layers(others.merge(v1).with_state(state), requests)
}

/// Adds what every route of the listener needs: problems for unknown paths and methods, a limit for bodies, and the
/// log.
fn with_fallbacks_and_layers(routes: Router, requests: RequestLog) -> Router {
    routes
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(check_target))
        .layer(from_fn_with_state(requests, log_request))
}

/// Refuses a path or a query that is not percent-encoded, before any route reads it.
async fn check_target(request: Request, next: Next) -> Result<Response, Problem> {
    request_head::check_target(request.uri())
        .map_err(|error| Problem::new(ProblemKind::BadRequest, error.explanation()))?;
    Ok(next.run(request).await)
}

async fn no_such_path() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "no endpoint has this path; GET /openapi.json lists what there is",
    )
}

async fn no_such_method() -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        "this path does not support this method; the header `allow` names those that it does, and GET /openapi.json \
         lists what there is",
    )
}

/// Runs `work` to completion even if the client disconnects, so that no change stops between the database and this
/// host's memory.
async fn run_to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| {
        tracing::error!(%error, "the handler of an operator's request panicked");
        Problem::new(
            ProblemKind::Internal,
            "the request failed halfway; check what was changed before you send it again",
        )
    })
}

#[cfg(test)]
mod tests;
