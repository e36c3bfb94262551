//! The host's side of `http.send`: a guest's only way out.
//!
//! Every request is checked before it leaves, gets the tenant's credentials, and is sent once: no redirect is followed,
//! no proxy asked, nothing repeated. The error tells the guest whether the CRM can have seen the request; the call's
//! record tells the host, whatever the guest makes of it.

use std::error::Error as _;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::bindings::http::{Error, Header, Request, Response};
use super::network::Network;
use super::seen::Seen;
use crate::domain::egress::{EgressRefusal, InvalidMethod, Method, Origin};

/// Requests of one call. A status query needs one, a write perhaps five; a loop would be an attack on the CRM.
const MAX_REQUESTS: u32 = 16;
/// Bytes of a URL: what common servers take.
const MAX_URL: usize = 8 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Bytes of a request's headers, names and values: what common servers take.
const MAX_HEADER_BYTES: usize = 8 << 10;
/// Bytes of a request's body, as much as the host itself takes on its public listener.
const MAX_REQUEST_BODY: usize = 1 << 20;
/// Bytes of an answer's headers, names and values.
const MAX_ANSWER_HEADER_BYTES: usize = 32 << 10;
/// Bytes of an answer's body: a lead with its history, generously. Times the calls in flight, it is the host's memory.
const MAX_ANSWER_BODY: usize = 2 << 20;

/// Headers that belong to the connection, which is the host's.
const HOP_HEADERS: [&str; 11] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "proxy-connection",
];

/// Sends one request of a call, if it may be sent.
pub async fn send(network: Option<&Network>, seen: &Seen, request: Request) -> Result<Response, Error> {
    let Some(network) = network else {
        return Err(denied("`describe` runs without a network"));
    };
    let (request, origin) = check(network, request)?;
    if seen.requests() >= MAX_REQUESTS {
        return Err(denied(format!("a call may send at most {MAX_REQUESTS} requests")));
    }
    let changes = !request.method().is_safe();
    let before = seen.leave(changes);
    let result = exchange(network, seen, request).await;
    if matches!(result, Err(Error::Denied(_) | Error::Unreachable(_))) {
        seen.stayed(before);
    }
    seen.back();
    result.map_err(|error| named(error, &origin))
}

/// Everything that the guest decided, checked, and the credentials added.
fn check(network: &Network, request: Request) -> Result<(reqwest::Request, Origin), Error> {
    let method: Method = request
        .method
        .parse()
        .map_err(|error: InvalidMethod| denied(error.to_string()))?;
    if request.url.len() > MAX_URL {
        return Err(denied(format!("the URL is longer than {MAX_URL} bytes")));
    }
    let url =
        Url::parse(&request.url).map_err(|error| denied(format!("the URL is not absolute and valid: {error}")))?;
    let origin = network
        .policy
        .check(method, &url)
        .map_err(|refusal| denied(refusal.to_string()))?;
    if request.body.len() > MAX_REQUEST_BODY {
        return Err(denied(format!("the body is larger than {MAX_REQUEST_BODY} bytes")));
    }
    let mut headers = headers(&request.headers)?;
    network.credentials.add_to(&mut headers, &origin);
    let mut checked = reqwest::Request::new(method.into(), url);
    *checked.headers_mut() = headers;
    if !request.body.is_empty() {
        *checked.body_mut() = Some(request.body.into());
    }
    Ok((checked, origin))
}

fn headers(given: &[Header]) -> Result<HeaderMap, Error> {
    if given.len() > MAX_HEADERS {
        return Err(denied(format!("there are more than {MAX_HEADERS} headers")));
    }
    if given
        .iter()
        .map(|header| header.name.len() + header.value.len())
        .sum::<usize>()
        > MAX_HEADER_BYTES
    {
        return Err(denied(format!(
            "the headers are larger than {MAX_HEADER_BYTES} bytes together"
        )));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for header in given {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| denied(format!("`{}` is not a header's name", header.name.escape_default())))?;
        if HOP_HEADERS.contains(&name.as_str()) {
            return Err(denied(format!("header `{name}` is the host's to set; leave it out")));
        }
        let value = HeaderValue::from_str(&header.value).map_err(|_| {
            denied(format!(
                "header `{name}` holds something other than visible ASCII and spaces"
            ))
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

async fn exchange(network: &Network, seen: &Seen, request: reqwest::Request) -> Result<Response, Error> {
    let mut answer = network.client.execute(request).await.map_err(failed)?;
    let status = answer.status().as_u16();
    seen.answered(status);
    let mut headers = Vec::with_capacity(answer.headers().len());
    let mut size = 0;
    for (name, value) in answer.headers() {
        size += name.as_str().len() + value.len();
        let mut value = value.as_bytes().to_vec();
        network.credentials.redact(&mut value);
        headers.push(Header {
            name: name.as_str().to_owned(),
            // Old servers write Latin-1; what is no UTF-8 is replaced, and not worth losing the answer for.
            value: String::from_utf8_lossy(&value).into_owned(),
        });
    }
    if size > MAX_ANSWER_HEADER_BYTES {
        return Err(Error::TooLarge(format!(
            "its headers are larger than {MAX_ANSWER_HEADER_BYTES} bytes"
        )));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Error::NoAnswer(reason(error)))? {
        if body.len() + chunk.len() > MAX_ANSWER_BODY {
            return Err(Error::TooLarge(format!(
                "its body is larger than {MAX_ANSWER_BODY} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    network.credentials.redact(&mut body);
    Ok(Response { status, headers, body })
}

/// Tells what never left from what may have arrived.
fn failed(error: reqwest::Error) -> Error {
    if let Some(refusal) = refusal(&error) {
        return denied(refusal.to_string());
    }
    if error.is_connect() || error.is_builder() {
        Error::Unreachable(reason(error))
    } else {
        Error::NoAnswer(reason(error))
    }
}

/// The resolver's refusal, where that is why there is no connection.
fn refusal(error: &reqwest::Error) -> Option<&EgressRefusal> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref() {
            return Some(refusal);
        }
        source = cause.source();
    }
    None
}

/// The innermost cause, which says it best: "Connection refused (os error 111)".
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        innermost = cause.to_string();
        source = cause.source();
    }
    innermost
}

fn denied(why: impl Into<String>) -> Error {
    Error::Denied(why.into())
}

/// The error with the place that it is about.
fn named(error: Error, origin: &Origin) -> Error {
    match error {
        Error::Denied(why) => Error::Denied(why),
        Error::Unreachable(why) => Error::Unreachable(format!("{origin}: {why}")),
        Error::NoAnswer(why) => Error::NoAnswer(format!("{origin}: {why}")),
        Error::TooLarge(why) => Error::TooLarge(format!("{origin}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::credentials::Credentials;
    use crate::domain::release::EgressSpec;

    fn network() -> Network {
        let egress = EgressSpec {
            allow: vec!["https://crm.example".parse::<Origin>().unwrap().into()],
            ..EgressSpec::default()
        };
        Network::new(&egress, Credentials::default()).unwrap()
    }

    fn request() -> Request {
        Request {
            method: "POST".into(),
            url: "https://crm.example/v1/leads?id=1".into(),
            headers: vec![],
            body: b"{}".to_vec(),
        }
    }

    fn header(name: &str, value: &str) -> Header {
        Header {
            name: name.into(),
            value: value.into(),
        }
    }

    fn refused(request: Request) -> String {
        match check(&network(), request) {
            Err(Error::Denied(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_goes_as_it_is() {
        let given = Request {
            headers: vec![header("Accept", "a"), header("accept", "b")],
            ..request()
        };
        let (checked, origin) = check(&network(), given).unwrap();
        assert_eq!(
            (checked.method(), origin.to_string().as_str()),
            (&http::Method::POST, "https://crm.example")
        );
        assert_eq!(checked.headers().get_all("accept").iter().count(), 2);
        assert_eq!(checked.body().unwrap().as_bytes(), Some(&b"{}"[..]));
    }

    #[test]
    fn each_limit_is_told() {
        let url = |url: &str| Request {
            url: url.into(),
            ..request()
        };
        let headers = |headers: Vec<Header>| Request { headers, ..request() };
        let cases = [
            (
                Request {
                    method: "TRACE".into(),
                    ..request()
                },
                "the method must be",
            ),
            (
                Request {
                    method: "get".into(),
                    ..request()
                },
                "the method must be",
            ),
            (url("/v1"), "not absolute"),
            (
                url(&format!("https://crm.example/{}", "x".repeat(MAX_URL))),
                "longer than",
            ),
            (url("https://evil.example/"), "is not granted"),
            (url("https://crm.example@evil.example/"), "user name"),
            (
                Request {
                    body: vec![0; MAX_REQUEST_BODY + 1],
                    ..request()
                },
                "the body is larger",
            ),
            (headers(vec![header("a", ""); MAX_HEADERS + 1]), "more than 64 headers"),
            (
                headers(vec![header("a", &"x".repeat(MAX_HEADER_BYTES))]),
                "larger than 8192 bytes",
            ),
            (headers(vec![header("bad name", "x")]), "is not a header's name"),
            (headers(vec![header("a", "x\r\nhost: evil")]), "visible ASCII"),
            (headers(vec![header("Host", "evil")]), "header `host` is the host's"),
            (headers(vec![header("Transfer-Encoding", "chunked")]), "is the host's"),
        ];
        for (given, expected) in cases {
            let why = refused(given);
            assert!(why.contains(expected), "{why} should say: {expected}");
        }
    }

    #[tokio::test]
    async fn without_a_network_nothing_is_sent() {
        let seen = Seen::default();
        let answer = send(None, &seen, request()).await;
        assert!(matches!(answer, Err(Error::Denied(_))));
        assert_eq!((seen.sent(), seen.requests()), (false, 0));
    }

    #[tokio::test]
    async fn what_was_refused_does_not_count_as_sent() {
        let seen = Seen::default();
        let evil = Request {
            url: "https://evil.example/".into(),
            ..request()
        };
        assert!(send(Some(&network()), &seen, evil).await.is_err());
        assert_eq!((seen.sent(), seen.requests()), (false, 0));
    }
}
