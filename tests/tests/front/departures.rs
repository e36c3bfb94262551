//! Clients that stop sending, or go away, once their request is complete: what is accepted is the host's.

use std::pin::pin;

use axum::body::Body;
use futures_util::poll;
use http::{Method, Request};
use jackfield_tests::documents::{lead_created, minimal_disposition};
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::listener::{RawClient, limits};
use jackfield_tests::node::TestNode;
use tokio::io::AsyncWriteExt as _;
use tower::ServiceExt as _;

const LEADS: &str = "jackfield_accepted_total{tenant=\"dwarka-homes\",endpoint=\"leads\",repeat=\"false\"}";
const CALLS: &str = "jackfield_accepted_total{tenant=\"dwarka-homes\",endpoint=\"disposition\",repeat=\"false\"}";

/// The head and the body of a request, as HTTP/1.1 has them.
async fn raw(request: Request<Body>, chunked: bool) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    let mut text = format!("{} {} HTTP/1.1\r\nhost: x\r\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        text.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
    }
    if chunked {
        text + &format!(
            "transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    } else {
        text + &format!("content-length: {}\r\n\r\n{body}", body.len())
    }
}

/// Sends a request and nothing more, but listens.
async fn half_close(mut client: RawClient, request: &str) -> String {
    client.send(request).await;
    client.0.shutdown().await.unwrap();
    client.read_to_close().await
}

fn report(test: &TestNode, call: &str) -> Request<Body> {
    let body = minimal_disposition(call, "no_answer").to_string();
    test.request(
        Method::POST,
        "/v1/tenants/dwarka-homes/leads/L/disposition",
        body.into(),
    )
}

#[tokio::test]
async fn half_closed_requests_are_answered() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let listener = test.listen(limits()).await;
    for (n, chunked) in [false, true].into_iter().enumerate() {
        let lead = lead_created(&format!("L-{n}"), &format!("K-{n}")).to_string();
        let webhook = test.signed("dwarka-homes", &format!("m-{n}"), lead.as_bytes());
        let answer = half_close(listener.connect().await, &raw(webhook, chunked).await).await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        let call = report(&test, &format!("C-{n}"));
        let answer = half_close(listener.connect().await, &raw(call, chunked).await).await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
    let status = test.request(Method::GET, "/v1/tenants/dwarka-homes/leads/L/status", Body::empty());
    let answer = half_close(listener.connect().await, &raw(status, false).await).await;
    assert!(
        answer.contains("\"callable\": true") || answer.contains("\"callable\":true"),
        "{answer}"
    );
    assert_eq!((test.metric(LEADS).await, test.metric(CALLS).await), (2, 2));
    test.work().await;
    assert_eq!((test.agent.stored().len(), test.keystone.stored().len()), (2, 2));
    test.finish().await;
}

#[tokio::test]
async fn half_closed_body_is_a_400() {
    let test = TestNode::start().await;
    let listener = test.listen(limits()).await;
    let request = raw(report(&test, "C-1"), false).await;
    let answer = half_close(listener.connect().await, &request[..request.len() - 1]).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("broke off"),
        "{answer}"
    );
    test.finish().await;
}

#[tokio::test]
async fn work_of_departed_clients_is_done() {
    // The client goes away as soon as its request is read: it gets no answer, and everything else happens.
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let lead = lead_created("L-1", "K-1").to_string();
    for request in [
        test.signed("dwarka-homes", "m-1", lead.as_bytes()),
        report(&test, "C-1"),
    ] {
        let mut answer = pin!(test.node.public.clone().oneshot(request));
        assert!(poll!(&mut answer).is_pending());
    }
    test.wait_for_metric(LEADS, 1).await;
    test.wait_for_metric(CALLS, 1).await;
    test.work().await;
    assert_eq!((test.agent.stored().len(), test.keystone.stored().len()), (1, 1));
    test.node.requests.finish().await;
    test.finish().await;
}
