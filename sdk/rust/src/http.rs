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

/// Builds a request; created by [`Host::get`] and similar methods.
///
/// The host adds the tenant's credentials for the origin, so an adapter sets no `authorization` header.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'h> {
    host: &'h Host,
    wire: wire::Request,
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

    /// Sends the request and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// `unavailable` if nothing was sent, `unknown` if no complete answer came, each with the host's reason.
    pub fn send(self) -> Result<Response<'h>, Failure> {
        if let Some(problem) = self.problem {
            return Err(problem);
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

    /// Logs that an answer cannot be read, and returns `unknown` with the reason. It is for formats that the SDK does not
    /// read itself. `why` must not quote the answer, which may contain personal data.
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
    /// `explain` reads from the body: the CRM's code, message and fields, which a person sees in review. It is asked for
    /// statuses that mean a refusal only, so it need not look at the status.
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

    /// The answer itself, unless `judge` says which failure it is. It sees every answer before the SDK judges the status:
    /// an error inside a 200, a 403 that refuses a single field, a 409 of a record that moved. It returns none for an
    /// answer that it leaves to [`accept_or`](Self::accept_or), which usually follows.
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
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Exchange, Script, TransportError};

    const URL: &str = "https://crm.example/";

    fn answered(exchange: Exchange) -> Result<(), Failure> {
        Script::new()
            .exchange(exchange)
            .run(|host| host.get(URL).send()?.accept().map(drop))
    }

    #[test]
    fn every_status_has_its_failure() {
        let rejected = |status: u16| {
            let message = "the CRM refused the request and did not say why";
            Err(Rejection::new(&format!("http-{status}"), message).into())
        };
        let answered_with = |status: u16| format!("the CRM answered {status}");
        let unknown = |status| Err(Failure::unknown(answered_with(status)));
        let unauthorized = |status| Err(Failure::unauthorized(answered_with(status)));
        let cases = [
            (200, Ok(())),
            (201, Ok(())),
            (204, Ok(())),
            (302, unknown(302)),
            (400, rejected(400)),
            (401, unauthorized(401)),
            (403, unauthorized(403)),
            (404, Err(Failure::NotFound)),
            (405, rejected(405)),
            (408, unknown(408)),
            (409, rejected(409)),
            (410, rejected(410)),
            (412, Err(Failure::conflict(answered_with(412)))),
            (422, rejected(422)),
            (429, Err(Failure::RateLimited(None))),
            (500, unknown(500)),
            (502, unknown(502)),
            (503, Err(Failure::unavailable(answered_with(503)))),
            (504, unknown(504)),
        ];
        for (status, meaning) in cases {
            assert_eq!(
                answered(Exchange::expect("GET", URL).answers_text(status, "")),
                meaning,
                "{status}"
            );
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        let cases = [
            ("30", Some(30)),
            (" 5 ", Some(5)),
            ("-1", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ];
        for (value, seconds) in cases {
            let exchange = Exchange::expect("GET", URL)
                .answers_text(429, "")
                .answer_header("Retry-After", value);
            assert_eq!(answered(exchange), Err(Failure::RateLimited(seconds)), "{value}");
        }
    }

    #[test]
    fn only_an_unsent_request_is_unavailable() {
        let cases = [
            (
                TransportError::Denied("no grant".into()),
                Failure::unavailable("denied: no grant"),
            ),
            (
                TransportError::Unreachable("refused".into()),
                Failure::unavailable("unreachable: refused"),
            ),
            (
                TransportError::NoAnswer("reset".into()),
                Failure::unknown("no-answer: reset"),
            ),
            (
                TransportError::TooLarge("3 MiB".into()),
                Failure::unknown("too-large: 3 MiB"),
            ),
        ];
        for (error, failure) in cases {
            assert_eq!(answered(Exchange::expect("GET", URL).fails(error)), Err(failure));
        }
    }

    #[test]
    fn adapter_explains_a_refusal() {
        let refused = Exchange::expect("GET", URL).answers_json(422, json!({"why": "too long"}));
        let explained = Script::new().exchange(refused).run(|host| {
            let explain = |answer: &Response<'_>| {
                let why: Value = answer.json().ok()?;
                Some(Rejection::new("E1", why["why"].as_str()?).field("remark", "cut it"))
            };
            host.get(URL).send()?.accept_or(explain).map(drop)
        });
        assert_eq!(
            explained,
            Err(Rejection::new("E1", "too long").field("remark", "cut it").into())
        );
    }

    #[test]
    fn adapter_sees_a_refused_login_first() {
        let refused = Exchange::expect("GET", URL).answers_json(403, json!({"code": "E409"}));
        let explained = Script::new().exchange(refused).run(|host| {
            let judge = |answer: &Response<'_>| {
                let body: Value = answer.json().ok()?;
                (body["code"] == "E409").then(|| Failure::conflict("E409"))
            };
            host.get(URL).send()?.judge(judge)?.accept().map(drop)
        });
        assert_eq!(explained, Err(Failure::conflict("E409")));
    }

    #[test]
    fn unreadable_answer_is_unknown() {
        for text in ["", "{", "<html>", "[]"] {
            let exchange = Exchange::expect("GET", URL).answers_text(200, text);
            let read = Script::new()
                .exchange(exchange)
                .run(|host| host.get(URL).send()?.json::<crate::Receipt>());
            assert!(matches!(read, Err(Failure::Unknown(Some(_)))), "{text}");
        }
    }

    #[test]
    fn bodies_and_queries_are_encoded() {
        let expected = Exchange::expect("POST", "https://crm.example/?q=a+b%26c&r=%E0%A4%96")
            .with_header("Content-Type", "application/x-www-form-urlencoded")
            .with_form(&[("name", "आशा & वर्मा"), ("sum", "1+1=2")]);
        let sent = Script::new().exchange(expected).run(|host| {
            let request = host.post(URL).query(&[("q", "a b&c")]).query(&[("r", "ख")]);
            request
                .form(&[("sum", "1+1=2"), ("name", "आशा & वर्मा")])
                .send()
                .map(drop)
        });
        assert_eq!(sent, Ok(()));
    }

    #[test]
    fn id_stays_in_its_segment() {
        assert_eq!(
            url("https://a", &["x", "../y?z#%"]).unwrap(),
            "https://a/x/..%2Fy%3Fz%23%25"
        );
        for id in ["", ".", ".."] {
            assert!(
                matches!(url("https://a", &[id, "x"]), Err(Failure::Rejected(_))),
                "{id}"
            );
        }
    }
}
