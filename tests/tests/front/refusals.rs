//! Webhooks that are refused: the sender learns little, the operator enough.

use axum::body::Body;
use http::{Method, Request};
use jackfield_tests::documents::lead_created;
use jackfield_tests::node::TestNode;

async fn refused(test: &TestNode, tenant: &str, reason: &str) -> u64 {
    let name = format!("jackfield_webhooks_refused_total{{tenant=\"{tenant}\",reason=\"{reason}\"}}");
    test.metric(&name).await
}

#[tokio::test]
async fn refusals_are_counted_by_tenant() {
    let test = TestNode::start().await;
    let lead = lead_created("L-1", "K-1").to_string();
    let webhook = || test.signed("dwarka-homes", "m-1", lead.as_bytes());
    let mut unsigned = webhook();
    let _ = unsigned.headers_mut().remove("webhook-signature");
    let mut forged = webhook();
    forged
        .headers_mut()
        .insert("webhook-signature", "v1,AAAA".parse().unwrap());
    let mut other = webhook();
    *other.body_mut() = Body::from("{}");
    for (request, reason) in [
        (unsigned, "missing-header"),
        (forged, "malformed-header"),
        (other, "no-match"),
    ] {
        let answer = test.public(request).await.expect(401);
        assert!(!answer.text.contains(reason), "{}", answer.text);
        assert_eq!(refused(&test, "dwarka-homes", reason).await, 1, "{reason}");
    }
    let old = webhook();
    test.advance(std::time::Duration::from_mins(10));
    let _ = test.public(old).await.expect(401);
    assert_eq!(refused(&test, "dwarka-homes", "stale-timestamp").await, 1);
    let invalid = test.signed("dwarka-homes", "m-2", b"{\"lead\":{}}");
    let _ = test.public(invalid).await.expect(422);
    assert_eq!(refused(&test, "dwarka-homes", "invalid").await, 1);

    // A name that somebody made up is no label.
    for n in 0..5 {
        let path = format!("/v1/tenants/made-up-{n}/leads");
        let request = Request::builder().method(Method::POST).uri(path);
        let _ = test.public(request.body(Body::from("{}")).unwrap()).await.expect(401);
        assert_eq!(refused(&test, &format!("made-up-{n}"), "no-tenant").await, 0);
    }
    test.finish().await;
}

#[tokio::test]
async fn forms_are_named_where_json_is_read() {
    let test = TestNode::start().await;
    for (kind, word) in [
        ("application/x-www-form-urlencoded", "cannot read forms"),
        ("multipart/form-data; boundary=x", "cannot read forms"),
        ("text/xml; charset=utf-8", "cannot read XML"),
        ("application/json", "is not JSON"),
    ] {
        let mut webhook = test.signed("dwarka-homes", "m-1", b"phone=%2B919800000000");
        webhook.headers_mut().insert("content-type", kind.parse().unwrap());
        let detail = test.public(webhook).await.expect(400).member("detail");
        assert!(detail.contains(word) && !detail.contains("9198"), "{detail}");
    }
    test.finish().await;
}
