//! Rate limits of addresses, agents and CRMs, in virtual time. A 429 means that nothing was stored.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use jackfield::observe::request::Peer;
use jackfield_tests::documents::{lead_created, minimal_disposition};
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::{ADDRESS_PER_SECOND, FAILURES_PER_SECOND, TestNode};
use jackfield_tests::response::TestResponse;

const ONE: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";
const PAUSE: Duration = Duration::from_secs(1);

/// The request as if it arrived over a connection from this address.
pub fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Peer(address.parse().unwrap()));
    request
}

fn with_token(token: &str, path: &str) -> Request<Body> {
    let request = Request::builder()
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

#[track_caller]
fn assert_limited(answer: &TestResponse, detail: &str) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.member("type"), "urn:jackfield:problem:rate-limited");
    assert!(answer.member("detail").contains(detail), "{}", answer.text);
}

/// Sends as many requests as an address may send in a second.
async fn exhaust(test: &TestNode, address: &str, path: &str) {
    for _ in 0..ADDRESS_PER_SECOND {
        let request = test.request(Method::GET, path, Body::empty());
        let _ = test.public(from(address, request)).await.expect(200);
    }
}

#[tokio::test]
async fn address_limit_affects_one_address_only() {
    let test = TestNode::start().await;
    let path = "/v1/tenants/dwarka-homes/leads";
    exhaust(&test, ONE, path).await;
    let ask = async |address| {
        let request = test.request(Method::GET, path, Body::empty());
        test.public(from(address, request)).await
    };
    assert_limited(&ask(ONE).await, "from this address");
    let _ = ask(OTHER).await.expect(200);
    assert_eq!(
        test.metric("jackfield_refused_total{endpoint=\"any\",reason=\"address-limit\"}")
            .await,
        1
    );
    test.advance(PAUSE);
    let _ = ask(ONE).await.expect(200);
    test.finish().await;
}

#[tokio::test]
async fn limited_status_query_is_not_callable() {
    let test = TestNode::start().await;
    exhaust(&test, ONE, "/v1/tenants/dwarka-homes/leads").await;
    let request = test.request(Method::GET, "/v1/tenants/dwarka-homes/leads/L/status", Body::empty());
    let answer = test.public(from(ONE, request)).await;
    assert_limited(&answer, "from this address");
    assert_eq!(answer.json()["callable"], false);
    test.finish().await;
}

#[tokio::test]
async fn limited_webhook_may_be_retried() {
    // A webhook over its address's limit is not stored, and may be sent again.
    let test = TestNode::start().await;
    exhaust(&test, ONE, "/v1/tenants/dwarka-homes/leads").await;
    let body = lead_created("L-1", "K-1").to_string();
    let webhook = || from(ONE, test.signed("dwarka-homes", "m-1", body.as_bytes()));
    assert_limited(&test.public(webhook()).await, "nothing was stored");
    assert!(test.store().queue_depth().await.unwrap().is_empty());
    test.advance(PAUSE);
    let _ = test.public(webhook()).await.expect(202);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn failures_have_a_tighter_limit() {
    // Requests that fail authentication have a tighter limit, and answers do not reveal which tenants exist.
    let test = TestNode::start().await;
    let unknown = "/v1/tenants/nobody/leads";
    let known = "/v1/tenants/dwarka-homes/leads";
    let forged = |path: &str| {
        let request = Request::builder().method(Method::POST).uri(path);
        request.header("webhook-id", "m").body(Body::from("{}")).unwrap()
    };
    for (n, path) in [unknown, known].into_iter().enumerate() {
        for (m, make) in [|path: &str| with_token("jfa_wrong", path), forged]
            .into_iter()
            .enumerate()
        {
            let address = format!("192.0.2.{}", 10 + 2 * n + m);
            for _ in 0..FAILURES_PER_SECOND {
                let answer = test.public(from(&address, make(path))).await.expect(401);
                assert_eq!(answer.member("type"), "urn:jackfield:problem:unauthorized");
            }
            assert_limited(&test.public(from(&address, make(path))).await, "without a valid token");
            test.advance(PAUSE);
            let _ = test.public(from(&address, make(path))).await.expect(401);
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn failures_do_not_limit_valid_requests() {
    let test = TestNode::start().await;
    let path = "/v1/tenants/dwarka-homes/leads";
    for _ in 0..=FAILURES_PER_SECOND {
        let _ = test.public(from(ONE, with_token("jfa_wrong", path))).await;
    }
    let request = test.request(Method::GET, path, Body::empty());
    let _ = test.public(from(ONE, request)).await.expect(200);
    let webhook = test.signed("dwarka-homes", "m-1", lead_created("L-1", "K-1").to_string().as_bytes());
    let _ = test.public(from(ONE, webhook)).await.expect(202);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn agent_and_crm_have_separate_limits() {
    // A tenant's agent and its CRM each have a limit of their own, and other tenants are not affected.
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[ingress]\nper_second = 2")).await;
    test.keystone.seed(KeystoneLead::new("L"));
    for call in ["C-1", "C-2"] {
        let _ = test
            .dispose("dwarka-homes", "L", &minimal_disposition(call, "no_answer"))
            .await
            .expect(202);
    }
    let answer = test
        .dispose("dwarka-homes", "L", &minimal_disposition("C-3", "no_answer"))
        .await;
    assert_limited(&answer, "of this tenant");
    let answer = test.status("dwarka-homes", "L").await;
    assert_limited(&answer, "of this tenant");
    assert_eq!(answer.json()["callable"], false);
    assert_eq!(
        test.metric("jackfield_refused_total{endpoint=\"agent\",reason=\"tenant-limit\"}")
            .await,
        2
    );
    let _ = test.get("/v1/tenants/saket-estates/leads").await.expect(200);

    for n in 1..=2 {
        let body = lead_created(&format!("L-{n}"), &format!("K-{n}")).to_string();
        let _ = test
            .webhook("dwarka-homes", &format!("m-{n}"), body.as_bytes())
            .await
            .expect(202);
    }
    let body = lead_created("L-3", "K-3").to_string();
    assert_limited(
        &test.webhook("dwarka-homes", "m-3", body.as_bytes()).await,
        "of this tenant",
    );
    let accepted: u64 = test
        .store()
        .queue_depth()
        .await
        .unwrap()
        .iter()
        .map(|waiting| waiting.count)
        .sum();
    assert_eq!(
        accepted, 4,
        "two dispositions and two leads, and nothing that was refused"
    );

    test.advance(PAUSE);
    let _ = test
        .dispose("dwarka-homes", "L", &minimal_disposition("C-3", "no_answer"))
        .await
        .expect(202);
    let _ = test.webhook("dwarka-homes", "m-3", body.as_bytes()).await.expect(202);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn forged_requests_use_no_tenant_limit() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[ingress]\nper_second = 1")).await;
    let path = "/v1/tenants/dwarka-homes/leads";
    for _ in 0..5 {
        let _ = test.public(with_token("jfa_wrong", path)).await.expect(401);
    }
    let _ = test.get(path).await.expect(200);
    test.finish().await;
}
