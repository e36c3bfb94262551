//! What proxies and monitoring expect: a refusal that survives the body it refuses, HTTP/2 without TLS, and metrics in
//! the format that is asked for.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jackfield::listener::ListenerLimits;
use jackfield_tests::listener::{RawClient, limits};
use jackfield_tests::node::TestNode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const POST: &str = "POST /v1/tenants/nobody/leads HTTP/1.1\r\nhost: x\r\n";

#[tokio::test]
async fn whole_bodies_get_their_413() {
    // A proxy sends all that it has before it reads: it must not meet a reset, which would lose the answer.
    let test = TestNode::empty().await;
    let limits = ListenerLimits {
        body_memory: 64 * 1024 * 1024,
        ..limits()
    };
    let listener = test.listen(limits).await;
    let body = vec![b'x'; 3 * 1024 * 1024];
    let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    for _ in 0..20 {
        for (length, bytes) in [
            (format!("content-length: {}", body.len()), &body),
            ("transfer-encoding: chunked".into(), &chunked),
        ] {
            let mut client = listener.connect().await;
            client.send(format!("{POST}{length}\r\n\r\n")).await;
            client.send(bytes).await;
            let RawClient(socket) = &mut client;
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn early_401_survives_its_body() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let head = "POST /v1/tenants/nobody/leads/L/disposition HTTP/1.1\r\nhost: x\r\nauthorization: Bearer jfa_x\r\n";
    let mut client = listener.connect().await;
    client.send(format!("{head}content-length: 2000000\r\n\r\n")).await;
    client.send(vec![b'x'; 2_000_000]).await;
    let mut answer = String::new();
    client.0.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn endless_body_is_not_read_for_ever() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let mut client = listener.connect().await;
    client.send(format!("{POST}content-length: 1000000000\r\n\r\n")).await;
    let mut sent = 0_u64;
    let piece = vec![b'x'; 64 * 1024];
    while client.0.write_all(&piece).await.is_ok() {
        sent += 64 * 1024;
        assert!(sent < 200_000_000, "the host reads on and on");
    }
    test.finish().await;
}

#[tokio::test]
async fn cleartext_http2_is_spoken_on_loopback() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let RawClient(socket) = listener.connect().await;
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::get("http://localhost/healthz")
            .body(Full::new(Bytes::new()))
            .unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "ok\n");
    }
    // A method that begins like the preface is no preface.
    let mut other = listener.connect().await;
    for part in ["P", "R", "OPFIND /x HTTP/1.1\r\nhost: x\r\n\r\n"] {
        other.send(part).await;
    }
    let answer = other.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn metrics_have_the_format_asked_for() {
    let test = TestNode::start().await;
    let _ = test.get("/v1/tenants/nobody/leads").await;
    let page = async |accept: Option<&str>| {
        let mut request = Request::builder().method(Method::GET).uri("/metrics");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        test.admin(request.body(Body::empty()).unwrap()).await.expect(200)
    };
    let open = page(Some("application/openmetrics-text; version=1.0.0")).await;
    assert!(
        open.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(open.text.ends_with("# EOF\n"));
    for accept in [None, Some("*/*"), Some("text/plain;version=0.0.4")] {
        let text = page(accept).await;
        assert_eq!(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        check_text_format(&text.text);
    }
    test.finish().await;
}

/// What `promtool check metrics` would complain about: every sample has a family with help and type, whose name is its
/// own; counters end in `_total` and nothing else does.
fn check_text_format(page: &str) {
    let mut family: Option<(&str, &str)> = None;
    let mut help = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(help.is_some_and(|(of, text)| of == name && !text.is_empty()), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            for end in ["_count", "_sum", "_bucket"] {
                assert!(!name.ends_with(end), "{line}");
            }
            family = Some((name, kind));
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let (of, kind) = family.unwrap_or_else(|| panic!("{line} has no family"));
            let parts = ["_bucket", "_sum", "_count"].map(|end| format!("{of}{end}"));
            let is_part = kind == "histogram" && parts.iter().any(|part| part == name);
            assert!(name == of || is_part, "{line} is not of {of}");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(family.is_some(), "{page}");
}
