//! Source addresses: where a tenant accepts requests from, and which proxies are trusted.

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jackfield_tests::documents::lead_created;
use jackfield_tests::node::TestNode;

use super::rates::from;

/// A host whose tenant has an allow-list for its CRM and one for its agent.
async fn node_with_lists() -> TestNode {
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
async fn webhooks_need_an_allowed_address() {
    let test = node_with_lists().await;
    // Peers in 127.9.0.0/16 are trusted proxies.
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
        // A client's own header comes before the address that the proxy saw.
        ("127.9.0.1", vec!["203.0.113.7, 192.0.2.1"], 401),
        ("127.9.0.1", vec!["203.0.113.7", "192.0.2.1"], 401),
        ("127.9.0.1", vec!["203.0.113.7, unknown"], 401),
        ("127.9.0.1", vec![], 401),
        // The header of an untrusted peer is ignored.
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
async fn refused_address_looks_like_no_tenant() {
    // A refused address gets the same answer as an unknown tenant, but the metric counts it separately.
    let test = node_with_lists().await;
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
async fn agent_has_its_own_list() {
    // The agent has its own list, and a tenant without lists accepts every address.
    let test = node_with_lists().await;
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
async fn invalid_list_is_refused_with_a_pointer() {
    // An invalid list is refused with a pointer to it; a dry run shows the changes of a valid one.
    let test = TestNode::start().await;
    let apply_error = async |lists: &str| test.try_apply(&test.dwarka(lists)).await.unwrap_err();
    let error = format!("{:?}", apply_error("[ingress]\nallow = []").await);
    assert!(error.contains("/ingress/allow"), "{error}");
    let error = apply_error("[ingress]\nallow = [\"203.0.113.7/24\"]").await.to_string();
    assert!(error.contains("203.0.113.0/24"), "{error}");
    let lists = test.dwarka("[ingress]\nallow = [\"203.0.113.0/24\"]");
    let applied = test.node.rollout.apply(None, &lists, true).await.unwrap();
    let changes: Vec<_> = applied.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(changes, ["/ingress/allow/0"]);
    test.finish().await;
}
