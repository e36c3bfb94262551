//! One recorded request and its answer.

use std::collections::BTreeMap;

use serde_json::Value;

use jackfield_domain::custody::fixture::{FixtureAnswerBody, FixtureExchange, FixtureRequestBody, FixtureSendError};
use jackfield_sandbox::rehearsal::{CrmReply, CrmRequest};

/// A request that an adapter is expected to make, and the answer.
#[derive(Debug, Clone)]
pub struct ExpectedExchange {
    /// `GET`, `POST`, …
    pub method: String,
    /// Normalized, as the host would send it.
    pub url: String,
    /// Must be there with these values; others may be there too.
    pub(super) headers: BTreeMap<String, String>,
    /// As it was recorded.
    pub(super) body: FixtureRequestBody,
    /// The answer, or the failure.
    pub reply: CrmReply,
}

impl ExpectedExchange {
    /// Whether a request goes where the recorded one goes, by the same method. Queries are not compared: a time or a
    /// signature in them is another one each time.
    pub fn is_for(&self, request: &CrmRequest) -> bool {
        self.method == request.method && split_query(&self.url).0 == split_query(&request.url).0
    }

    /// Whether it is the same request as that of another exchange.
    pub fn has_request_of(&self, other: &Self) -> bool {
        (&self.method, &self.url, &self.body) == (&other.method, &other.url, &other.body)
    }

    /// The same exchange with a text replaced in its URL and its answer.
    pub fn with(mut self, old: &str, new: &str) -> Self {
        self.url = self.url.replace(old, new);
        if let CrmReply::Answer { body, headers, .. } = &mut self.reply {
            if let Ok(text) = str::from_utf8(body) {
                *body = text.replace(old, new).into_bytes();
            }
            for value in headers.values_mut() {
                *value = value.replace(old, new);
            }
        }
        self
    }

    /// Whether the CRM may have changed something: it may by the request, and the recorded answer is no refusal.
    pub fn may_change(&self) -> bool {
        let is_refused = matches!(self.reply, CrmReply::Answer { status: 400..=499, .. });
        !self.is_safe() && !is_refused
    }

    /// Whether the request certainly changes nothing: it has a safe method, or is a GraphQL query.
    pub fn is_safe(&self) -> bool {
        if matches!(self.method.as_str(), "GET" | "HEAD") {
            return true;
        }
        let FixtureRequestBody::Json(json) = &self.body else {
            return false;
        };
        let query = json.get("query").and_then(Value::as_str).map(str::trim_start);
        query.is_some_and(|query| query.starts_with("query") || query.starts_with('{'))
    }
}

impl From<FixtureExchange> for ExpectedExchange {
    fn from(FixtureExchange { request, reply }: FixtureExchange) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            reply: match reply {
                Ok(answer) => CrmReply::Answer {
                    status: answer.status,
                    headers: answer.headers,
                    body: match answer.body {
                        FixtureAnswerBody::Json(json) => json.to_string().into_bytes(),
                        FixtureAnswerBody::Text(text) => text.into_bytes(),
                    },
                },
                Err(FixtureSendError::Denied(why)) => CrmReply::Denied(why),
                Err(FixtureSendError::Unreachable(why)) => CrmReply::Unreachable(why),
                Err(FixtureSendError::NoAnswer(why)) => CrmReply::NoAnswer(why),
                Err(FixtureSendError::TooLarge(why)) => CrmReply::TooLarge(why),
            },
        }
    }
}

/// A URL up to its query, and the query.
pub(super) fn split_query(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}
