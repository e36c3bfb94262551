//! What comes back to an adapter: never a secret, only what the host can search, and the texts of old servers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_sandbox::{CredentialSecrets, Invocation, LoadedRelease};

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, write_to};

const TOKEN: &str = "canary/token+1=";

/// A hostile guest that sends a request, with or without a bearer token. `grant` follows the origin in its table.
async fn sending(test: &TestRuntime, server: &Server, request: &str, token: bool, grant: &str) -> LoadedRelease {
    let origin = &server.origin;
    let target = serde_json::Value::from(request.replace("ORIGIN", origin));
    let credential = format!(
        "[[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ env = \"X\" }}\norigins = [\"{origin}\"]\n"
    );
    let spec = format!(
        "settings = {{ base_url = \"{origin}\", target = {target} }}\n\
         egress = {{ allow = [{{ origin = \"{origin}\"{grant} }}], private_addresses = true }}\n{}",
        if token { &credential } else { "" }
    );
    let secrets: CredentialSecrets = [("crm".to_owned(), Sensitive::new(TOKEN.into()))].into();
    test.try_load("hostile", &spec, secrets).await.unwrap()
}

async fn sent(server: &Server, request: &str, token: bool, grant: &str) -> Invocation<String> {
    let test = TestRuntime::new();
    let loaded = sending(&test, server, request, token, grant).await;
    write_to(&loaded, "request").await
}

fn answer(headers: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n");
    Reply::Answer([head.as_bytes(), body].concat())
}

fn is_withheld(invocation: &Invocation<String>) -> bool {
    assert!(!format!("{invocation:?}").contains("canary"), "{invocation:?}");
    matches!(&invocation.outcome, Err(Failure::Fault(fault)) if fault.cause == FaultCause::SecretEcho)
}

#[tokio::test]
async fn echoes_are_withheld_in_every_form() {
    let base64 = BASE64_STANDARD.encode(format!("authorization: Bearer {TOKEN}"));
    let (head, tail) = base64.split_at(base64.len() - 11);
    let wide: Vec<u8> = TOKEN.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let forms = [
        TOKEN.into(),
        TOKEN.to_uppercase().into_bytes(),
        b"canary%2Ftoken%2B1%3D".into(),
        b"canary%252ftoken%252b1%253d".into(),
        b"canary&#47;token&#x2B;1&equals;".into(),
        b"canary\\/token\\u002b1\\u003D".into(),
        b"canary\\x2ftoken+1=".into(),
        b"canary=2Ftoken=2B1=3D".into(),
        b"63616e6172792f746f6b656e2b313d".into(),
        format!("{head}\r\n{tail}").into_bytes(),
        base64.into_bytes(),
        wide,
    ];
    for form in forms {
        let body = form.clone();
        let server = Server::start(move |_| answer("", &[b"you sent <", body.as_slice(), b">"].concat())).await;
        assert!(
            is_withheld(&sent(&server, "GET ORIGIN/", true, "").await),
            "{}",
            form.escape_ascii()
        );
    }
    let server = Server::start(|_| answer(&format!("x-echo: Bearer {TOKEN}\r\n"), b"")).await;
    assert!(is_withheld(&sent(&server, "GET ORIGIN/", true, "").await));
}

#[tokio::test]
async fn a_guess_is_answered_by_a_fault_alone() {
    // A page that echoes only what it is sent. The adapter sees nothing of the answer, so not which guess was right.
    let echo = |request: &str| answer("", request.split_once("\r\n\r\n").unwrap().1.as_bytes());
    let server = Server::start(echo).await;
    let request = |guess: &str| format!("POST ORIGIN/\n\nguess-1 guess-2 {guess} guess-4");
    assert!(is_withheld(&sent(&server, &request(TOKEN), true, "").await));
    let wrong = sent(&server, &request("guess-3"), true, "").await;
    assert_eq!(wrong.outcome.unwrap(), "answered 200: guess-1 guess-2 guess-3 guess-4");
}

#[tokio::test]
async fn the_host_controls_how_answers_are_represented() {
    let server = Server::friendly().await;
    for header in [
        "Accept-Encoding: gzip",
        "accept_encoding: gzip",
        "Range: bytes=30-39",
        "If-Range: x",
        "TE: gzip",
        "A-IM: vcdiff",
        "Accept-Charset: utf-16",
        "Transfer_Encoding: chunked",
    ] {
        let invocation = sent(&server, &format!("GET ORIGIN/\n{header}"), true, "").await;
        assert_eq!(invocation.refused, [("malformed", 1)], "{header}");
        assert!(invocation.outcome.unwrap().contains("is the host's to set"), "{header}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn answers_that_cannot_be_searched_are_refused() {
    for (status, headers, body, words) in [
        (
            200,
            "content-encoding: gzip\r\n",
            b"\x1f\x8b".as_slice(),
            "is encoded as `gzip`",
        ),
        (
            206,
            "content-range: bytes 30-39/47\r\n",
            b"y-token",
            "is a part of a document",
        ),
        (
            200,
            "content-type: text/plain; charset=utf-16\r\n",
            b"a\0",
            "is in charset `utf-16`",
        ),
        (
            200,
            "content-type: text/plain; charset=utf-7\r\n",
            b"a",
            "is in charset `utf-7`",
        ),
        (
            200,
            "content-type: text/xml\r\n",
            b"<?xml version='1.0' encoding='ibm037'?>",
            "`ibm037`",
        ),
    ] {
        let reply = move |_: &str| {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n");
            Reply::Answer([head.as_bytes(), body].concat())
        };
        let server = Server::start(reply).await;
        let invocation = sent(&server, "GET ORIGIN/", true, "").await;
        let unreadable = invocation.host_reason.unwrap().to_string();
        assert!(unreadable.contains(words), "{unreadable}");
        assert_eq!(invocation.outcome.unwrap(), format!("no-answer: {unreadable}"));
        // Without a secret in the request there is none to find. What was odd is named all the same.
        let invocation = sent(&server, "GET ORIGIN/", false, "").await;
        assert!(
            invocation.outcome.unwrap().starts_with(&format!("answered {status}")),
            "{words}"
        );
        assert!(invocation.host_reason.unwrap().to_string().contains(words));
    }
}

#[tokio::test]
async fn old_servers_are_read() {
    for (headers, body, seen) in [
        ("X-Old : yes\r\n", b"ok".as_slice(), "answered 200 x-old=yes: ok"),
        ("X-Old: a\r\n  b\r\n", b"ok", "answered 200 x-old=a b: ok"),
        ("X-Old: caf\u{e9}\r\n", b"ok", "answered 200 x-old=caf\u{e9}: ok"),
        (
            "content-type: text/plain;charset=ISO-8859-1\r\n",
            b"caf\xe9",
            "answered 200 content-type=text/plain; charset=utf-8: caf\u{e9}",
        ),
        (
            "content-type: text/xml\r\n",
            b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a>\x80</a>",
            "answered 200 content-type=text/xml; charset=utf-8: <?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <a>\u{20ac}</a>",
        ),
    ] {
        let server = Server::start(move |_| answer(headers, body)).await;
        let invocation = sent(&server, "GET ORIGIN/", true, "").await;
        assert_eq!(invocation.outcome.unwrap(), seen);
        assert_eq!(invocation.host_reason, None);
    }
}

#[tokio::test]
async fn header_values_are_visible_ascii() {
    let server = Server::friendly().await;
    for (value, fault) in [
        ("कॉल-2", "U+0915 at character 1"),
        ("caf\u{e9}", "U+00E9 at character 4"),
        ("a\tb", "U+0009 at character 2"),
        ("C-1 ", "U+0020 at character 4"),
    ] {
        let invocation = sent(
            &server,
            &format!("POST ORIGIN/\nIdempotency-Key: {value}\n\n{{}}"),
            true,
            "",
        )
        .await;
        assert!(!invocation.sent);
        let words = invocation.outcome.unwrap();
        assert!(words.starts_with("denied: header `idempotency-key` holds"), "{words}");
        assert!(words.contains(fault), "{words}");
    }
    assert_eq!(server.requests().len(), 0);
    let invocation = sent(&server, "GET ORIGIN/\nX-Key: a b  c", true, "").await;
    assert!(invocation.outcome.unwrap().starts_with("answered 200"));
    assert!(server.requests()[0].contains("x-key: a b  c\r\n"));
}

#[tokio::test]
async fn twins_of_credentials_do_not_leave() {
    let server = Server::friendly().await;
    let _ = sent(
        &server,
        "GET ORIGIN/\nAUTHORIZATION: mine\nAuthorization: mine",
        true,
        "",
    )
    .await;
    let request = server.requests().pop().unwrap();
    assert!(
        request.contains(&format!("authorization: Bearer {TOKEN}\r\n")) && !request.contains("mine"),
        "{request}"
    );
    let _ = sent(&server, "GET ORIGIN/\nauthorization: mine", false, "").await;
    assert!(server.requests().pop().unwrap().contains("authorization: mine\r\n"));
}

#[tokio::test]
async fn narrow_grants_allow_no_overrides() {
    let server = Server::friendly().await;
    let narrow = ", methods = [\"POST\"]";
    for part in [
        "\nX-HTTP-Method-Override: DELETE",
        "\nX_HTTP_Method_Override: DELETE",
        "\nX-Original-URL: /admin",
        "\nX-Rewrite-URL: /admin",
        "\nForwarded: host=evil",
        "\nX-Forwarded-Host: evil",
        "?_method=DELETE",
        "\nContent-Type: application/x-www-form-urlencoded\n\n_method=DELETE",
    ] {
        let request = format!("POST ORIGIN/leads{part}");
        let invocation = sent(&server, &request, true, narrow).await;
        assert_eq!(invocation.refused, [("override", 1)], "{part}");
        let invocation = sent(&server, &request, true, "").await;
        assert_eq!(invocation.refused, [], "{part}");
    }
    assert_eq!(server.requests().len(), 8, "the origin is granted as a whole");
}
