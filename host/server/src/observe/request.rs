//! What both listeners do with every request: give it an id, handle it to its end, write one line to the log, and add
//! the id to problems.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rand::RngExt as _;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::observe::failures::StoreFailureLog;
use crate::problem::{Problem, ProblemKind};
use jackfield_clock::SharedClock;
use jackfield_domain::intake::request_head;

/// The header of an answer that has the request's id.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The address at the other end of the connection of a request: the client's, or that of the load balancer in front of
/// it. A listener adds it to the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Why the host did not read a request's body to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body arrived too slowly.
    #[error("the body came too slowly")]
    TooSlow,
    /// The memory for incoming bodies is used up.
    #[error("too many large bodies are on their way in")]
    NoRoom,
    /// The connection broke off.
    #[error("the body broke off")]
    BrokeOff,
}

impl BodyError {
    /// The error of this type among the sources of `error`, which a handler got when it read the body.
    #[must_use]
    pub fn within(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut sources = std::iter::successors(Some(error), |error| error.source());
        sources.find_map(|error| error.downcast_ref().copied())
    }

    /// The answer to a request with such a body, of which nothing was stored.
    #[must_use]
    pub fn problem(self) -> Problem {
        match self {
            Self::TooSlow => Problem::new(
                ProblemKind::TooSlow,
                "the body came too slowly; nothing was stored, send it again",
            ),
            Self::NoRoom => Problem::new(
                ProblemKind::Overloaded,
                "too many large bodies are on their way in; nothing was stored, send it again",
            )
            .retry_after(1),
            Self::BrokeOff => Problem::new(
                ProblemKind::BadRequest,
                "the body broke off; nothing was stored, send it again",
            ),
        }
    }
}

/// Identifies one request in its answer and in the log. The host generates it and ignores an id that a client sends,
/// since that could be a lead's phone number.
#[derive(Debug, Clone)]
pub struct RequestId(Arc<str>);

impl RequestId {
    #[expect(
        clippy::disallowed_methods,
        reason = "no decision depends on it; it only has to be unique"
    )]
    fn random() -> Self {
        Self(format!("req_{:024x}", rand::rng().random::<u128>() >> 32).into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The token of an `authorization: Bearer …` header, if there is exactly one. The scheme's case does not matter.
#[must_use]
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the requests of a host share: the clock, the log of the store's failures, and the tasks that handle them.
#[derive(Debug, Clone)]
pub struct RequestLog {
    clock: SharedClock,
    failures: StoreFailureLog,
    running: TaskTracker,
}

impl RequestLog {
    /// A log of no request yet.
    #[must_use]
    pub fn new(clock: SharedClock, failures: StoreFailureLog) -> Self {
        let running = TaskTracker::new();
        Self {
            clock,
            failures,
            running,
        }
    }

    /// Returns once every request has been handled, even those whose clients are gone. Call it when no more arrive.
    pub async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

/// Middleware that gives a request its id, logs how it ended and renders a [`Problem`] with the id; each one for a
/// question for a lead's status says not to call the lead. The log has the
/// route and never the path: a lead's id would be harmless there, but a client can put anything into a path.
///
/// The request is handled to its end in a task of its own, even if its client goes away: what is stored is the host's
/// from then on, so it is logged, counted and worked on.
pub async fn log_request(State(log): State<RequestLog>, mut request: Request, next: Next) -> Response {
    let id = RequestId::random();
    let method = request.method().clone();
    let asks_for_status = request_head::may_ask_for_status(request.uri().path());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    request.extensions_mut().insert(id.clone());

    let span = request_span(&id);
    let started_at = log.clock.now();
    let (clock, failures) = (log.clock, log.failures);
    let request_id = id.clone();
    let handling = async move {
        let mut response = next.run(request).await;
        let problem = response
            .extensions_mut()
            .remove::<Problem>()
            .or_else(|| Problem::of_status(response.status()));
        let kind = problem.as_ref().map(|problem| problem.kind().word());
        if let Some(problem) = problem {
            if let Some(cause) = problem.cause() {
                failures.failed(cause, "a request was refused");
            }
            response = problem.fail_closed(asks_for_status).respond(request_id.as_str());
        }
        let took_ms = clock.now().duration_since(started_at).as_millis();
        let status = response.status().as_u16();
        tracing::info!(%method, route, status, took_ms, problem = kind, "answered");
        response
    };
    let handled = log.running.spawn(handling.instrument(span.clone())).await;
    let mut response = handled.unwrap_or_else(|error| {
        span.in_scope(|| tracing::error!(%error, "the handler of a request panicked"));
        let detail = "the request failed halfway; ask for what it should have changed before you send it again";
        let problem = Problem::new(ProblemKind::Internal, detail);
        problem.fail_closed(asks_for_status).respond(id.as_str())
    });
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

/// The span of a request. `tenant` and `reason` are recorded by those who learn them: which tenant it concerns, and why
/// it was refused.
fn request_span(id: &RequestId) -> tracing::Span {
    let empty = tracing::field::Empty;
    tracing::info_span!("request", request_id = id.as_str(), tenant = empty, reason = empty)
}

/// Records in the log line of the current request why it is refused: a class, never what the client sent.
pub fn record_reason(reason: &'static str) {
    tracing::Span::current().record("reason", reason);
}

/// Logs a request that no route handles because its head is not valid HTTP, and renders the answer.
#[must_use]
pub fn refuse_head(problem: Problem, reason: &'static str) -> Response {
    let (id, problem) = log_refused_head(problem, reason);
    let mut response = problem.respond(id.as_str());
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

/// Logs a request that the HTTP library could not read and answered with `status`. Returns its id and the body of its
/// answer.
#[must_use]
pub fn refuse_unreadable(status: StatusCode) -> (RequestId, String) {
    let problem = Problem::of_status(status).unwrap_or_else(|| Problem::new(ProblemKind::BadRequest, ""));
    // Nobody knows what it asked for.
    let problem = problem.fail_closed(true);
    let (id, problem) = log_refused_head(problem, "unreadable");
    let body = problem.body(id.as_str());
    (id, body)
}

fn log_refused_head(problem: Problem, reason: &'static str) -> (RequestId, Problem) {
    let id = RequestId::random();
    let (status, kind) = (problem.status().as_u16(), problem.kind().word());
    request_span(&id).in_scope(|| {
        record_reason(reason);
        tracing::info!(status, problem = kind, "the head of a request was refused");
    });
    (id, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_scheme_gives_a_token() {
        let token = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer jfo_x").as_deref(), Some("jfo_x"));
        assert_eq!(token("bearer  jfo_x ").as_deref(), Some("jfo_x"));
        for wrong in ["jfo_x", "Basic jfo_x", "", "Bearer"] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
    }
}
