//! Review, edit, replay and discard, over the admin API.

use axum::body::Body;
use http::{Method, Request};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::GroundworkLead;
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use serde_json::json;

const TENANT: &str = "saket-estates";

async fn refused(test: &TestNode) -> String {
    test.groundwork.seed(GroundworkLead::new("L"));
    let long = "x".repeat(41);
    let id = test.accept(TENANT, "L", &minimal_disposition(&long, "no_answer")).await;
    test.work().await;
    id
}

#[tokio::test]
async fn edit_is_validated_and_replayed() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("M"));
    let operator = Operator::create(&test).await;
    let mut document = minimal_disposition("C-1", "qualified_visit_booked");
    document["site_visit"] =
        json!({"booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Mars/Olympus"});
    let id = test.accept(TENANT, "M", &document).await;
    test.work().await;
    let listed = operator
        .ask(&test, Method::GET, "/v1/deliveries?state=review", None)
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["id"], id.as_str());

    let path = format!("/v1/deliveries/{id}/payload");
    let mut wrong = document.clone();
    wrong["call_metadata"]["call_id"] = "C-2".into();
    let _ = operator.ask(&test, Method::PUT, &path, Some(&wrong)).await.expect(422);
    document["site_visit"]["timezone"] = "Asia/Kolkata".into();
    let _ = operator
        .ask(&test, Method::PUT, &path, Some(&document))
        .await
        .expect(200);
    let replayed = operator
        .ask(
            &test,
            Method::POST,
            "/v1/deliveries/replay",
            Some(&json!({"ids": [id]})),
        )
        .await;
    assert_eq!(replayed.expect(200).json()["replayed"][0]["id"], id.as_str());
    let alerts = operator.get(&test, "/v1/alerts?open=true").await;
    assert_eq!(alerts["items"], json!([]), "nothing asks for the decision any more");
    test.work().await;
    assert_eq!(test.groundwork.stored()[0].get("visit_date"), "05/07/2026");
    test.finish().await;
}

#[tokio::test]
async fn discarded_delivery_is_final() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let id = refused(&test).await;
    let path = format!("/v1/deliveries/{id}/discard");
    let _ = operator.ask(&test, Method::POST, &path, None).await.expect(200);
    let _ = operator.ask(&test, Method::POST, &path, None).await.expect(409);
    assert_eq!(test.delivery(TENANT, &id).await["state"], "discarded");
    assert_eq!(test.work().await, 0);
    test.finish().await;
}

#[tokio::test]
async fn operator_can_mark_a_delivery_landed() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let id = refused(&test).await;
    let path = format!("/v1/deliveries/{id}/landed");
    for wrong in [
        json!({"reference": ""}),
        json!({"reference": "r".repeat(257)}),
        json!({"ref": "R-7"}),
    ] {
        let refusal = operator.ask(&test, Method::POST, &path, Some(&wrong)).await;
        assert!([400, 422].contains(&refusal.status.as_u16()), "{wrong}");
    }
    let word = json!({"reference": "R-7"});
    let _ = operator.ask(&test, Method::POST, &path, Some(&word)).await.expect(200);
    let again = operator.ask(&test, Method::POST, &path, Some(&word)).await.expect(409);
    assert!(again.json()["detail"].as_str().unwrap().contains("is done"));
    let delivery = test.delivery(TENANT, &id).await;
    assert_eq!(
        (&delivery["state"], &delivery["reference"]),
        (&json!("done"), &json!("R-7"))
    );
    assert_eq!((test.work().await, test.groundwork.stored().len()), (0, 0));

    let webhook = test
        .webhook(TENANT, "W-1", b"event=lead_new&nonsense")
        .await
        .expect(202);
    let id = webhook.member("delivery");
    test.work().await;
    let path = format!("/v1/deliveries/{id}/landed");
    let refusal = operator.ask(&test, Method::POST, &path, Some(&word)).await.expect(409);
    assert!(refusal.json()["detail"].as_str().unwrap().contains("was not parsed"));
    test.finish().await;
}

#[tokio::test]
async fn admin_api_requires_an_operator_token() {
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
    let operator = Operator::create(&test).await;
    let _ = operator.ask(&test, Method::GET, "/v1/adapters", None).await.expect(200);
    test.finish().await;
}
