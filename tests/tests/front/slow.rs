//! Slow clients are disconnected when they exceed a time limit, and not earlier, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http_body_util::BodyExt as _;
use jackfield::observe::request::BodyError;
use jackfield_clock::{Clock as _, after};
use jackfield_tests::listener::{RawClient, TestListener, limits};
use jackfield_tests::node::TestNode;

const SECOND: Duration = Duration::from_secs(1);
const DISPOSITION: &str = "POST /v1/tenants/dwarka-homes/leads/L/disposition HTTP/1.1\r\nhost: x\r\n";

/// A host without tenants and its public listener.
async fn public_listener() -> (TestNode, TestListener) {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    (test, listener)
}

async fn timed_out(test: &TestNode, reason: &str) -> u64 {
    let name = format!("jackfield_connections_cut_total{{listener=\"public\",reason=\"{reason}\"}}");
    test.metric(&name).await
}

async fn wait_for_connections(test: &TestNode, count: u64) {
    test.wait_for_metric("jackfield_connections{listener=\"public\"}", count)
        .await;
}

#[tokio::test]
async fn silent_client_is_disconnected() {
    let (test, listener) = public_listener().await;
    let (silent, mut late) = (listener.connect().await, listener.connect().await);
    wait_for_connections(&test, 2).await;
    test.advance(9 * SECOND);
    assert!(late.is_answered().await);
    test.advance(SECOND);
    assert_eq!(silent.read_to_close().await, "");
    assert!(late.is_answered().await, "a client that was served once has more time");
    wait_for_connections(&test, 1).await;
    assert_eq!(timed_out(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn dripping_head_is_disconnected() {
    let (test, listener) = public_listener().await;
    let mut dripping = listener.connect().await;
    wait_for_connections(&test, 1).await;
    for byte in b"GET /healt" {
        dripping.send([*byte]).await;
        test.advance(SECOND);
    }
    assert_eq!(dripping.read_to_close().await, "");
    wait_for_connections(&test, 0).await;
    assert_eq!(timed_out(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn dripping_second_head_is_disconnected() {
    // A client that does not finish a second head is disconnected ten seconds after the head's first byte.
    let (test, listener) = public_listener().await;
    let mut client = listener.connect().await;
    assert!(client.is_answered().await);
    test.advance(60 * SECOND);
    client.send("GET /he").await;
    test.wait_for_timer(after(test.clock.now(), 10 * SECOND)).await;
    test.advance(9 * SECOND);
    client.send("alt").await;
    test.advance(SECOND);
    assert_eq!(client.read_to_close().await, "");
    assert_eq!(timed_out(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn idle_connection_is_kept_then_closed() {
    let (test, listener) = public_listener().await;
    let mut client = listener.connect().await;
    assert!(client.is_answered().await);
    test.advance(74 * SECOND);
    assert!(client.is_answered().await);
    test.advance(75 * SECOND);
    assert_eq!(client.read_to_close().await, "");
    wait_for_connections(&test, 0).await;
    assert_eq!(timed_out(&test, "idle").await, 1);
    test.finish().await;
}

async fn start_post(test: &TestNode, listener: &TestListener, length: usize) -> RawClient {
    let mut client = listener.connect().await;
    let token = test.request(http::Method::POST, "/v1/tenants/dwarka-homes/", Body::empty());
    let token = token.headers()["authorization"].to_str().unwrap();
    let head = format!("{DISPOSITION}authorization: {token}\r\ncontent-length: {length}\r\n\r\n");
    client.send(head).await;
    client
}

#[tokio::test]
async fn missing_body_is_a_408() {
    let (test, listener) = public_listener().await;
    let client = start_post(&test, &listener, 100).await;
    test.wait_for_timer(after(test.clock.now(), 5 * SECOND)).await;
    test.advance(5 * SECOND);
    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:jackfield:problem:too-slow"), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn only_a_dripping_body_is_a_408() {
    let (test, listener) = public_listener().await;
    let started_at = test.clock.now();
    let mut dripping = start_post(&test, &listener, 100).await;
    test.wait_for_timer(after(started_at, 5 * SECOND)).await;
    let mut steady = start_post(&test, &listener, 8 * 1024).await;
    for second in 1..=4 {
        dripping.send("x").await;
        steady.send([b'x'; 2048]).await;
        test.advance(SECOND);
        assert_eq!(test.clock.now(), after(started_at, second * SECOND));
    }
    // Not JSON, but read to its end.
    let answer = steady.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("not JSON"), "{answer}");
    test.advance(SECOND);
    let answer = dripping.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn no_body_may_exceed_the_body_timeout() {
    let test = TestNode::empty().await;
    let read = Arc::new(AtomicUsize::new(0));
    let total = Arc::clone(&read);
    let reader = Router::new().fallback(async move |mut body: Body| {
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => total.fetch_add(frame.data_ref().unwrap().len(), Ordering::SeqCst),
                Err(error) => return format!("{:?}", BodyError::within(&error)),
            };
        }
        "whole".into()
    });
    let listener = test.listen_with(reader, limits()).await;
    let mut client = listener.connect().await;
    client
        .send("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000000\r\n\r\n")
        .await;
    for second in 1..=30 {
        client.send(vec![b'x'; 10 * 1024]).await;
        while read.load(Ordering::SeqCst) < second * 10 * 1024 {
            tokio::task::yield_now().await;
        }
        test.advance(SECOND);
    }
    let answer = client.read_to_close().await;
    assert!(answer.ends_with("Some(TooSlow)"), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn client_that_never_reads_is_disconnected() {
    let test = TestNode::empty().await;
    let large = Router::new().route("/", get(async || vec![b'x'; 16 * 1024 * 1024]));
    let listener = test.listen_with(large, limits()).await;
    let mut client = listener.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let started_at = test.clock.now();
    // The sockets' buffers fill up; then the host can only wait.
    client.0.readable().await.unwrap();
    test.advance(75 * SECOND);
    test.wait_for_timer(after(started_at, 80 * SECOND)).await;
    test.advance(5 * SECOND);
    wait_for_connections(&test, 0).await;
    assert_eq!(timed_out(&test, "idle").await, 1);
    assert!(client.read_to_close().await.len() < 16 * 1024 * 1024);
    test.finish().await;
}

#[tokio::test]
async fn half_closed_head_ends_the_connection() {
    let (test, listener) = public_listener().await;
    let mut client = listener.connect().await;
    client.send("GET /healthz HTTP/1.1\r\nho").await;
    wait_for_connections(&test, 1).await;
    tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
    wait_for_connections(&test, 0).await;
    test.finish().await;
}

#[tokio::test]
async fn drain_does_not_wait_for_idle_clients() {
    // A drain lets requests finish, and does not wait for idle connections or unfinished heads.
    let (test, listener) = public_listener().await;
    let started_at = test.clock.now();
    let (mut idle, mut dripping) = (listener.connect().await, listener.connect().await);
    assert!(idle.is_answered().await && dripping.is_answered().await);
    dripping.send("GET /heal").await;
    let mut post = start_post(&test, &listener, 2).await;
    test.wait_for_timer(after(started_at, 5 * SECOND)).await;
    listener.stop();
    assert_eq!(idle.read_to_close().await, "");
    assert_eq!(dripping.read_to_close().await, "");
    assert!(!listener.has_stopped());
    post.send("{}").await;
    let answer = post.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    let address = listener.address;
    listener.wait_stopped().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    test.finish().await;
}

#[tokio::test]
async fn drain_waits_briefly_for_unread_answers() {
    let test = TestNode::empty().await;
    let large = Router::new().route("/", get(async || vec![b'x'; 16 * 1024 * 1024]));
    let listener = test.listen_with(large, limits()).await;
    let mut client = listener.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.0.readable().await.unwrap();
    listener.stop();
    test.wait_for_timer(after(test.clock.now(), 5 * SECOND)).await;
    assert!(!listener.has_stopped());
    test.advance(5 * SECOND);
    listener.wait_stopped().await;
    assert_eq!(timed_out(&test, "closing").await, 1);
    test.finish().await;
}
