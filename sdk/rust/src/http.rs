//! One request, one answer, and what each answer means for the host.
//!
//! | what happened | failure |
//! | --- | --- |
//! | the host refused to send it, or could not connect | `unavailable`: nothing was sent |
//! | no complete answer, or one too large | `unknown` |
//! | 2xx | none; `unknown` if it then cannot be read |
//! | 401, 403 | `unauthorized` |
//! | 404 | `not-found` |
//! | 412 | `conflict`: the record moved since it was read, and nothing was written |
//! | 408 | `unknown`: the CRM gave up waiting, perhaps after acting on the request |
//! | 429 | `rate-limited`, with `Retry-After` if it is a number of seconds; the host reads its other forms itself |
//! | other 4xx | `rejected`, with what the function passed to [`Response::accept_or`] reads from the answer |
//! | 503 | `unavailable`; `Retry-After` is not used, since the delivery ladder decides |
//! | 1xx, 3xx, other 5xx | `unknown`: a redirect is not followed, and old CRMs redirect after a write |
//!
//! If your CRM uses a status differently, or reports errors inside a 200, use [`Response::judge`] before `accept`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::adapter::jackfield::crm::http as wire;
use crate::host::{Host, Level};
use crate::model::{Failure, Rejection};

/// RFC 3986 `unreserved`: the characters that a path segment need not encode.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URL of a resource: a base without a trailing slash, as the host passes settings, and path segments, which are
/// percent-encoded, so that an id with a slash, a space or Hindi letters stays one segment.
///
/// ```
/// let url = jackfield_sdk::http::url("https://crm.example", &["leads", "A/7 ख"])?;
/// assert_eq!(url, "https://crm.example/leads/A%2F7%20%E0%A4%96");
/// # Ok::<(), jackfield_sdk::Failure>(())
/// ```
///
/// # Errors
/// A rejection if a segment is empty, `.` or `..`: URL parsers resolve those even if they are encoded, so the request
/// would go to another resource.
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

/// A request that is complete, as [`Request::sign`] sees it: all as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'r> {
    /// The method.
    pub method: &'r str,
    /// The path, percent-encoded; `/` if the URL has none.
    pub path: &'r str,
    /// The query, encoded and without `?`; empty if there is none.
    pub query: &'r str,
    /// The body.
    pub body: &'r [u8],
}

impl<'r> Unsigned<'r> {
    fn new(wire: &'r wire::Request) -> Self {
        let (_, rest) = wire.url.split_once("://").unwrap_or_default();
        let (rest, _) = rest.split_once('#').unwrap_or((rest, ""));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            method: &wire.method,
            path: place.find('/').map_or("/", |at| &place[at..]),
            query,
            body: &wire.body,
        }
    }
}

/// The headers that sign a request.
type Signer<'h> = Box<dyn FnOnce(&Unsigned<'_>) -> Result<Vec<(String, String)>, Failure> + 'h>;

/// Builds a request; created by [`Host::get`] and similar methods.
///
/// The host adds the tenant's credentials for the origin, so an adapter sets no `authorization` header.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'h> {
    host: &'h Host,
    wire: wire::Request,
    sign: Option<Signer<'h>>,
    /// An error while the request was built, returned when it is sent.
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
            sign: None,
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

    /// Sets a JSON body and its content type.
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

    /// Sets a form body, `application/x-www-form-urlencoded` in UTF-8.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, parameters: &[(K, V)]) -> Self {
        let body = form_encoded(parameters).into_bytes();
        self.bytes("application/x-www-form-urlencoded", body)
    }

    /// Sets any body of at most 1 MiB.
    pub fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.wire.body = body.into();
        self.header("content-type", content_type)
    }

    /// Signs the request when it is sent: the function sees it complete, and returns the headers to add.
    ///
    /// ```
    /// # use jackfield_sdk::{Failure, Host, http::Unsigned};
    /// # fn write(host: &Host) -> Result<(), Failure> {
    /// let signed = |it: &Unsigned<'_>| {
    ///     let head = format!("{}\n{}\n{}\n", it.method, it.path, it.query);
    ///     let tag = host.hmac_sha256("signing", [head.as_bytes(), it.body].concat())?;
    ///     let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    ///     Ok(vec![("x-signature".to_owned(), hex)])
    /// };
    /// host.put("https://crm.example/notes/7").json(&"call back").sign(signed).send()?.accept()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign(mut self, sign: impl FnOnce(&Unsigned<'_>) -> Result<Vec<(String, String)>, Failure> + 'h) -> Self {
        self.sign = Some(Box::new(sign));
        self
    }

    /// Sends the request and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// That of [`sign`](Self::sign); `unavailable` if nothing was sent, `unknown` if no complete answer came, each with
    /// the host's reason.
    pub fn send(mut self) -> Result<Response<'h>, Failure> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if let Some(sign) = self.sign.take() {
            let headers = sign(&Unsigned::new(&self.wire))?;
            let headers = headers.into_iter().map(|(name, value)| wire::Header { name, value });
            self.wire.headers.extend(headers);
        }
        let host = self.host;
        host.send(&self.wire)
            .map(|wire| Response { host, wire })
            .map_err(|error| {
                let (what, reason, failure): (_, _, fn(String) -> Failure) = match error {
                    wire::Error::Denied(reason) => ("denied", reason, Failure::unavailable),
                    wire::Error::Unreachable(reason) => ("unreachable", reason, Failure::unavailable),
                    wire::Error::NoAnswer(reason) => ("no-answer", reason, Failure::unknown),
                    wire::Error::TooLarge(reason) => ("too-large", reason, Failure::unknown),
                };
                host.log(
                    Level::Warn,
                    "no answer from the CRM",
                    &[("what", what), ("reason", &reason)],
                );
                failure(format!("{what}: {reason}"))
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

    /// The first header of that name, ignoring case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .wire
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| header.value.as_str())
    }

    /// The body as the CRM sent it.
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
    /// `unknown` if it is not JSON of that form. The position of the error is logged, but not the text, which may be
    /// personal.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(self.bytes()).map_err(|error| {
            let (class, line, column) = (error.classify(), error.line(), error.column());
            self.unreadable(&format!("JSON {class:?} error at line {line} column {column}"))
        })
    }

    /// Logs that an answer cannot be read, and returns `unknown` with the reason. It is for formats that the SDK does
    /// not read itself. `why` must not quote the answer, which may contain personal data.
    #[must_use]
    pub fn unreadable(&self, why: &str) -> Failure {
        let status = self.status().to_string();
        self.host.log(
            Level::Warn,
            "the CRM's answer cannot be read",
            &[("status", &status), ("why", why)],
        );
        Failure::unknown(format!("the CRM's answer with status {status} cannot be read: {why}"))
    }

    /// The answer itself if its status is 2xx.
    ///
    /// # Errors
    /// The failure that the status means; see [the table](crate::http). A rejection names the status only.
    pub fn accept(self) -> Result<Self, Failure> {
        self.accept_or(|_| None)
    }

    /// The answer itself if its status is 2xx. If the CRM refused the request, the failure is the rejection that
    /// `explain` reads from the body: the CRM's code, message and fields, which a person sees in review. It is asked
    /// for statuses that mean a refusal only, so it need not look at the status.
    ///
    /// # Errors
    /// The failure that the status means; see [the table](crate::http).
    pub fn accept_or(self, explain: impl FnOnce(&Self) -> Option<Rejection>) -> Result<Self, Failure> {
        let status = self.status();
        let answered = format!("the CRM answered {status}");
        match status {
            200..=299 => Ok(self),
            401 | 403 => Err(Failure::unauthorized(answered)),
            404 => Err(Failure::NotFound),
            412 => Err(Failure::conflict(answered)),
            429 => Err(Failure::RateLimited(self.retry_after())),
            400..=499 if status != 408 => {
                let unexplained = || {
                    Rejection::new(
                        &format!("http-{status}"),
                        "the CRM refused the request and did not say why",
                    )
                };
                Err(explain(&self).unwrap_or_else(unexplained).into())
            }
            503 => Err(Failure::unavailable(answered)),
            _ => Err(Failure::unknown(answered)),
        }
    }

    /// The answer itself, unless `judge` says which failure it is. It sees every answer before the SDK judges the
    /// status: an error inside a 200, a 403 that refuses a single field, a 409 of a record that moved. It returns none
    /// for an answer that it leaves to [`accept_or`](Self::accept_or), which usually follows.
    ///
    /// ```
    /// # use jackfield_sdk::{Failure, Host, http::Response};
    /// # fn write(host: &Host) -> Result<(), Failure> {
    /// let judge = |answer: &Response<'_>| (answer.status() == 409).then(|| Failure::conflict("revision moved"));
    /// let saved = host.post("https://crm.example/notes").send()?.judge(judge)?.accept()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The failure that `judge` returns.
    pub fn judge(self, judge: impl FnOnce(&Self) -> Option<Failure>) -> Result<Self, Failure> {
        match judge(&self) {
            Some(failure) => Err(failure),
            None => Ok(self),
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

#[cfg(test)]
mod tests;
