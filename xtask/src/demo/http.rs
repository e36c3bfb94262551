//! Requests to the processes of the demo, and their answers: values that can be sent, kept, altered and shown.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use super::clock;

/// Longer than any deadline of the host, so that it is the host that says what went wrong.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` or `PUT`.
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for none.
    pub body: String,
    /// What is shown in place of the body, when it was shown before.
    pub instead: Option<&'static str>,
}

impl Request {
    /// A request to read something.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
            instead: None,
        }
    }

    /// A request with a body of JSON.
    pub fn post(url: impl Into<String>, json: impl Into<String>) -> Self {
        let post = Self {
            method: "POST",
            body: json.into(),
            ..Self::get(url)
        };
        post.header("content-type", "application/json")
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a note shown in place of the body.
    #[must_use]
    pub fn showing(self, note: &'static str) -> Self {
        Self {
            instead: Some(note),
            ..self
        }
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: String,
    /// From sending to the last byte.
    pub took: Duration,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The text at a pointer, empty if there is none.
    pub fn text(&self, pointer: &str) -> String {
        self.json()
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }
}

/// Sends requests. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client(ureq::Agent);

impl Client {
    /// A client that takes every status for an answer.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // Proxies of the environment have no business between processes of this machine.
            .proxy(None)
            .max_idle_connections_per_host(32)
            .build();
        Self(config.into())
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// There is no whole answer.
    pub fn send(&self, request: &Request) -> anyhow::Result<Answer> {
        let began: Instant = clock::moment();
        let mut builder = ureq::http::Request::builder().method(request.method).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let what = || format!("{} {}", request.method, request.url);
        let sent = if request.method == "GET" {
            self.0.run(builder.body(()).with_context(what)?)
        } else {
            self.0.run(builder.body(request.body.as_str()).with_context(what)?)
        };
        let mut answer = sent.with_context(what)?;
        let body = answer.body_mut().read_to_string().with_context(what)?;
        Ok(Answer {
            status: answer.status().as_u16(),
            body,
            took: began.elapsed(),
        })
    }
}
