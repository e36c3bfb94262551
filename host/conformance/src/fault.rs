//! What can go wrong between a host and a CRM, injected into the requests of an adapter.

use std::collections::BTreeMap;

use super::exchange::ExpectedExchange;
use super::privacy::{NAME, PHONE};
use jackfield_sandbox::rehearsal::CrmReply;

/// The largest body that the contract lets an answer have, in bytes.
const LARGEST_BODY: usize = jackfield_sandbox::MAX_ANSWER_BODY;
/// What `Retry-After` asks for, in seconds.
pub const RETRY_AFTER: u32 = 7;

/// A fault that is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedFault {
    /// The CRM refuses the connection.
    Refused,
    /// No connection is made in time.
    TimeoutBefore,
    /// The request was sent, and no answer arrived in time.
    TimeoutAfter,
    /// The request was sent, and the connection broke.
    Reset,
    /// The answer arrives byte by byte and takes longer than the invocation has.
    Slow,
    /// An error status.
    Status(u16),
    /// 429 with `Retry-After: 7`.
    Throttled,
    /// The good status with an empty body.
    Empty,
    /// The good status with half of the body.
    Truncated,
    /// The good status with a page of HTML: a proxy's, or a login page.
    Html,
    /// The good answer, made as large as an answer may be.
    Largest,
    /// An answer that is larger than that.
    TooLarge,
}

impl InjectedFault {
    /// All faults, in the order in which they are injected.
    pub const ALL: [Self; 20] = [
        Self::Refused,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::Reset,
        Self::Slow,
        Self::Status(401),
        Self::Status(403),
        Self::Status(404),
        Self::Status(409),
        Self::Status(422),
        Self::Throttled,
        Self::Status(429),
        Self::Status(500),
        Self::Status(502),
        Self::Status(503),
        Self::Empty,
        Self::Truncated,
        Self::Html,
        Self::Largest,
        Self::TooLarge,
    ];

    /// The word for it, which is part of a check's id.
    pub fn word(self) -> String {
        let word = match self {
            Self::Refused => "connection-refused",
            Self::TimeoutBefore => "timeout-before-sending",
            Self::TimeoutAfter => "timeout-after-sending",
            Self::Reset => "connection-reset",
            Self::Slow => "slow-answer",
            Self::Status(status) => return format!("http-{status}"),
            Self::Throttled => "http-429-retry-after",
            Self::Empty => "empty-body",
            Self::Truncated => "truncated-body",
            Self::Html => "html-body",
            Self::Largest => "largest-body",
            Self::TooLarge => "too-large-body",
        };
        word.to_owned()
    }

    /// The reply to the request of an exchange; none if the fault does not apply to it. `errors` are the cassette's own
    /// answers by status, so that an adapter gets its CRM's own messages.
    pub fn reply(self, exchange: &ExpectedExchange, errors: &BTreeMap<u16, CrmReply>) -> Option<CrmReply> {
        let CrmReply::Answer { status, headers, body } = &exchange.reply else {
            return None;
        };
        // What is wrong with the body of a good answer says nothing about a refusal, which its status tells.
        let is_of_good_answers = matches!(self, Self::Empty | Self::Truncated | Self::Html);
        if *status >= 400 && is_of_good_answers {
            return None;
        }
        let good = |body: Vec<u8>, headers: BTreeMap<String, String>| {
            let status = *status;
            Some(CrmReply::Answer { status, headers, body })
        };
        match self {
            Self::Refused => Some(CrmReply::Unreachable("connection refused".into())),
            Self::TimeoutBefore => Some(CrmReply::Unreachable(
                "no connection was made within the time that the invocation has left for it".into(),
            )),
            Self::TimeoutAfter => Some(CrmReply::NoAnswer("no complete answer in time".into())),
            Self::Reset => Some(CrmReply::NoAnswer("connection reset by peer".into())),
            Self::Slow => Some(CrmReply::TooSlow),
            Self::Status(status) => {
                let made_up = CrmReply::Answer {
                    status,
                    headers: content_type(body),
                    body: error(body),
                };
                let reply = errors.get(&status).cloned().unwrap_or(made_up);
                Some(without_retry_after(reply))
            }
            Self::Throttled => {
                let mut headers = content_type(body);
                headers.insert("retry-after".into(), RETRY_AFTER.to_string());
                let body = error(body);
                Some(CrmReply::Answer {
                    status: 429,
                    headers,
                    body,
                })
            }
            // An empty body cannot be padded either.
            Self::Empty | Self::Largest if body.is_empty() => None,
            Self::Empty => good(vec![], headers.clone()),
            Self::Truncated if body.len() < 4 => None,
            Self::Truncated => good(body[..body.len() / 2].to_vec(), headers.clone()),
            Self::Html => {
                let page = format!(
                    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1>\
                     <p>Signed in last: {NAME}, {PHONE}</p></body></html>\n"
                );
                let html = [("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
                good(page.into_bytes(), html.into())
            }
            // White space at the end changes nothing in JSON, XML or lines.
            Self::Largest => good(padded(body, LARGEST_BODY), headers.clone()),
            Self::TooLarge => good(padded(body, LARGEST_BODY + 1), headers.clone()),
        }
    }
}

fn padded(body: &[u8], size: usize) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(size, b'\n');
    padded
}

/// The cassette's own rate limits may name a wait; this one must not.
fn without_retry_after(mut reply: CrmReply) -> CrmReply {
    if let CrmReply::Answer { headers, .. } = &mut reply {
        headers.retain(|name, _| !name.eq_ignore_ascii_case("retry-after"));
    }
    reply
}

fn content_type(good: &[u8]) -> BTreeMap<String, String> {
    let kind = if is_json(good) {
        "application/json"
    } else {
        "text/plain"
    };
    [("content-type".to_owned(), kind.to_owned())].into()
}

/// A made-up error, in the format of the good answer as far as that is known.
fn error(good: &[u8]) -> Vec<u8> {
    if is_json(good) {
        br#"{"error":{"code":"injected","message":"a fault of the conformance kit","fields":[]}}"#.to_vec()
    } else {
        b"a fault of the conformance kit".to_vec()
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}
