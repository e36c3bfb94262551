//! The operators' API, on its own listener: adapters, tenants, tokens, stuck deliveries, and what to know of leads.
//!
//! One file per resource, its documentation beside its handlers; the `OpenAPI` description comes out of both. The
//! command line tool does nothing that this API cannot. Everything under `/v1` wants an operator's token; `/healthz`,
//! `/readyz` and `/metrics` are mounted beside it by `app`.

mod adapters;
mod alerts;
mod audit;
mod breaker;
mod choice;
mod deliveries;
mod extract;
mod guard;
mod leads;
mod listing;
mod payload;
mod recording;
mod refusal;
mod releases;
mod secrets;
mod stuck;
mod suppressions;
mod tenants;
mod tokens;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use http::Method;
use tokio::sync::Notify;
use tracing::Instrument as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::auth::Tokens;
use crate::observe::metrics::Metrics;
use crate::observe::request::log_request;
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{Rollout, Tenants};
use crate::vault::Vault;
use jackfield_clock::SharedClock;
use jackfield_store::SharedStore;

/// A body that is not a component is at most 1 MiB, as on the public listener.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the handlers work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AdminState {
    /// What is remembered.
    pub store: SharedStore,
    /// Makes releases and puts them in service.
    pub rollout: Rollout,
    /// Keeps secrets.
    pub vault: Vault,
    /// What this host serves.
    pub tenants: Arc<Tenants>,
    /// Who may ask.
    pub tokens: Arc<Tokens>,
    /// Time.
    pub clock: SharedClock,
    /// Counts who is refused.
    pub metrics: Metrics,
    /// Notified when a replay made work.
    pub wake: Arc<Notify>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Jackfield admin API",
        description = "What the platform team does with a Jackfield host. Listings are pages: follow `next` with \
                       `after`. Errors are `application/problem+json`."
    ),
    components(schemas(jackfield_api::ProblemBody)),
    modifiers(&OperatorToken),
    security(("operator" = []))
)]
struct Description;

struct OperatorToken;

impl Modify for OperatorToken {
    fn modify(&self, api: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components
            .get_or_insert_default()
            .add_security_scheme("operator", scheme);
    }
}

/// Every route of `/v1` with its description.
fn described() -> (Router<AdminState>, OpenApi) {
    OpenApiRouter::with_openapi(Description::openapi())
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
        .routes(routes!(stuck::replay))
        .routes(routes!(stuck::discard))
        .routes(routes!(stuck::discard_one))
        .routes(routes!(stuck::landed))
        .routes(routes!(leads::show))
        .routes(routes!(suppressions::list))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(breaker::list))
        .routes(routes!(breaker::show, breaker::force))
        .routes(routes!(recording::begin, recording::show, recording::take))
        .split_for_parts()
}

/// The admin API, with a problem for every path and method that it does not have.
pub fn router(state: AdminState) -> Router {
    let (v1, description) = described();
    let guard = guard::Guard {
        tokens: Arc::clone(&state.tokens),
        store: Arc::clone(&state.store),
        clock: Arc::clone(&state.clock),
        metrics: state.metrics.clone(),
        refusals: Arc::default(),
    };
    let v1 = v1.layer(from_fn_with_state(guard, guard::operators_only));
    let description = Arc::new(description);
    let rest = Router::new().route(
        "/openapi.json",
        get(|| async move { Json(description).into_response() }),
    );
    let clock = Arc::clone(&state.clock);
    finish(rest.merge(v1).with_state(state), clock)
}

/// What every answer of the listener has in common.
fn finish(routes: Router, clock: SharedClock) -> Router {
    routes
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(clock, log_request))
}

async fn no_such_path(OriginalUri(uri): OriginalUri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemKind::NotFound,
        format!("there is no {path} here; GET /openapi.json lists what there is"),
    )
}

async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemKind::MethodNotAllowed,
        format!("{path} does not take {method}; GET /openapi.json lists what there is"),
    )
}

/// Runs `work` to its end even when the client goes away, so that no change stops between the database and the memory
/// of this host.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| {
        tracing::error!(%error, "an operator's request broke off");
        Problem::new(
            ProblemKind::Internal,
            "the request broke off; look at what became of it, then send it again",
        )
    })
}

#[cfg(test)]
mod tests;
