//! Slow clients are cut off, each when its time is over and not before, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http_body_util::BodyExt as _;
use jackfield::request::BodyError;
use jackfield_clock::{Clock as _, after};
use jackfield_tests::listener::{RawClient, TestListener, limits};
use jackfield_tests::node::TestNode;

const SECOND: Duration = Duration::from_secs(1);
const DISPOSITION: &str = "POST /v1/tenants/dwarka-homes/leads/L/disposition HTTP/1.1\r\nhost: x\r\n";

/// A host without tenants and its front door.
async fn door() -> (TestNode, TestListener) {
    let test = TestNode::empty().await;
    let door = test.listen(limits()).await;
    (test, door)
}

async fn cut(test: &TestNode, reason: &str) -> u64 {
    let name = format!("jackfield_connections_cut_total{{listener=\"public\",reason=\"{reason}\"}}");
    test.metric(&name).await
}

async fn connections(test: &TestNode, count: u64) {
    test.wait_for_metric("jackfield_connections{listener=\"public\"}", count)
        .await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut_off() {
    let (test, door) = door().await;
    let (silent, mut late) = (door.connect().await, door.connect().await);
    connections(&test, 2).await;
    test.advance(9 * SECOND);
    assert!(late.is_answered().await);
    test.advance(SECOND);
    assert_eq!(silent.read_to_close().await, "");
    assert!(late.is_answered().await, "who has been served once has longer");
    connections(&test, 1).await;
    assert_eq!(cut(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_however_steadily_it_drips() {
    let (test, door) = door().await;
    let mut dripping = door.connect().await;
    connections(&test, 1).await;
    for byte in b"GET /healt" {
        dripping.send([*byte]).await;
        test.advance(SECOND);
    }
    assert_eq!(dripping.read_to_close().await, "");
    connections(&test, 0).await;
    assert_eq!(cut(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn a_second_head_that_drips_is_cut_off_ten_seconds_after_its_first_byte() {
    let (test, door) = door().await;
    let mut client = door.connect().await;
    assert!(client.is_answered().await);
    test.advance(60 * SECOND);
    client.send("GET /he").await;
    test.wait_for_timer(after(test.clock.now(), 10 * SECOND)).await;
    test.advance(9 * SECOND);
    client.send("alt").await;
    test.advance(SECOND);
    assert_eq!(client.read_to_close().await, "");
    assert_eq!(cut(&test, "head").await, 1);
    test.finish().await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_and_then_closed_in_order() {
    let (test, door) = door().await;
    let mut client = door.connect().await;
    assert!(client.is_answered().await);
    test.advance(74 * SECOND);
    assert!(client.is_answered().await);
    test.advance(75 * SECOND);
    assert_eq!(client.read_to_close().await, "");
    connections(&test, 0).await;
    assert_eq!(cut(&test, "idle").await, 1);
    test.finish().await;
}

async fn posting(test: &TestNode, door: &TestListener, length: usize) -> RawClient {
    let mut client = door.connect().await;
    let token = test.request(http::Method::POST, "/v1/tenants/dwarka-homes/", Body::empty());
    let token = token.headers()["authorization"].to_str().unwrap();
    let head = format!("{DISPOSITION}authorization: {token}\r\ncontent-length: {length}\r\n\r\n");
    client.send(head).await;
    client
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408_and_the_connection_closed() {
    let (test, door) = door().await;
    let client = posting(&test, &door, 100).await;
    test.wait_for_timer(after(test.clock.now(), 5 * SECOND)).await;
    test.advance(5 * SECOND);
    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:jackfield:problem:too-slow"), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_one_that_keeps_its_pace_is_taken() {
    let (test, door) = door().await;
    let began = test.clock.now();
    let mut dripping = posting(&test, &door, 100).await;
    test.wait_for_timer(after(began, 5 * SECOND)).await;
    let mut steady = posting(&test, &door, 8 * 1024).await;
    for second in 1..=4 {
        dripping.send("x").await;
        steady.send([b'x'; 2048]).await;
        test.advance(SECOND);
        assert_eq!(test.clock.now(), after(began, second * SECOND));
    }
    // Not JSON, but whole: it was read.
    let answer = steady.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("not JSON"), "{answer}");
    test.advance(SECOND);
    let answer = dripping.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn no_body_takes_longer_than_a_body_may_at_any_pace() {
    let test = TestNode::empty().await;
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let counting = Router::new().fallback(async move |mut body: Body| {
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => counted.fetch_add(frame.data_ref().unwrap().len(), Ordering::SeqCst),
                Err(error) => return format!("{:?}", BodyError::within(&error)),
            };
        }
        "whole".into()
    });
    let door = test.listen_with(counting, limits()).await;
    let mut client = door.connect().await;
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
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let test = TestNode::empty().await;
    let large = Router::new().route("/", get(async || vec![b'x'; 16 * 1024 * 1024]));
    let door = test.listen_with(large, limits()).await;
    let mut client = door.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let began = test.clock.now();
    // What fits into the buffers of the sockets comes; then the host can only wait.
    client.0.readable().await.unwrap();
    test.advance(75 * SECOND);
    test.wait_for_timer(after(began, 80 * SECOND)).await;
    test.advance(5 * SECOND);
    connections(&test, 0).await;
    assert_eq!(cut(&test, "idle").await, 1);
    assert!(client.read_to_close().await.len() < 16 * 1024 * 1024);
    test.finish().await;
}

#[tokio::test]
async fn a_client_that_stops_sending_in_the_middle_of_a_head_is_let_go_at_once() {
    let (test, door) = door().await;
    let mut client = door.connect().await;
    client.send("GET /healthz HTTP/1.1\r\nho").await;
    connections(&test, 1).await;
    tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
    connections(&test, 0).await;
    test.finish().await;
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_does_not_wait_for_who_says_nothing() {
    let (test, door) = door().await;
    let began = test.clock.now();
    let (mut idle, mut dripping) = (door.connect().await, door.connect().await);
    assert!(idle.is_answered().await && dripping.is_answered().await);
    dripping.send("GET /heal").await;
    let mut posting = posting(&test, &door, 2).await;
    test.wait_for_timer(after(began, 5 * SECOND)).await;
    door.stop();
    assert_eq!(idle.read_to_close().await, "");
    assert_eq!(dripping.read_to_close().await, "");
    assert!(!door.has_stopped());
    posting.send("{}").await;
    let answer = posting.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    let address = door.address;
    door.wait_stopped().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    test.finish().await;
}

#[tokio::test]
async fn a_drain_does_not_wait_long_for_an_answer_to_be_read() {
    let test = TestNode::empty().await;
    let large = Router::new().route("/", get(async || vec![b'x'; 16 * 1024 * 1024]));
    let door = test.listen_with(large, limits()).await;
    let mut client = door.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.0.readable().await.unwrap();
    door.stop();
    test.wait_for_timer(after(test.clock.now(), 5 * SECOND)).await;
    assert!(!door.has_stopped());
    test.advance(5 * SECOND);
    door.wait_stopped().await;
    assert_eq!(cut(&test, "closing").await, 1);
    test.finish().await;
}
