//! From where a tenant takes requests, and who is believed about where that is.

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jackfield_tests::documents::lead_created;
use jackfield_tests::node::TestNode;

use crate::rates::from;

/// A host with a list for each party of a tenant.
async fn listed() -> TestNode {
    let test = TestNode::start().await;
    let lists = "[ingress]\nallow = [\"203.0.113.0/24\", \"2001:db8::/32\"]\nagent_allow = [\"198.51.100.7\"]";
    test.apply(&test.dwarka(lists)).await;
    test
}

fn forwarded(mut request: Request<Body>, headers: &[&'static str]) -> Request<Body> {
    for header in headers {
        request
            .headers_mut()
            .append("x-forwarded-for", HeaderValue::from_static(header));
    }
    request
}

#[tokio::test]
async fn a_webhook_is_taken_from_the_crms_addresses_and_nobody_elses() {
    let test = listed().await;
    // The peer is a trusted proxy where it begins with 127.9.
    for (n, (peer, headers, status)) in [
        ("203.0.113.7", vec![], 202),
        ("::ffff:203.0.113.7", vec![], 202),
        ("2001:db8:1::7", vec![], 202),
        ("192.0.2.1", vec![], 401),
        ("198.51.100.7", vec![], 401),
        ("127.9.0.1", vec!["203.0.113.7"], 202),
        ("127.9.0.1", vec!["192.0.2.1", "203.0.113.7"], 202),
        ("127.9.0.1", vec!["203.0.113.7:50000, 127.9.0.2"], 202),
        ("127.9.0.1", vec!["192.0.2.1"], 401),
        // Whatever a client writes itself stands before what the proxy saw.
        ("127.9.0.1", vec!["203.0.113.7, 192.0.2.1"], 401),
        ("127.9.0.1", vec!["203.0.113.7", "192.0.2.1"], 401),
        ("127.9.0.1", vec!["203.0.113.7, unknown"], 401),
        ("127.9.0.1", vec![], 401),
        // Who is no proxy is not believed at all.
        ("192.0.2.1", vec!["203.0.113.7"], 401),
        ("127.0.0.1", vec!["203.0.113.7"], 401),
    ]
    .into_iter()
    .enumerate()
    {
        let body = lead_created(&format!("L-{n}"), &format!("K-{n}")).to_string();
        let webhook = test.signed("dwarka-homes", &format!("m-{n}"), body.as_bytes());
        let answer = test.public(from(peer, forwarded(webhook, &headers))).await;
        assert_eq!(answer.status.as_u16(), status, "{peer} {headers:?}: {}", answer.text);
        test.advance(std::time::Duration::from_secs(1));
    }
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn a_refused_address_looks_like_an_unknown_tenant_and_is_counted_apart() {
    let test = listed().await;
    let body = lead_created("L", "K").to_string();
    let mut answers = vec![];
    for tenant in ["dwarka-homes", "nobody"] {
        let answer = test
            .public(from("192.0.2.1", test.signed(tenant, "m", body.as_bytes())))
            .await
            .expect(401);
        let mut problem = answer.json();
        problem["request_id"] = "".into();
        answers.push((problem, answer.headers.len()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(
        test.metric("jackfield_refused_total{endpoint=\"leads\",reason=\"address\"}")
            .await,
        1
    );
    assert!(test.store().queue_depth().await.unwrap().is_empty());
    test.finish().await;
}

#[tokio::test]
async fn the_agent_has_a_list_of_its_own_and_a_tenant_without_lists_takes_all() {
    let test = listed().await;
    for (tenant, peer, status) in [
        ("dwarka-homes", "198.51.100.7", 200),
        ("dwarka-homes", "203.0.113.7", 401),
        ("saket-estates", "203.0.113.7", 200),
    ] {
        let request = test.request(Method::GET, &format!("/v1/tenants/{tenant}/leads"), Body::empty());
        let answer = test.public(from(peer, request)).await;
        assert_eq!(answer.status.as_u16(), status, "{tenant} {peer}");
    }
    assert_eq!(
        test.metric("jackfield_refused_total{endpoint=\"agent\",reason=\"address\"}")
            .await,
        1
    );
    let request = test.request(Method::GET, "/v1/tenants/dwarka-homes/leads", Body::empty());
    let _ = test.public(request).await.expect(401);
    test.finish().await;
}

#[tokio::test]
async fn a_list_that_is_wrong_is_refused_with_its_place_and_shown_by_a_dry_run() {
    let test = TestNode::start().await;
    let told = async |lists: &str| test.try_apply(&test.dwarka(lists)).await.unwrap_err();
    let error = format!("{:?}", told("[ingress]\nallow = []").await);
    assert!(error.contains("/ingress/allow"), "{error}");
    let error = told("[ingress]\nallow = [\"203.0.113.7/24\"]").await.to_string();
    assert!(error.contains("203.0.113.0/24"), "{error}");
    let lists = test.dwarka("[ingress]\nallow = [\"203.0.113.0/24\"]");
    let applied = test.node.rollout.apply(None, &lists, true).await.unwrap();
    let changes: Vec<_> = applied.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(changes, ["/ingress/allow/0"]);
    test.finish().await;
}
