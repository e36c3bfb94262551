//! One recorded request and its answer.

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

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
    headers: BTreeMap<String, String>,
    body: FixtureRequestBody,
    /// The answer, or the failure.
    pub reply: CrmReply,
}

impl ExpectedExchange {
    /// How a request differs from the recorded one; none if it does not.
    pub fn mismatch(&self, request: &CrmRequest) -> Option<String> {
        differ("method", &self.method, &request.method)
            .or_else(|| differ("URL", &self.url, &request.url))
            .or_else(|| self.other_header(request))
            .or_else(|| self.other_body(&request.body))
    }

    fn other_header(&self, request: &CrmRequest) -> Option<String> {
        self.headers.iter().find_map(|(name, value)| {
            let mut sent = request.headers.iter();
            match sent.find(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
                None => Some(format!("header `{name}` is missing; it should be `{value}`")),
                Some((_, sent)) => differ(&format!("header `{name}`"), value, sent),
            }
        })
    }

    fn other_body(&self, sent: &[u8]) -> Option<String> {
        match &self.body {
            FixtureRequestBody::Json(json) => match serde_json::from_slice::<Value>(sent) {
                Ok(sent) => difference("", json, &sent).map(|what| format!("the JSON body differs {what}")),
                Err(error) => Some(format!("the body is not JSON: {error}")),
            },
            FixtureRequestBody::Form(form) => {
                let form: Vec<_> = form.clone().into_iter().collect();
                let mut sent: Vec<_> = form_urlencoded::parse(sent).into_owned().collect();
                sent.sort();
                let missing = form.iter().find(|pair| !sent.contains(pair));
                let surplus = sent.iter().find(|pair| !form.contains(pair));
                match (missing, surplus) {
                    (Some((name, value)), _) => {
                        let sent = sent.iter().find(|(sent, _)| sent == name);
                        let sent = sent.map_or("is missing".to_owned(), |(_, value)| format!("is `{value}`"));
                        Some(format!("form parameter `{name}` {sent}; it should be `{value}`"))
                    }
                    (None, Some((name, _))) => Some(format!("form parameter `{name}` is not in the fixture")),
                    (None, None) if form.len() != sent.len() => Some("a form parameter is there twice".into()),
                    (None, None) => None,
                }
            }
            FixtureRequestBody::Text(text) => differ("body", text, &String::from_utf8_lossy(sent)),
        }
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

fn differ(what: &str, expected: &str, sent: &str) -> Option<String> {
    (expected != sent).then(|| format!("another {what} than recorded: `{sent}`; it should be `{expected}`"))
}

/// The first place at which two documents differ.
pub fn difference(pointer: &str, expected: &Value, came: &Value) -> Option<String> {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            let names = expected
                .keys()
                .chain(came.keys().filter(|name| !expected.contains_key(*name)));
            names
                .into_iter()
                .find_map(|name| match (expected.get(name), came.get(name)) {
                    (Some(expected), Some(came)) => difference(&format!("{pointer}/{name}"), expected, came),
                    (Some(expected), None) => Some(format!("at {pointer}/{name}: missing, expected {expected}")),
                    (_, Some(came)) => Some(format!("at {pointer}/{name}: {came} is not expected")),
                    (None, None) => None,
                })
        }
        (Value::Array(expected), Value::Array(came)) if expected.len() == came.len() => {
            let pairs = expected.iter().zip(came).enumerate();
            pairs
                .into_iter()
                .find_map(|(index, (expected, came))| difference(&format!("{pointer}/{index}"), expected, came))
        }
        _ if expected == came => None,
        _ => {
            let place = if pointer.is_empty() { "/" } else { pointer };
            Some(format!("at {place}: {came}, expected {expected}"))
        }
    }
}
