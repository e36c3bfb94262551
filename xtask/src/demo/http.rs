//! HTTP requests to the demo's processes and their responses, as values that can be sent, altered, repeated and
//! printed.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use super::clock;

/// Longer than any deadline of the host, so that the host reports what went wrong.
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
    /// Printed instead of the body.
    pub note: Option<&'static str>,
}

impl Request {
    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
            note: None,
        }
    }

    /// A POST request with a JSON body.
    pub fn post(url: impl Into<String>, json: impl Into<String>) -> Self {
        let post = Self {
            method: "POST",
            body: json.into(),
            ..Self::get(url)
        };
        post.header("content-type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Prints a note instead of the body.
    #[must_use]
    pub fn with_note(self, note: &'static str) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: String,
    /// From sending the request to the last byte.
    pub elapsed: Duration,
}

impl Response {
    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The string at a JSON pointer; empty if there is none.
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
    /// A client that returns every status as a response.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // All requests are to loopback: ignore the environment's proxies.
            .proxy(None)
            .max_idle_connections_per_host(32)
            .build();
        Self(config.into())
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// The request or the response was not complete.
    pub fn send(&self, request: &Request) -> anyhow::Result<Response> {
        let started: Instant = clock::now();
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
        let mut response = sent.with_context(what)?;
        let body = response.body_mut().read_to_string().with_context(what)?;
        Ok(Response {
            status: response.status().as_u16(),
            body,
            elapsed: started.elapsed(),
        })
    }
}
