//! Sends leads to the agent: a `POST` of the `lead.created` document, signed as Standard Webhooks.
//!
//! The tenant's rules for addresses and certificates apply, as to everything that leaves the host: whoever writes a
//! tenant's file must not reach the host's own network by it.

use std::time::Duration;

use http::{StatusCode, header};
use jiff::Timestamp;

use crate::tenants::AgentPush;
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::delivery::failure::{Failure, Reason, Rejection};
use jackfield_domain::delivery::pause;
use jackfield_domain::intake::signature::sign_standard;
use jackfield_domain::tenant::egress::EgressRefusal;
use jackfield_domain::tenant::obstacle::HOST_REFUSED;
use jackfield_sandbox::HostRequestError;
use jackfield_store::ClaimedDelivery;

/// How a push ended.
pub struct PushResult {
    /// The outcome. An agent gives no reference.
    pub outcome: Result<String, Failure>,
    /// The status of the agent's answer.
    pub http_status: Option<u16>,
    /// Whether the request may have reached the agent.
    pub sent: bool,
    /// Until when the agent asked to send nothing: it is unavailable, and said for how long.
    pub pause_until: Option<Timestamp>,
    /// Why the host itself did not send it.
    pub refusal: Option<EgressRefusal>,
}

/// Pushes a lead. The message id is the delivery's, so that the agent recognizes a repeat.
pub async fn send(agent: &AgentPush, clock: &SharedClock, deadline: Duration, claimed: &ClaimedDelivery) -> PushResult {
    let id = claimed.lease.id.to_string();
    let now = clock.now();
    let request = match agent.network.post(&agent.url) {
        Ok(request) => request,
        Err(refusal) => return unanswered(refusal.into()),
    };
    let request = request
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", now.as_second())
        .header(
            "webhook-signature",
            sign_standard(&agent.keys, &id, now, &claimed.payload),
        )
        .body(claimed.payload.clone());
    let response = match clock::timeout(clock.as_ref(), deadline, request.send()).await {
        Some(Ok(response)) => response,
        Some(Err(error)) => return unanswered(error.into()),
        None => return unanswered(HostRequestError::NoAnswer),
    };
    let status = response.status();
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    let now = clock.now();
    let pause = pause::until(status.as_u16(), header, now);
    let retry_after = pause.and_then(|until| Duration::try_from(until.duration_since(now)).ok());
    let outcome = classify(status, retry_after);
    PushResult {
        pause_until: pause.filter(|_| matches!(outcome, Err(Failure::Unavailable(_)))),
        outcome,
        http_status: Some(status.as_u16()),
        sent: true,
        refusal: None,
    }
}

/// The result of a push without an answer.
fn unanswered(error: HostRequestError) -> PushResult {
    let sent = error == HostRequestError::NoAnswer;
    let (failure, refusal) = match error {
        HostRequestError::Refused(refusal) => {
            let rejection = Rejection {
                code: HOST_REFUSED.into(),
                message: format!("agent.push_url: {refusal}"),
                fields: vec![],
            };
            (Failure::Rejected(rejection), Some(refusal))
        }
        HostRequestError::Unreachable => (
            Failure::Unavailable(Reason::new("no connection to the agent was made")),
            None,
        ),
        HostRequestError::NoAnswer => (Failure::Unknown(Reason::new("the agent did not answer the push")), None),
    };
    PushResult {
        outcome: Err(failure),
        http_status: None,
        sent,
        pause_until: None,
        refusal,
    }
}

/// What an agent's status means for the push.
fn classify(status: StatusCode, retry_after: Option<Duration>) -> Result<String, Failure> {
    let answered = || Reason::new(&format!("the agent answered {status} to the push"));
    match status.as_u16() {
        200..=299 => Ok(String::new()),
        401 | 403 => Err(Failure::Unauthorized(answered())),
        429 => Err(Failure::RateLimited { retry_after }),
        // Any 4xx but four is the state of the agent, or of a proxy before it, and passes: the agent is being deployed,
        // or does not know the lead's campaign yet. A lead must not stop for it.
        401..=409 | 411..=412 | 414..=421 | 423..=499 | 503 => Err(Failure::Unavailable(answered())),
        500..=599 => Err(Failure::Unknown(answered())),
        code => Err(Failure::Rejected(Rejection {
            code: code.to_string(),
            message: format!("the agent answered {status} to the push"),
            fields: vec![],
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_domain::delivery::failure::AttemptClass;

    #[test]
    fn each_status_has_its_class() {
        let class = |code: u16| {
            classify(StatusCode::from_u16(code).unwrap(), None)
                .map_or_else(|failure| failure.class(), |_| AttemptClass::Committed)
        };
        let classes: Vec<_> = [
            200, 204, 302, 400, 401, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503,
        ]
        .map(|code| (code, class(code)))
        .into();
        insta::assert_compact_debug_snapshot!(classes, @"[(200, Committed), (204, Committed), (302, Rejected), (400, Rejected), (401, Unauthorized), (404, Unavailable), (408, Unavailable), (409, Unavailable), (410, Rejected), (413, Rejected), (422, Rejected), (423, Unavailable), (429, RateLimited), (500, Unknown), (503, Unavailable)]");
    }
}
