//! Rules for the headers of an adapter's request, and for fields that work like headers.
//!
//! Names are compared as servers compare them. Many make a variable of a header's name (CGI, WSGI, PHP), in which case
//! and everything but letters and digits are lost: to them, `Transfer_Encoding` is `transfer-encoding`.

use url::form_urlencoded;

/// Headers that only the host may set: those of the connection, which is the host's, and those that choose how an
/// answer is represented. The host searches answers for secrets; compressed, in parts or in another charset, they would
/// hold other bytes.
const HOST_HEADERS: [&str; 21] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "expect",
    "proxy-authorization",
    "proxy-connection",
    "accept-encoding",
    "accept-charset",
    "accept-transfer-encoding",
    "range",
    "request-range",
    "if-range",
    "a-im",
    "delta-base",
    "x-accept-encoding",
];
/// Headers by which frameworks and proxies replace the method or the URL of a request.
const OVERRIDES: [&str; 15] = [
    "forwarded",
    "destination",
    "base-url",
    "path-info",
    "request-uri",
    "script-name",
    "x-host",
    "x-method",
    "x-path",
    "x-path-info",
    "x-proxy-url",
    "x-request-uri",
    "x-script-name",
    "x-uri",
    "x-url",
];
/// The beginnings of the names of more of them: `x-forwarded-prefix`, `x-original-url`, `x-rewrite-url`.
const OVERRIDE_FAMILIES: [&str; 9] = [
    "x-accel",
    "x-http-path",
    "x-ms-original",
    "x-waws",
    "x-forwarded",
    "x-original",
    "x-rewrite",
    "x-http-method",
    "x-envoy-original",
];
/// Fields of forms and queries that do the same: `_method` in most frameworks, `_HttpMethod` and `$httpMethod` in APIs.
const OVERRIDE_FIELDS: [&str; 2] = ["-method", "-httpmethod"];
/// The name by which some do it too, and others choose the way to be called back: only a method as its value tells.
const METHOD_FIELD: &str = "method";
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MOVE", "COPY",
];

/// A header's name as servers compare it.
#[must_use]
pub fn fold_name(name: &str) -> String {
    let fold = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(fold).collect()
}

/// Whether only the host may set a header.
#[must_use]
pub fn is_host_header(name: &str) -> bool {
    HOST_HEADERS.contains(&fold_name(name).as_str())
}

/// Whether a header may make a server read another method or URL than the request has.
#[must_use]
pub fn is_override(name: &str) -> bool {
    let name = fold_name(name);
    OVERRIDES.contains(&name.as_str())
        || OVERRIDE_FAMILIES.iter().any(|family| name.starts_with(family))
        || [
            "method-override",
            "override-method",
            "override-url",
            "tunneled-method",
            "requested-method",
        ]
        .iter()
        .any(|part| name.contains(part))
}

/// The first character of a header's value that is neither visible ASCII nor a space between such characters, and its
/// place, counted from 1. None if the value can be sent as the contract says.
#[must_use]
pub fn value_fault(value: &str) -> Option<(usize, char)> {
    let last = value.chars().count();
    let mut characters = (1..).zip(value.chars());
    characters.find(|(place, c)| !(c.is_ascii_graphic() || (*c == ' ' && *place > 1 && *place < last)))
}

/// A field in a query or in the body of a form by which frameworks replace a request's method; none if there is none.
#[must_use]
pub fn overriding_field(query: Option<&str>, content_type: &str, body: &[u8]) -> Option<String> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let form = if media_type == "application/x-www-form-urlencoded" {
        body
    } else {
        &[]
    };
    let overrides = |name: &str| OVERRIDE_FIELDS.contains(&fold_name(name).as_str()) || is_override(name);
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).chain(form_urlencoded::parse(form));
    let chooses = |name: &str, value: &str| {
        name.eq_ignore_ascii_case(METHOD_FIELD)
            && METHODS.iter().any(|method| value.trim().eq_ignore_ascii_case(method))
    };
    let mut named = pairs.filter(|(name, value)| overrides(name) || chooses(name, value));
    let named = named.next().map(|(name, _)| name.into_owned());
    named.or_else(|| {
        let multipart = media_type == "multipart/form-data";
        let names = String::from_utf8_lossy(if multipart { body } else { &[] }).into_owned();
        let mut names = names.split("name=").skip(1).map(|rest| {
            let quoted = rest.strip_prefix('"').unwrap_or(rest);
            quoted
                .split(['"', ';', '\r', '\n'])
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        names.find(|name| overrides(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_servers_compare_them() {
        for name in [
            "Transfer_Encoding",
            "transfer-encoding",
            "TRANSFER.ENCODING",
            "Accept_Encoding",
            "accept-charset",
            "Range",
            "Request-Range",
            "If_Range",
            "TE",
            "A-IM",
        ] {
            assert!(is_host_header(name), "{name}");
        }
        for name in [
            "accept",
            "x-range",
            "content-type",
            "content-encoding",
            "accept-language",
        ] {
            assert!(!is_host_header(name), "{name}");
        }
    }

    #[test]
    fn overrides_are_recognized() {
        for name in [
            "X-HTTP-Method-Override",
            "X_HTTP_Method_Override",
            "x-http-method",
            "X-Method-Override",
            "x-original-url",
            "X-Rewrite-URL",
            "Forwarded",
            "x-forwarded-host",
            "X-Forwarded-Prefix",
            "x_forwarded_proto",
            "Destination",
        ] {
            assert!(is_override(name), "{name}");
        }
        for name in ["accept", "x-request-id", "x-api-key", "content-type", "x-methodical"] {
            assert!(!is_override(name), "{name}");
        }
    }

    #[test]
    fn values_are_visible_ascii_and_inner_blanks() {
        for fine in ["", "x", "a b", "a  b", "!~", "Bearer x=="] {
            assert_eq!(value_fault(fine), None, "{fine}");
        }
        for (value, fault) in [
            ("कॉल-2", (1, 'क')),
            ("caf\u{e9}", (4, '\u{e9}')),
            (" a", (1, ' ')),
            ("a ", (2, ' ')),
            ("a  ", (3, ' ')),
            (" ", (1, ' ')),
            ("a\tb", (2, '\t')),
            ("a\r\nhost: evil", (2, '\r')),
            ("a\0b", (2, '\0')),
            ("a\u{7f}", (2, '\u{7f}')),
        ] {
            assert_eq!(value_fault(value), Some(fault), "{value:?}");
        }
    }

    #[test]
    fn overriding_fields_are_found_in_forms() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let parts = b"--b\r\ncontent-disposition: form-data; name=\"_method\"\r\n\r\nDELETE\r\n--b--";
        for (query, content_type, body) in [
            (Some("a=1&_method=DELETE"), "application/json", b"{}".as_slice()),
            (Some("%5Fmethod=DELETE"), "", b""),
            (Some("x-http-method-override=PUT"), "", b""),
            (Some("method=DELETE"), "", b""),
            (None, form, b"Method=+put"),
            (None, form, b"a=1&_METHOD=delete"),
            (None, "multipart/form-data; boundary=b", parts),
        ] {
            assert!(
                overriding_field(query, content_type, body).is_some(),
                "{query:?} {content_type}"
            );
        }
        for (query, content_type, body) in [
            (Some("method=phone&payment_method=card"), "", b"".as_slice()),
            (None, "application/json", b"_method=DELETE"),
            (None, form, b"contact_method=phone"),
        ] {
            assert_eq!(
                overriding_field(query, content_type, body),
                None,
                "{query:?} {content_type}"
            );
        }
    }
}
