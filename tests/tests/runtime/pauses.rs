//! Rate limits in the CRM's headers: the host obeys them, whatever the adapter does with them.

use std::time::Duration;

use jackfield_domain::delivery::failure::Failure;
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, id, keystone, without_reason, write_to};

/// A server that answers with a status, headers and the body of a successful write.
async fn answering(status: u16, headers: &str) -> Server {
    let body = r#"{"id":"KC-9","call_id":"C-1"}"#;
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
    Server::start(move |_| Reply::Answer(answer.clone().into_bytes())).await
}

fn limited(seconds: Option<u64>) -> Failure {
    Failure::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    }
}

#[tokio::test]
async fn header_supplies_wait_the_adapter_omits() {
    // The clock stands at the beginning of 1970.
    for (headers, wait) in [
        ("", None),
        ("retry-after: soon\r\n", None),
        ("retry-after: Thu, 01 Jan 1970 00:01:30 GMT\r\n", Some(90)),
        ("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 45\r\n", Some(45)),
        ("ratelimit-reset: 99999999\r\n", Some(86_400)),
        // The adapter reads this one itself, and its value overrides the headers.
        (
            "retry-after: 7\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 45\r\n",
            Some(7),
        ),
    ] {
        let (test, server) = (TestRuntime::new(), answering(429, headers).await);
        let invocation = write_to(&keystone(&test, &server.origin).await, "KL-1").await;
        assert_eq!(invocation.outcome, Err(limited(wait)), "{headers}");
        let pause = invocation.pause_until.map(|until| until.as_second().unsigned_abs());
        assert_eq!(pause, wait, "{headers}");
    }
}

#[tokio::test]
async fn exhausted_quota_pauses_the_next_write() {
    // A write that used up the quota is committed, and pauses the next one.
    let test = TestRuntime::new();
    let quota = "X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30\r\n";
    let server = answering(200, quota).await;
    let invocation = write_to(&keystone(&test, &server.origin).await, "KL-1").await;
    assert_eq!(invocation.outcome, Ok("KC-9".into()));
    assert_eq!(invocation.pause_until, Some(Timestamp::from_second(30).unwrap()));

    let server = answering(200, &quota.replace("Remaining: 0", "Remaining: 1")).await;
    let invocation = write_to(&keystone(&test, &server.origin).await, "KL-1").await;
    assert_eq!(invocation.pause_until, None);
}

#[tokio::test]
async fn maintenance_answer_pauses_the_crm() {
    let (test, server) = (TestRuntime::new(), answering(503, "Retry-After: 120\r\n").await);
    let loaded = keystone(&test, &server.origin).await;
    let invocation = loaded.query_status(&id("KL-1")).await;
    assert_eq!(without_reason(invocation.outcome), Err(Failure::Unavailable(None)));
    assert_eq!(invocation.pause_until, Some(Timestamp::from_second(120).unwrap()));
}
