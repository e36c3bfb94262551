//! The way back: review, edit, replay and discard, over the admin API.

use axum::body::Body;
use http::{Method, Request};
use jackfield::store::TokenPurpose;
use jackfield_tests::answer::Answer;
use jackfield_tests::documents::hung_up;
use jackfield_tests::fakes::GroundworkLead;
use jackfield_tests::node::TestNode;
use serde_json::{Value, json};

const TENANT: &str = "saket-estates";

/// Somebody of the platform team.
pub struct Operator(String);

impl Operator {
    pub async fn of(test: &TestNode) -> Self {
        let (token, _) = test
            .node
            .tokens
            .create(TokenPurpose::Operator, "test".into())
            .await
            .unwrap();
        Self(token.expose().to_owned())
    }

    pub async fn ask(&self, test: &TestNode, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.0));
        let request = request.header("content-type", "application/json");
        test.admin(
            request
                .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
                .unwrap(),
        )
        .await
    }
}

async fn refused(test: &TestNode) -> String {
    test.groundwork.seed(GroundworkLead::new("L"));
    let long = "x".repeat(41);
    let id = test
        .dispose(TENANT, "L", &hung_up(&long, "no_answer"))
        .await
        .expect(202)
        .member("delivery");
    test.work().await;
    id
}

#[tokio::test]
async fn an_edit_is_checked_kept_apart_and_replayed() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("M"));
    let operator = Operator::of(&test).await;
    let mut said = hung_up("C-1", "qualified_visit_booked");
    said["site_visit"] =
        json!({"booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Mars/Olympus"});
    let id = test.dispose(TENANT, "M", &said).await.expect(202).member("delivery");
    test.work().await;
    let listed = operator
        .ask(&test, Method::GET, "/v1/deliveries?state=review", None)
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["id"], id.as_str());

    let path = format!("/v1/deliveries/{id}/payload");
    let mut wrong = said.clone();
    wrong["call_metadata"]["call_id"] = "C-2".into();
    let _ = operator.ask(&test, Method::PUT, &path, Some(&wrong)).await.expect(422);
    said["site_visit"]["timezone"] = "Asia/Kolkata".into();
    let _ = operator.ask(&test, Method::PUT, &path, Some(&said)).await.expect(200);
    let replayed = operator
        .ask(
            &test,
            Method::POST,
            "/v1/deliveries/replay",
            Some(&json!({"ids": [id]})),
        )
        .await;
    assert_eq!(replayed.expect(200).json()["replayed"][0]["id"], id.as_str());
    test.work().await;
    assert_eq!(test.groundwork.stored()[0].get("visit_date"), "05/07/2026");
    test.finish().await;
}

#[tokio::test]
async fn a_discarded_delivery_is_over() {
    let test = TestNode::start().await;
    let operator = Operator::of(&test).await;
    let id = refused(&test).await;
    let path = format!("/v1/deliveries/{id}/discard");
    let _ = operator.ask(&test, Method::POST, &path, None).await.expect(200);
    let _ = operator.ask(&test, Method::POST, &path, None).await.expect(409);
    assert_eq!(test.delivery(TENANT, &id).await["state"], "discarded");
    assert_eq!(test.work().await, 0);
    test.finish().await;
}

#[tokio::test]
async fn the_admin_api_wants_an_operators_token() {
    let test = TestNode::start().await;
    for path in [
        "/v1/deliveries",
        "/v1/adapters",
        "/v1/tenants",
        "/v1/tokens",
        "/v1/alerts",
        "/v1/suppressions",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let _ = test.admin(request).await.expect(401);
        let agents = test.request(Method::GET, path, Body::empty());
        let _ = test.admin(agents).await.expect(401);
    }
    let operator = Operator::of(&test).await;
    let _ = operator.ask(&test, Method::GET, "/v1/adapters", None).await.expect(200);
    test.finish().await;
}
