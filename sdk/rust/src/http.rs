//! One request, one answer, and what each answer means for the host.
//!
//! | what happened | failure |
//! | --- | --- |
//! | the host refused to send it, or could not connect | `unavailable`: nothing was sent |
//! | no complete answer, or one too large | `unknown` |
//! | 2xx | none; if it then cannot be read, `unknown` |
//! | 401, 403 | `unauthorized` |
//! | 404 | `not-found` |
//! | 408 | `unknown`: the CRM gave up waiting, and does not say after what |
//! | 429 | `rate-limited`, with `Retry-After` if it is a number of seconds |
//! | other 4xx | `rejected`, with what [`Response::accept_or`] was told to find in the answer |
//! | 503 | `unavailable`; `Retry-After` is not used, since the delivery ladder decides |
//! | 1xx, 3xx, other 5xx | `unknown`: a redirect is not followed, and old CRMs redirect after a write |
//!
//! A CRM that means something else by a status decides on [`Response::status`] itself before it calls `accept`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::adapter::jackfield::crm::http as wire;
use crate::host::{Host, Level};
use crate::model::{Failure, Rejection};

/// RFC 3986 `unreserved`: all that a path segment need not encode.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URL of a resource: a base without a trailing slash, as the host hands settings over, and path segments, which
/// are percent-encoded, so that an id with a slash, a space or Hindi letters in it stays one segment.
///
/// ```
/// let url = jackfield_sdk::http::url("https://crm.example", &["leads", "A/7 ख"])?;
/// assert_eq!(url, "https://crm.example/leads/A%2F7%20%E0%A4%96");
/// # Ok::<(), jackfield_sdk::Failure>(())
/// ```
///
/// # Errors
/// A rejection if a segment is empty, `.` or `..`: no encoding keeps a URL parser from taking those for a way through
/// the path, to another resource than was meant.
pub fn url(base: &str, segments: &[&str]) -> Result<String, Failure> {
    let mut url = base.to_owned();
    for segment in segments {
        if matches!(*segment, "" | "." | "..") {
            let message = "an id that is empty, `.` or `..` cannot stand in a URL of the CRM";
            return Err(Rejection::new("bad-id", message).into());
        }
        url.push('/');
        url.extend(utf8_percent_encode(segment, UNRESERVED));
    }
    Ok(url)
}

/// A request in the making; made by [`Host::get`] and its neighbours.
///
/// The host adds the tenant's credentials for the origin, so an adapter sets no `authorization` header.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'h> {
    host: &'h Host,
    wire: wire::Request,
    /// What went wrong while the request was built, told when it is sent.
    problem: Option<Failure>,
}

impl<'h> Request<'h> {
    pub(crate) fn new(host: &'h Host, method: &str, url: String) -> Self {
        let wire = wire::Request {
            method: method.into(),
            url,
            headers: Vec::new(),
            body: Vec::new(),
        };
        Self {
            host,
            wire,
            problem: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.wire.headers.push(wire::Header {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// Adds parameters to the URL's query, form-encoded.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(mut self, parameters: &[(K, V)]) -> Self {
        let joint = if self.wire.url.contains('?') { '&' } else { '?' };
        self.wire.url.push(joint);
        self.wire.url.push_str(&form_encoded(parameters));
        self
    }

    /// A JSON body, with its content type.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.bytes("application/json", body),
            Err(error) => {
                let rejection = Rejection::new("bad-request", "the adapter made a body that JSON cannot say");
                self.problem = Some(rejection.field("body", error.to_string()).into());
                self
            }
        }
    }

    /// A form body, `application/x-www-form-urlencoded` in UTF-8.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, parameters: &[(K, V)]) -> Self {
        let body = form_encoded(parameters).into_bytes();
        self.bytes("application/x-www-form-urlencoded", body)
    }

    /// Any body, of at most 1 MiB.
    pub fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.wire.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sends the request and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// `unavailable` if nothing was sent, `unknown` if no complete answer came. The host's reason is logged here,
    /// since a failure has no room for it.
    pub fn send(self) -> Result<Response<'h>, Failure> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let host = self.host;
        host.send(&self.wire)
            .map(|wire| Response { host, wire })
            .map_err(|error| {
                let (what, reason, failure) = match &error {
                    wire::Error::Denied(reason) => ("denied", reason, Failure::Unavailable),
                    wire::Error::Unreachable(reason) => ("unreachable", reason, Failure::Unavailable),
                    wire::Error::NoAnswer(reason) => ("no-answer", reason, Failure::Unknown),
                    wire::Error::TooLarge(reason) => ("too-large", reason, Failure::Unknown),
                };
                host.log(
                    Level::Warn,
                    "no answer from the CRM",
                    &[("what", what), ("reason", reason)],
                );
                failure
            })
    }
}

/// A complete answer of the CRM.
pub struct Response<'h> {
    host: &'h Host,
    wire: wire::Response,
}

impl Response<'_> {
    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.wire.status
    }

    /// The first header of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .wire
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| header.value.as_str())
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.wire.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// `unknown` if it is not UTF-8: a broken answer does not say whether the request was carried out.
    pub fn text(&self) -> Result<&str, Failure> {
        str::from_utf8(self.bytes()).map_err(|_| self.unreadable("not UTF-8"))
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// `unknown` if it is not JSON of that form. The place of the error is logged, the text is not: it may be personal.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(self.bytes()).map_err(|error| {
            let (class, line, column) = (error.classify(), error.line(), error.column());
            self.unreadable(&format!("JSON {class:?} error at line {line} column {column}"))
        })
    }

    /// The failure of an answer that should be readable and is not: `unknown`, with a line in the log. For formats
    /// that the SDK does not read itself. `why` must not quote the answer, which may hold personal data.
    #[must_use]
    pub fn unreadable(&self, why: &str) -> Failure {
        let status = self.status().to_string();
        self.host.log(
            Level::Warn,
            "the CRM's answer cannot be read",
            &[("status", &status), ("why", why)],
        );
        Failure::Unknown
    }

    /// The answer itself if its status is 2xx.
    ///
    /// # Errors
    /// What the status means; see [the table](crate::http). A rejection names the status only.
    pub fn accept(self) -> Result<Self, Failure> {
        self.accept_or(|_| None)
    }

    /// The answer itself if its status is 2xx; for one that refuses the request, the rejection that `explain` reads
    /// from its body: the CRM's code, message and fields, which a person will see in review.
    ///
    /// # Errors
    /// What the status means; see [the table](crate::http).
    pub fn accept_or(self, explain: impl FnOnce(&Self) -> Option<Rejection>) -> Result<Self, Failure> {
        match self.status() {
            200..=299 => Ok(self),
            401 | 403 => Err(Failure::Unauthorized),
            404 => Err(Failure::NotFound),
            429 => Err(Failure::RateLimited(self.retry_after())),
            status @ 400..=499 if status != 408 => {
                let unexplained = || {
                    Rejection::new(
                        &format!("http-{status}"),
                        "the CRM refused the request and did not say why",
                    )
                };
                Err(explain(&self).unwrap_or_else(unexplained).into())
            }
            503 => Err(Failure::Unavailable),
            _ => Err(Failure::Unknown),
        }
    }

    fn retry_after(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse().ok()
    }
}

/// Name-value pairs as `application/x-www-form-urlencoded`.
fn form_encoded<K: AsRef<str>, V: AsRef<str>>(parameters: &[(K, V)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}
