//! The description of the public API: everybody can read it, and its examples are accepted.

use axum::body::Body;
use http::{Method, Request};
use jackfield_tests::api_description::ApiDescription;
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::TestNode;
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";

#[tokio::test]
async fn anybody_can_read_the_description() {
    let test = TestNode::start().await;
    let request = |method| {
        let request = Request::builder().method(method).uri("/v1/openapi.json");
        request.body(Body::empty()).unwrap()
    };
    let answer = test.public(request(Method::GET)).await.expect(200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    assert_eq!(&answer.json(), ApiDescription::get().json());
    let head = test.public(request(Method::HEAD)).await.expect(200);
    assert_eq!(head.headers["content-length"], answer.headers["content-length"]);
    assert_eq!(head.text, "");
    let missing = test.get("/v1/openapi").await.expect(404);
    assert!(
        missing.member("detail").contains("/v1/openapi.json"),
        "{}",
        missing.text
    );
    test.finish().await;
}

/// The example in the schema of a document.
fn example(document: &str) -> Value {
    ApiDescription::get().json()["components"]["schemas"][document]["examples"][0].clone()
}

#[tokio::test]
async fn described_examples_are_accepted() {
    let test = TestNode::start().await;
    let lead = example("LeadDocument");
    let id = lead["lead"]["id"].as_str().unwrap();
    test.keystone.seed(KeystoneLead::new(id));
    let _ = test
        .webhook(TENANT, "msg_1", lead.to_string().as_bytes())
        .await
        .expect(202);
    let disposition = example("DispositionDocument");
    let _ = test.dispose(TENANT, id, &disposition).await.expect(202);
    test.work().await;
    assert_eq!(test.keystone.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn schema_and_host_refuse_the_same() {
    // What the schema can say of a field, the host says too. It says more: of two fields, of names, of time zones.
    let test = TestNode::start().await;
    let api = ApiDescription::get();
    let schema = &api.json()["components"]["schemas"]["DispositionDocument"];
    let edges = [
        ("/call_metadata/call_id", json!("x".repeat(201))),
        ("/call_metadata/duration_seconds", json!(86_401)),
        ("/call_metadata/duration_seconds", json!(0.5)),
        ("/call_metadata/recording_url", json!(7)),
        ("/qualification/outcome", json!(null)),
        ("/qualification/ai_intent_score", json!(-1)),
        ("/qualification/budget_max", json!(100_000_000_001_i64)),
        ("/qualification/loan_required", json!("yes")),
        ("/site_visit/time_slot", json!("9:00")),
        ("/site_visit", json!([])),
        ("/flags/language_used", json!("x".repeat(101))),
        ("/qualification", json!(null)),
    ];
    for (pointer, value) in edges {
        let mut document = example("DispositionDocument");
        *document.pointer_mut(pointer).unwrap() = value;
        assert!(api.conforms(schema, &document, false).is_err(), "{pointer}");
        let answer = test.dispose(TENANT, "L-1", &document).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    test.finish().await;
}
