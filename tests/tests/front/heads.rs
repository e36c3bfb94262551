//! HTTP as its specifications have it: what two readers may understand differently is refused, and every refusal says
//! what was wrong.

use axum::body::Body;
use http::Method;
use jackfield_tests::documents::{groundwork_webhook, lead_created, minimal_disposition};
use jackfield_tests::listener::{TestListener, limits};
use jackfield_tests::node::TestNode;
use jackfield_tests::response::TestResponse;
use serde_json::Value;

/// Sends bytes on a connection of their own; returns the answer's head, in lower case, and its document.
async fn ask(listener: &TestListener, bytes: impl AsRef<[u8]>) -> (String, Value) {
    let mut client = listener.connect().await;
    client.send(bytes).await;
    let answer = client.read_until("}").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), serde_json::from_str(body).unwrap())
}

async fn assert_refused(listener: &TestListener, bytes: impl AsRef<[u8]>, status: u16, detail: &str) {
    let shown = String::from_utf8_lossy(bytes.as_ref())
        .chars()
        .take(200)
        .collect::<String>();
    let (head, problem) = ask(listener, bytes).await;
    assert!(head.starts_with(&format!("http/1.1 {status} ")), "{shown}: {head}");
    assert!(
        head.contains("content-type: application/problem+json"),
        "{shown}: {head}"
    );
    let id = problem["request_id"].as_str().unwrap();
    assert!(head.contains(&format!("x-request-id: {id}")), "{shown}: {head}");
    assert_eq!(problem["status"], status, "{shown}");
    assert!(
        problem["detail"].as_str().unwrap().contains(detail),
        "{shown}: {problem}"
    );
}

#[tokio::test]
async fn host_is_required_once() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let get = "GET /v1/tenants/t/leads HTTP/1.1\r\n";
    assert_refused(&listener, format!("{get}\r\n"), 400, "needs a Host").await;
    assert_refused(
        &listener,
        format!("{get}host: x\r\nHOST: x\r\n\r\n"),
        400,
        "more than one Host",
    )
    .await;
    assert_refused(&listener, format!("{get}host: a b\r\n\r\n"), 400, "must be a host name").await;
    assert_refused(&listener, "GET /healthz HTTP/1.1\r\n\r\n", 400, "needs a Host").await;
    for fine in ["HTTP/1.1\r\nhost: x:8080", "HTTP/1.1\r\nhost:", "HTTP/1.0\r\nx: y"] {
        let mut client = listener.connect().await;
        client.send(format!("GET /healthz {fine}\r\n\r\n")).await;
        let answer = client.read_until("ok\n").await;
        assert!(answer.contains(" 200 OK"), "{fine}: {answer}");
    }
    test.finish().await;
}

#[tokio::test]
async fn chunked_is_the_only_coding() {
    let test = TestNode::start().await;
    let listener = test.listen(limits()).await;
    let post = "POST /v1/tenants/dwarka-homes/leads HTTP/1.1\r\nhost: x\r\n";
    for coding in [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
    ] {
        let request = format!("{post}{coding}\r\n2\r\n{{}}\r\n0\r\n\r\n");
        assert_refused(&listener, request, 501, "must be `chunked`").await;
    }
    test.finish().await;
}

#[tokio::test]
async fn what_misses_a_status_says_no_call() {
    let test = TestNode::start().await;
    let listener = test.listen(limits()).await;
    let status = "/v1/tenants/dwarka-homes/leads/L/status";
    for (request, expected) in [
        (
            format!("POST {status} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"),
            405,
        ),
        (format!("GET /{status} HTTP/1.1\r\nhost: x\r\n\r\n"), 404),
        (format!("GET {status}/ HTTP/1.1\r\nhost: x\r\n\r\n"), 404),
        (format!("GET {status} HTTP/1.1\r\n\r\n"), 400),
        (format!("GET {status} HTTP/1.1\r\nhost : x\r\n\r\n"), 400),
        (format!("GET {status} HTTP/1.1\r\nhost: x\r\n\r\n"), 401),
    ] {
        let (head, problem) = ask(&listener, &request).await;
        assert!(head.starts_with(&format!("http/1.1 {expected} ")), "{request}: {head}");
        assert_eq!(problem["callable"], false, "{request}");
    }
    test.finish().await;
}

#[tokio::test]
async fn two_lengths_are_refused() {
    let test = TestNode::start().await;
    let listener = test.listen(limits()).await;
    let post = "POST /v1/tenants/dwarka-homes/leads HTTP/1.1\r\nhost: x\r\n";
    let (length, coding) = ("content-length: 2\r\n", "transfer-encoding: chunked\r\n");
    for lengths in [[length, coding], [coding, length]] {
        let request = format!("{post}{}\r\n2\r\n{{}}\r\n0\r\n\r\n", lengths.concat());
        assert_refused(&listener, &request, 400, "both Content-Length and Transfer-Encoding").await;
        // And behind another request in the same packet.
        let first = format!("{post}content-length: 2\r\n\r\n{{}}");
        let mut client = listener.connect().await;
        client.send(format!("{first}{request}")).await;
        let answers = client.read_to_close().await;
        assert!(answers.contains("both Content-Length"), "{answers}");
    }
    for lengths in [
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2, 2\r\n",
        "content-length: x\r\n",
    ] {
        assert_refused(&listener, format!("{post}{lengths}\r\n{{}}"), 400, "not valid HTTP").await;
    }
    test.finish().await;
}

#[tokio::test]
async fn unreadable_heads_get_a_problem() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let many = "x: 1\r\n".repeat(101);
    let long = "y".repeat(33 * 1024);
    let path = "z".repeat(70_000);
    for (bytes, status, detail) in [
        ("\u{16}\u{3}\u{1} hello\r\n\r\n".to_owned(), 400, "not valid HTTP"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".into(), 400, "not valid HTTP"),
        ("GET / HTTP/1.1\r\nhost : x\r\n\r\n".into(), 400, "not valid HTTP"),
        ("GET / HTTP/3.7\r\n\r\n".into(), 400, "not valid HTTP"),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), 431, "more headers"),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n"),
            431,
            "more headers",
        ),
        (format!("GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n"), 431, "more headers"),
    ] {
        assert_refused(&listener, bytes, status, detail).await;
    }
    test.finish().await;
}

#[tokio::test]
async fn bad_percent_encoding_is_a_400() {
    let test = TestNode::start().await;
    let get = async |path: &str| test.get(path).await.expect(400);
    for path in [
        "/v1/tenants/dwarka-homes/leads/%zz/status",
        "/v1/tenants/dwarka-homes/leads/a%2/status",
        "/v1/tenants/dwarka-homes/leads/a/status?x=%",
    ] {
        let answer = get(path).await;
        assert!(answer.member("detail").contains("two hex digits"), "{}", answer.text);
        assert_eq!(answer.json()["callable"], false, "{path}");
    }
    for path in [
        "/%zz",
        "/v1/tenants/dwarka-homes/leads?after=%zz",
        "/v1/tenants/%zz/leads",
    ] {
        assert!(get(path).await.member("detail").contains("two hex digits"), "{path}");
    }
    let request = http::Request::get("/v1/deliveries?after=%zz")
        .body(Body::empty())
        .unwrap();
    let answer = test.admin(request).await.expect(400);
    assert!(answer.member("detail").contains("two hex digits"), "{}", answer.text);
    test.finish().await;
}

#[tokio::test]
async fn queries_are_refused_in_plain_words() {
    let test = TestNode::start().await;
    for query in ["limit=x", "limit=1&limit=2", "more=1"] {
        let answer = test
            .get(&format!("/v1/tenants/dwarka-homes/leads?{query}"))
            .await
            .expect(400);
        let detail = answer.member("detail");
        assert!(
            detail.contains("`after`") && !detail.to_lowercase().contains("deserialize"),
            "{detail}"
        );
    }
    test.finish().await;
}

/// A disposition with a header of its own.
async fn report(test: &TestNode, name: &'static str, value: &str) -> TestResponse {
    let body = minimal_disposition("C-1", "no_answer").to_string();
    let path = "/v1/tenants/dwarka-homes/leads/L/disposition";
    let mut request = test.request(Method::POST, path, body.into());
    request.headers_mut().insert(name, value.parse().unwrap());
    test.public(request).await
}

#[tokio::test]
async fn other_encodings_are_a_415() {
    let test = TestNode::start().await;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-encoding", "identity, br"),
        ("content-type", "application/json; charset=utf-16"),
        ("content-type", "application/json;charset=\"ISO-8859-1\""),
    ] {
        let answer = report(&test, name, value).await.expect(415);
        assert_eq!(answer.member("type"), "urn:jackfield:problem:unsupported-media");
        assert_eq!(answer.headers["accept-encoding"], "identity");
        let lead = lead_created("L-1", "K-1").to_string();
        let mut webhook = test.signed("dwarka-homes", "m-1", lead.as_bytes());
        webhook.headers_mut().insert(name, value.parse().unwrap());
        let _ = test.public(webhook).await.expect(415);
    }
    assert!(test.store().queue_depth().await.unwrap().is_empty());
    // A wish not to be called that can be read is heard all the same.
    let path = "/v1/tenants/dwarka-homes/leads/L/disposition";
    let wish = minimal_disposition("C-2", "dnc_requested").to_string();
    let mut request = test.request(Method::POST, path, wish.into());
    let latin = "application/json; charset=ISO-8859-1";
    request.headers_mut().insert("content-type", latin.parse().unwrap());
    let answer = test.public(request).await.expect(415);
    assert_eq!(answer.json()["do_not_call_recorded"], true, "{}", answer.text);
    // An adapter reads its CRM's charset itself.
    let mut webhook = test.signed("saket-estates", "m-2", groundwork_webhook("G-1").as_bytes());
    let latin = "application/x-www-form-urlencoded; charset=ISO-8859-1";
    webhook.headers_mut().insert("content-type", latin.parse().unwrap());
    let _ = test.public(webhook).await.expect(202);
    test.work().await;
    test.finish().await;
}
