//! Lets only operators in, and records what they change: every request that is not a read is written to the audit trail
//! before it is handled, and again, with its status, before it is answered.
//!
//! If the trail cannot be written, nothing is changed. The trail contains routes, names and ids. It never contains
//! bodies, and from a path it contains only the parts that have the form of an id.

use std::sync::{Arc, Mutex};

use axum::extract::{FromRequestParts as _, MatchedPath, Query, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use http::request::Parts;

use super::run_to_completion;
use crate::auth::Tokens;
use crate::observe::metrics::Metrics;
use crate::observe::request::{RequestId, bearer_token};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::ApplyQuery;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::audit::{Actor, AuditEntry, AuditEvent, RefusalCounter};
use jackfield_store::{SharedStore, TokenRecord};

/// The longest part of a path that the trail contains: longer than any id or name.
const MAX_PART: usize = 200;

/// What the middleware [`operators_only`] needs.
#[derive(Debug, Clone)]
pub(super) struct OperatorGuard {
    pub tokens: Arc<Tokens>,
    pub store: SharedStore,
    pub clock: SharedClock,
    pub metrics: Metrics,
    pub refusals: Arc<Mutex<RefusalCounter>>,
}

/// What a handler changed, if the path does not say it: names and ids only. The handler puts it into the answer's
/// extensions, for the audit trail.
#[derive(Debug, Clone)]
pub(super) struct AuditTarget(pub Vec<(&'static str, String)>);

/// Refuses requests without an operator's token, and records the changes of the others.
pub(super) async fn operators_only(
    State(guard): State<OperatorGuard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let operator = bearer_token(request.headers()).and_then(|token| guard.tokens.operator(token));
    let (mut parts, body) = request.into_parts();
    let Some(operator) = operator else {
        return Err(guard.refuse(&parts).await);
    };
    if parts.method.is_safe() {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let mut event = guard.event(&parts, &operator);
    event.target = path_target(&path_parts(&mut parts).await);
    if is_dry_run(&parts) {
        add_target(&mut event, "dry_run", "true");
    }
    let begun = guard.store.append_audit(event.clone()).await.map_err(|error| {
        let unavailable = Problem::from(error);
        Problem::new(
            unavailable.kind(),
            "the audit trail cannot be written, so nothing was done; send it again",
        )
        .retry_after(1)
    })?;
    tracing::info!(operator = %operator.id, audit = begun.seq, hash = %begun.hash, "an operator changes something");
    // The handler completes even if the client disconnects, so that its status is always recorded.
    run_to_completion(async move {
        let mut response = next.run(Request::from_parts(parts, body)).await;
        let target = response.extensions_mut().remove::<AuditTarget>();
        let recorded = guard.record_status(event, target, response.status().as_u16()).await;
        recorded.map_or_else(Problem::into_response, |_| response)
    })
    .await
}

impl OperatorGuard {
    /// The entry for an operator's request, without its target and status.
    fn event(&self, parts: &Parts, operator: &TokenRecord) -> AuditEvent {
        AuditEvent {
            actor: Actor::Operator(operator.id),
            label: operator.label.clone(),
            ..self.anonymous_event(parts)
        }
    }

    /// The entry for a request without a valid token.
    fn anonymous_event(&self, parts: &Parts) -> AuditEvent {
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

    /// Writes the second entry of a change.
    async fn record_status(
        &self,
        mut event: AuditEvent,
        target: Option<AuditTarget>,
        status: u16,
    ) -> Result<AuditEntry, Problem> {
        for (name, value) in target.into_iter().flat_map(|AuditTarget(parts)| parts) {
            add_target(&mut event, name, &value);
        }
        event.at = self.clock.now();
        event.status = Some(status);
        self.store.append_audit(event).await.map_err(|error| {
            tracing::error!(%error, "the outcome of an operator's request could not be written to the audit trail");
            Problem::new(
                ProblemKind::Overloaded,
                "the request was handled, but its outcome cannot be written to the audit trail, so the answer is \
                 withheld: check what was changed before you send it again",
            )
        })
    }

    /// The answer to a request without an operator's token. At most one entry a minute records such requests, so that
    /// outsiders cannot fill the disk. The metric counts every request.
    async fn refuse(&self, parts: &Parts) -> Problem {
        let reason = if parts.headers.contains_key(header::AUTHORIZATION) {
            "token"
        } else {
            "no-token"
        };
        self.metrics.request_refused("admin", reason);
        let counted = lock(&self.refusals).add(self.clock.now());
        if let Some(refused) = counted {
            let event = AuditEvent {
                target: format!("refused={refused}"),
                status: Some(ProblemKind::Unauthorized.status().as_u16()),
                ..self.anonymous_event(parts)
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

/// Whether a request asks only what it would change, so that the trail does not show it as a change.
fn is_dry_run(parts: &Parts) -> bool {
    Query::<ApplyQuery>::try_from_uri(&parts.uri).is_ok_and(|query| query.dry_run)
}

fn add_target(event: &mut AuditEvent, name: &str, value: &str) {
    let space = if event.target.is_empty() { "" } else { " " };
    event.target = format!("{}{space}{name}={value}", event.target);
}

/// The parts of the path that the route names, with their names.
async fn path_parts(parts: &mut Parts) -> Vec<(String, String)> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Err(_) => vec![],
    }
}

/// The target that a path names, as the trail contains it. Only ids are copied, because a client can put anything into
/// a path, even a phone number.
fn path_target(parts: &[(String, String)]) -> String {
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
    fn only_ids_of_a_path_are_recorded() {
        let target = |value: &str| {
            let parts = [("tenant", "dwarka-homes"), ("id", value)];
            path_target(&parts.map(|(name, value)| (name.to_owned(), value.to_owned())))
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
