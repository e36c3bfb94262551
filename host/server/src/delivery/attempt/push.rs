//! Sends leads to the agent: a `POST` of the `lead.created` document, signed as Standard Webhooks.
//!
//! The URL is the platform team's own, so it is not subject to tenants' egress rules.

use std::time::Duration;

use http::{StatusCode, header};
use jiff::Timestamp;
use url::Url;

use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::delivery::failure::{Failure, Reason, Rejection};
use jackfield_domain::delivery::pause;
use jackfield_domain::intake::signature::{SigningKey, sign_standard};
use jackfield_store::ClaimedDelivery;

/// The HTTP client for pushes. All agents share its connection pool.
#[derive(Debug, Clone)]
pub struct PushClient(reqwest::Client);

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
}

impl PushClient {
    /// A client that follows no redirects and ignores proxy variables: a lead goes where the tenant's file says.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        Ok(Self(
            builder
                .user_agent(concat!("jackfield/", env!("CARGO_PKG_VERSION")))
                .build()?,
        ))
    }

    /// Pushes a lead. The message id is the delivery's, so that the agent recognizes a repeat.
    pub async fn send(
        &self,
        clock: &SharedClock,
        deadline: Duration,
        url: &Url,
        key: &SigningKey,
        claimed: &ClaimedDelivery,
    ) -> PushResult {
        let id = claimed.lease.id.to_string();
        let now = clock.now();
        let request = self
            .0
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", sign_standard(key, &id, now, &claimed.payload))
            .body(claimed.payload.clone());
        match clock::timeout(clock.as_ref(), deadline, request.send()).await {
            Some(Ok(response)) => {
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
                }
            }
            Some(Err(error)) if error.is_connect() => PushResult {
                outcome: Err(Failure::Unavailable(None)),
                http_status: None,
                pause_until: None,
                sent: false,
            },
            Some(Err(_)) | None => PushResult {
                outcome: Err(Failure::Unknown(None)),
                http_status: None,
                pause_until: None,
                sent: true,
            },
        }
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
