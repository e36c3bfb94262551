//! Who may ask, and the record of what they did: every request but a reading one is in the audit trail before it is
//! carried out, and again, with its outcome, before it is answered.
//!
//! What cannot be written down is not done. The trail holds routes, names and ids; never bodies, and of a path only
//! what has the form of an id.

use std::sync::{Arc, Mutex};

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use http::request::Parts;

use super::to_the_end;
use crate::auth::Tokens;
use crate::observe::metrics::Metrics;
use crate::observe::request::{RequestId, bearer_token};
use crate::problem::{Problem, ProblemKind};
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::audit::{Actor, AuditEntry, AuditEvent, RefusalCounter};
use jackfield_store::{SharedStore, TokenRecord};

/// Characters of a part of a path that are written down: more than any id or name has.
const MAX_PART: usize = 200;

/// What the guard works with.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub tokens: Arc<Tokens>,
    pub store: SharedStore,
    pub clock: SharedClock,
    pub metrics: Metrics,
    pub refusals: Arc<Mutex<RefusalCounter>>,
}

/// What a handler did it to, where the path does not say: put into the answer's extensions, for the audit trail. Names
/// and ids only.
#[derive(Debug, Clone)]
pub(super) struct Touched(pub Vec<(&'static str, String)>);

/// Lets operators through, and writes down what they change.
pub(super) async fn operators_only(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let presented = bearer_token(request.headers()).and_then(|token| guard.tokens.operator(token));
    let (mut parts, body) = request.into_parts();
    let Some(operator) = presented else {
        return Err(guard.refuse(&parts).await);
    };
    if parts.method.is_safe() {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let mut event = guard.event(&parts, &operator);
    event.target = target(&path_parts(&mut parts).await);
    let begun = guard.store.append_audit(event.clone()).await.map_err(|error| {
        let unavailable = Problem::from(error);
        Problem::new(
            unavailable.kind(),
            "the audit trail cannot be written, so nothing was done; send it again",
        )
        .retry_after(1)
    })?;
    tracing::info!(operator = %operator.id, audit = begun.seq, hash = %begun.hash, "an operator changes something");
    // To the end even if the client goes away, so that the outcome is written down whatever it is.
    to_the_end(async move {
        let mut response = next.run(Request::from_parts(parts, body)).await;
        let touched = response.extensions_mut().remove::<Touched>();
        let ended = guard.end(event, touched, response.status().as_u16()).await;
        ended.map_or_else(Problem::into_response, |_| response)
    })
    .await
}

impl Guard {
    fn event(&self, parts: &Parts, operator: &TokenRecord) -> AuditEvent {
        AuditEvent {
            actor: Actor::Operator(operator.id),
            label: operator.label.clone(),
            ..self.unknown(parts)
        }
    }

    /// What somebody unknown wants.
    fn unknown(&self, parts: &Parts) -> AuditEvent {
        let route = parts
            .extensions
            .get::<MatchedPath>()
            .map_or("none", MatchedPath::as_str);
        let request = parts.extensions.get::<RequestId>();
        AuditEvent {
            at: self.clock.now(),
            actor: Actor::Unknown,
            label: String::new(),
            action: format!("{} {route}", parts.method),
            target: String::new(),
            status: None,
            request: request.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        }
    }

    async fn end(&self, mut event: AuditEvent, touched: Option<Touched>, status: u16) -> Result<AuditEntry, Problem> {
        for (name, value) in touched.into_iter().flat_map(|Touched(parts)| parts) {
            let space = if event.target.is_empty() { "" } else { " " };
            event.target = format!("{}{space}{name}={value}", event.target);
        }
        event.at = self.clock.now();
        event.status = Some(status);
        self.store.append_audit(event).await.map_err(|error| {
            tracing::error!(%error, "the outcome of an operator's request could not be written to the audit trail");
            Problem::new(
                ProblemKind::Overloaded,
                "it was answered, but its outcome cannot be written to the audit trail, so the answer is withheld: \
                 look at what became of it before you send it again",
            )
        })
    }

    /// The answer to whoever is no operator. Written down once a minute at most, so that nobody outside can fill the
    /// disk; the metric counts every one.
    async fn refuse(&self, parts: &Parts) -> Problem {
        let reason = if parts.headers.contains_key(header::AUTHORIZATION) {
            "token"
        } else {
            "no-token"
        };
        self.metrics.request_refused("admin", reason);
        let due = lock(&self.refusals).add(self.clock.now());
        if let Some(refused) = due {
            let event = AuditEvent {
                target: format!("refused={refused}"),
                status: Some(ProblemKind::Unauthorized.status().as_u16()),
                ..self.unknown(parts)
            };
            if let Err(error) = self.store.append_audit(event).await {
                tracing::error!(%error, "refused requests could not be written to the audit trail");
            }
        }
        Problem::new(
            ProblemKind::Unauthorized,
            "this needs a live operator token: send `authorization: Bearer jfo_…`",
        )
    }
}

/// The parts of the path that the route names.
async fn path_parts(parts: &mut Parts) -> Vec<(String, String)> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => vec![],
    }
}

/// What a path is about, as the trail has it. A client can put anything into a path, a phone number too.
fn target(parts: &[(String, String)]) -> String {
    let is_id = |value: &str| {
        value.len() <= MAX_PART
            && value.starts_with(|c: char| c.is_ascii_alphabetic())
            && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:@/".contains(c))
    };
    let shown = parts.iter().map(|(name, value)| {
        let value = if is_id(value) { value } else { "(not an id)" };
        format!("{name}={value}")
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_takes_ids_and_nothing_else_from_a_path() {
        let target = |value: &str| {
            let parts = [("tenant", "dwarka-homes"), ("id", value)];
            target(&parts.map(|(name, value)| (name.to_owned(), value.to_owned())))
        };
        assert_eq!(target("dlv_42"), "tenant=dwarka-homes id=dlv_42");
        assert_eq!(target("keystone@1.0.0"), "tenant=dwarka-homes id=keystone@1.0.0");
        for odd in [
            "+919123456780",
            "9123456780",
            "Asha Verma",
            "",
            "a\nb",
            &"x".repeat(MAX_PART + 1),
        ] {
            assert_eq!(target(odd), "tenant=dwarka-homes id=(not an id)", "{odd}");
        }
    }
}
