//! Recorded invocations replay natively against the adapters that made them, and hold no secret.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use groundwork::Groundwork;
use http::{Method, Request};
use jackfield_sdk::testing::Replay;
use jackfield_tests::documents::{disposition, groundwork_webhook, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, GroundworkLead, KeystoneLead, Mode};
use jackfield_tests::node::{GROUNDWORK_KEY, KEYSTONE_TOKEN, PUSH_SECRET, TestNode, WEBHOOK_SECRET};
use jackfield_tests::operator::Operator;
use keystone::Keystone;
use serde_json::{Value, json};

const DWARKA: &str = "dwarka-homes";
const SAKET: &str = "saket-estates";
/// The lead's id is its phone number, as in many CRMs.
const LEAD: &str = "919812345670";

fn path(tenant: &str) -> String {
    format!("/v1/tenants/{tenant}/recording")
}

async fn begin(test: &TestNode, operator: &Operator, tenant: &str, body: Value) -> Value {
    let begun = operator.ask(test, Method::POST, &path(tenant), Some(&body)).await;
    begun.expect(201).json()
}

/// Ends a recording; returns the answer, and writes its fixtures into a folder.
async fn take(test: &TestNode, operator: &Operator, tenant: &str, folder: &Path) -> Value {
    let taken = operator
        .ask(test, Method::DELETE, &path(tenant), None)
        .await
        .expect(200);
    let taken = taken.json();
    for (n, call) in taken["calls"].as_array().unwrap().iter().enumerate() {
        let file = folder.join(format!("{}-{n}.json", call["kind"].as_str().unwrap()));
        std::fs::write(file, call["fixture"].to_string()).unwrap();
    }
    taken
}

fn recorded(taken: &Value) -> &Value {
    &taken["recording"]["recorded"]
}

#[tokio::test]
async fn recording_replays_and_is_masked() {
    // What was recorded replays, and holds no secret and no phone number.
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.keystone.seed(KeystoneLead::new(LEAD));
    test.groundwork.seed(GroundworkLead::new(LEAD));
    for tenant in [DWARKA, SAKET] {
        let view = begin(&test, &operator, tenant, json!({})).await;
        assert_eq!((&view["state"], &view["unmasked"]), (&"running".into(), &false.into()));
    }
    // The first write has an unknown outcome, so that it is looked up.
    test.keystone.behave(Behaviour::next(1, Mode::FailAfterStore));
    for tenant in [DWARKA, SAKET] {
        let _ = test
            .dispose(tenant, LEAD, &disposition("CALL-9812345670", "qualified_visit_booked"))
            .await
            .expect(202);
    }
    test.work().await;
    test.advance(Duration::from_mins(1));
    test.work().await;
    for tenant in [DWARKA, SAKET] {
        let _ = test.status(tenant, LEAD).await.expect(200);
        let _ = test.status(tenant, "no-such-lead").await;
    }
    let body = groundwork_webhook("GW-1001");
    let _ = test.webhook(SAKET, "msg_1", body.as_bytes()).await.expect(202);
    test.work().await;

    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let keystone = take(&test, &operator, DWARKA, folders[0].path()).await;
    assert_eq!(
        recorded(&keystone),
        &json!({"status": 2, "write": 1, "find": 1}),
        "{keystone}"
    );
    assert_eq!(keystone["recording"]["left_out"], json!({}));
    let groundwork = take(&test, &operator, SAKET, folders[1].path()).await;
    assert_eq!(
        recorded(&groundwork),
        &json!({"status": 2, "write": 1, "webhook": 1}),
        "{groundwork}"
    );
    assert_eq!(groundwork["recording"]["left_out"], json!({}));

    let signed = &groundwork["calls"][0]["fixture"];
    assert_eq!(signed["keys"], json!({"signing": "recorded"}));
    for text in [keystone.to_string(), groundwork.to_string()] {
        for secret in [KEYSTONE_TOKEN, GROUNDWORK_KEY, WEBHOOK_SECRET, PUSH_SECRET] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for personal in ["9812345670", "9800000000", "आशा", "%E0%A4%86", "storage.agent.example"] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
        // What is not personal data is unchanged.
        assert!(text.contains("Asia/Kolkata") && text.contains("12000000"), "{text}");
    }
    Replay::<Keystone>::of().with_lookup().folder(folders[0].path());
    Replay::<Groundwork>::of().with_parse_leads().folder(folders[1].path());
    test.finish().await;
}

#[tokio::test]
async fn unmasked_recording_replays_too() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.groundwork.seed(GroundworkLead::new(LEAD));
    begin(&test, &operator, SAKET, json!({"unmasked": true, "calls": 2})).await;
    let _ = test.status(SAKET, LEAD).await.expect(200);
    let body = groundwork_webhook("GW-1001");
    let _ = test.webhook(SAKET, "msg_1", body.as_bytes()).await.expect(202);
    test.work().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = take(&test, &operator, SAKET, folder.path()).await;
    assert_eq!(recorded(&taken), &json!({"status": 1, "webhook": 1}));
    assert_eq!(taken["recording"]["state"], "full");
    let text = taken.to_string();
    assert!(
        text.contains(LEAD) && text.contains("आशा") && !text.contains(GROUNDWORK_KEY),
        "{text}"
    );
    Replay::<Groundwork>::of().with_parse_leads().folder(folder.path());
    test.finish().await;
}

#[tokio::test]
async fn recording_needs_operator_and_has_limits() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.keystone.seed(KeystoneLead::new("L"));
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let nobody = Request::builder().method(method.clone()).uri(path(DWARKA));
        let _ = test.admin(nobody.body(Body::empty()).unwrap()).await.expect(401);
        let mut agent = test.request(method, &path(DWARKA), Body::from("{}"));
        *agent.uri_mut() = path(DWARKA).parse().unwrap();
        let _ = test.admin(agent).await.expect(401);
    }
    for (tenant, body, status, words) in [
        ("nobody", json!({}), 404, "no such tenant"),
        (DWARKA, json!({"calls": 0}), 422, "1 to 500"),
        (DWARKA, json!({"calls": 501}), 422, "1 to 500"),
        (DWARKA, json!({"minutes": 61}), 422, "1 to 60"),
        (DWARKA, json!({"mask": true}), 400, "mask"),
    ] {
        let refused = operator.ask(&test, Method::POST, &path(tenant), Some(&body)).await;
        assert!(
            [status, 422].contains(&refused.status.as_u16()),
            "{body}: {}",
            refused.text
        );
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    for method in [Method::GET, Method::DELETE] {
        let none = operator.ask(&test, method, &path(DWARKA), None).await.expect(404);
        assert!(
            none.text.contains("no calls of `dwarka-homes` are recorded"),
            "{}",
            none.text
        );
    }

    begin(&test, &operator, DWARKA, json!({"calls": 1, "minutes": 5})).await;
    let second = operator
        .ask(&test, Method::POST, &path(DWARKA), Some(&json!({})))
        .await
        .expect(409);
    assert!(
        second.text.contains("adapter record --tenant dwarka-homes --end"),
        "{}",
        second.text
    );
    for _ in 0..3 {
        let _ = test.status(DWARKA, "L").await.expect(200);
    }
    let standing = operator.get(&test, &path(DWARKA)).await;
    assert_eq!(
        (&standing["state"], &standing["recorded"]),
        (&"full".into(), &json!({"status": 1}))
    );
    // After its time it can still be fetched for a while, and then it is dropped.
    test.advance(Duration::from_mins(14));
    let _ = operator.get(&test, &path(DWARKA)).await;
    test.advance(Duration::from_mins(1));
    test.node.rollout.sync().await.unwrap();
    let _ = operator
        .ask(&test, Method::DELETE, &path(DWARKA), None)
        .await
        .expect(404);

    begin(&test, &operator, DWARKA, json!({"minutes": 1})).await;
    test.advance(Duration::from_mins(1));
    let _ = test.status(DWARKA, "L").await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let taken = take(&test, &operator, DWARKA, folder.path()).await;
    assert_eq!(
        (&taken["recording"]["state"], recorded(&taken)),
        (&"over".into(), &json!({}))
    );

    let trail = operator.get(&test, "/v1/audit?limit=200").await.to_string();
    for row in [
        r#""action":"POST /v1/tenants/{tenant}/recording""#,
        r#""action":"DELETE /v1/tenants/{tenant}/recording""#,
        "tenant=dwarka-homes calls=1 unmasked=false",
    ] {
        assert!(trail.contains(row), "{row} in {trail}");
    }
    test.finish().await;
}

#[tokio::test]
async fn recording_continues_through_a_swap() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.keystone.seed(KeystoneLead::new("L"));
    begin(&test, &operator, DWARKA, json!({})).await;
    let _ = test.status(DWARKA, "L").await.expect(200);
    test.apply(&test.dwarka("[limits]\ncpu_ms = 300")).await;
    let _ = test
        .dispose(DWARKA, "L", &minimal_disposition("C-1", "no_answer"))
        .await
        .expect(202);
    test.work().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = take(&test, &operator, DWARKA, folder.path()).await;
    let about = |n: usize| taken["calls"][n]["fixture"]["about"].as_str().unwrap().to_owned();
    assert_eq!(about(0), "A status query, recorded from release r1");
    assert_eq!(about(1), "A write, recorded from release r2");
    Replay::<Keystone>::of().with_lookup().folder(folder.path());
    test.finish().await;
}

#[tokio::test]
async fn invocation_with_a_secret_is_left_out() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    // Neither secret is a credential for the CRM, so answers are not redacted for them.
    let _ = operator
        .set_secret(&test, DWARKA, "other", "a-kept-secret")
        .await
        .expect(200);
    for (lead, secret) in [
        ("L1", WEBHOOK_SECRET),
        ("L2", "a-kept-secret"),
        ("L3", "2026-07-01T09:00:00Z"),
    ] {
        test.keystone.seed(KeystoneLead {
            last_call_at: Some(secret.into()),
            ..KeystoneLead::new(lead)
        });
    }
    begin(&test, &operator, DWARKA, json!({})).await;
    for lead in ["L1", "L2", "L3"] {
        let _ = test.status(DWARKA, lead).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let taken = take(&test, &operator, DWARKA, folder.path()).await;
    assert_eq!(recorded(&taken), &json!({"status": 1}), "{taken}");
    assert_eq!(taken["recording"]["left_out"], json!({"secret": 2}));
    let text = taken.to_string();
    assert!(
        !text.contains(WEBHOOK_SECRET) && !text.contains("a-kept-secret"),
        "{text}"
    );
    test.finish().await;
}
