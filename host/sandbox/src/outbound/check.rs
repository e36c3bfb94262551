//! Checks the requests of guests: the request that may be sent, or the reason why not.

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::network::Network;
use crate::contract::bindings::http::{Header, Request};
use jackfield_domain::tenant::egress::{
    EgressRefusal, InvalidMethod, Method, Origin, is_host_header, is_override, overriding_field, value_fault,
};

/// Bytes of a URL: what common servers accept.
const MAX_URL: usize = 8 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Bytes of a request's headers, names and values: what common servers accept.
const MAX_HEADER_BYTES: usize = 8 << 10;
/// Bytes of a request's body: as much as the host itself accepts on its public listener.
const MAX_BODY: usize = 1 << 20;

/// Checks a request and adds the credentials of its origin. Moves the body out of `request`.
///
/// # Errors
/// The first reason not to send it.
pub fn check(network: &Network, request: &mut Request) -> Result<(reqwest::Request, Origin), EgressRefusal> {
    let method: Method = request
        .method
        .parse()
        .map_err(|error: InvalidMethod| malformed(error.to_string()))?;
    if request.url.len() > MAX_URL {
        return Err(too_large(format!("the URL is longer than {MAX_URL} bytes")));
    }
    let mut url =
        Url::parse(&request.url).map_err(|error| malformed(format!("the URL is not absolute and valid: {error}")))?;
    let origin = network.policy.check(method, &url)?;
    if request.body.len() > MAX_BODY {
        return Err(too_large(format!("the body is larger than {MAX_BODY} bytes")));
    }
    let mut headers = headers(&request.headers)?;
    if network.policy.is_narrow(&origin)
        && let Some(part) = overriding_part(&headers, &url, &request.body)
    {
        return Err(EgressRefusal::Override { part, origin });
    }
    // A compressed answer could not be searched for secrets.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    network.credentials.add_to(&mut headers, &mut url, &origin);
    let mut checked = reqwest::Request::new(method.into(), url);
    *checked.headers_mut() = headers;
    if !request.body.is_empty() {
        *checked.body_mut() = Some(std::mem::take(&mut request.body).into());
    }
    Ok((checked, origin))
}

fn headers(given: &[Header]) -> Result<HeaderMap, EgressRefusal> {
    if given.len() > MAX_HEADERS {
        return Err(too_large(format!("there are more than {MAX_HEADERS} headers")));
    }
    if given
        .iter()
        .map(|header| header.name.len() + header.value.len())
        .sum::<usize>()
        > MAX_HEADER_BYTES
    {
        return Err(too_large(format!(
            "the headers are larger than {MAX_HEADER_BYTES} bytes in total"
        )));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for header in given {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| malformed(format!("`{}` is not a header's name", header.name.escape_default())))?;
        if is_host_header(name.as_str()) {
            return Err(malformed(format!("header `{name}` is the host's to set; leave it out")));
        }
        let unsendable = |fault: &str| {
            malformed(format!(
                "header `{name}` holds something other than visible ASCII and spaces between them: {fault}; encode it, \
                 for example in percent form, or send it in the body"
            ))
        };
        if let Some((place, character)) = value_fault(&header.value) {
            let code = u32::from(character);
            return Err(unsendable(&format!("U+{code:04X} at character {place}")));
        }
        let value = HeaderValue::from_str(&header.value).map_err(|_| unsendable("a character"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The header or field that may make a server read another method or URL than was checked.
fn overriding_part(headers: &HeaderMap, url: &Url, body: &[u8]) -> Option<String> {
    if let Some(name) = headers.keys().find(|name| is_override(name.as_str())) {
        return Some(format!("header `{name}`"));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let field = overriding_field(url.query(), content_type.unwrap_or_default(), body)?;
    Some(format!("field `{}`", field.escape_default()))
}

fn malformed(why: impl Into<String>) -> EgressRefusal {
    EgressRefusal::Malformed(why.into())
}

fn too_large(why: impl Into<String>) -> EgressRefusal {
    EgressRefusal::TooLarge(why.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::outbound::resolver::SystemResolver;
    use crate::secrets::credentials::Credentials;
    use jackfield_clock::SystemClock;
    use jackfield_domain::tenant::egress::EgressSpec;

    fn network() -> Network {
        let grants = r#"{"allow": ["https://crm.example", {"origin": "https://api.example", "path": "/v1"}]}"#;
        let egress: EgressSpec = serde_json::from_str(grants).unwrap();
        Network::new(
            &egress,
            Credentials::default(),
            Arc::new(SystemResolver),
            Arc::new(SystemClock),
        )
        .unwrap()
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

    fn refused(mut request: Request) -> String {
        check(&network(), &mut request).unwrap_err().to_string()
    }

    #[test]
    fn a_valid_request_is_unchanged() {
        let mut given = Request {
            headers: vec![header("Accept", "a"), header("accept", "b")],
            ..request()
        };
        let (checked, origin) = check(&network(), &mut given).unwrap();
        assert_eq!(
            (checked.method(), origin.to_string().as_str()),
            (&http::Method::POST, "https://crm.example")
        );
        assert_eq!(checked.headers().get_all("accept").iter().count(), 2);
        assert_eq!(checked.headers()["accept-encoding"], "identity");
        assert_eq!(checked.body().unwrap().as_bytes(), Some(&b"{}"[..]));
    }

    #[test]
    fn overrides_are_refused_on_narrow_grants() {
        let given = |host: &str, query: &str, name: &str, value: &str, body: &[u8]| Request {
            url: format!("https://{host}.example/v1/leads{query}"),
            headers: vec![header(name, value)],
            body: body.into(),
            ..request()
        };
        let form = "application/x-www-form-urlencoded";
        for (query, name, value, body, part) in [
            (
                "",
                "X-HTTP-Method-Override",
                "DELETE",
                b"".as_slice(),
                "header `x-http-method-override`",
            ),
            (
                "",
                "x_http_method_override",
                "DELETE",
                b"",
                "header `x_http_method_override`",
            ),
            ("", "x-original-url", "/admin", b"", "header `x-original-url`"),
            ("", "X-Forwarded-Prefix", "/admin", b"", "header `x-forwarded-prefix`"),
            ("", "forwarded", "host=evil", b"", "header `forwarded`"),
            ("?_method=DELETE", "x", "y", b"", "field `_method`"),
            ("", "content-type", form, b"a=1&_method=DELETE", "field `_method`"),
        ] {
            let mut narrow = given("api", query, name, value, body);
            let refusal = check(&network(), &mut narrow).unwrap_err();
            assert_eq!(refusal.word(), "override");
            assert!(refusal.to_string().starts_with(part), "{refusal}");
            let mut whole = given("crm", query, name, value, body);
            assert!(check(&network(), &mut whole).is_ok(), "{part}");
        }
    }

    #[test]
    fn each_limit_has_a_message() {
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
                    body: vec![0; MAX_BODY + 1],
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
            (headers(vec![header("transfer_encoding", "chunked")]), "is the host's"),
            (headers(vec![header("Accept-Encoding", "gzip")]), "is the host's"),
            (headers(vec![header("range", "bytes=30-39")]), "is the host's"),
            (
                headers(vec![header("x-key", "कॉल-2")]),
                "header `x-key` holds something other than visible ASCII and spaces between them: U+0915 at \
                 character 1",
            ),
            (headers(vec![header("x-key", "caf\u{e9}")]), "U+00E9 at character 4"),
            (headers(vec![header("x-key", "C-1 ")]), "U+0020 at character 4"),
        ];
        for (given, expected) in cases {
            let why = refused(given);
            assert!(why.contains(expected), "{why} should say: {expected}");
        }
    }
}
