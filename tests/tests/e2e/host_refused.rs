//! What the host itself does not send: it goes to a person at once, in the host's words, and says nothing of the CRM.

use std::time::Duration;

use http::Method;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode};
use jackfield_tests::node::{TestNode, first_page};
use jackfield_tests::operator::Operator;
use serde_json::Value;

const TENANT: &str = "dwarka-homes";

/// The keystone tenant's file, with a grant for these methods only.
fn granting(test: &TestNode, methods: &str) -> String {
    let origin = test.keystone.origin();
    let whole = format!("allow = [\"{origin}\"]");
    let narrow = format!("allow = [{{ origin = \"{origin}\", methods = [{methods}] }}]");
    let file = test.dwarka("");
    assert!(file.contains(&whole), "{file}");
    file.replace(&whole, &narrow)
}

async fn breaker(test: &TestNode, operator: &Operator) -> Value {
    operator.get(test, "/v1/tenants/dwarka-homes/breaker").await
}

#[tokio::test]
async fn refused_write_goes_to_review() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.apply(&granting(&test, "\"GET\"")).await;
    for n in 0..8 {
        let id = test.accept_numbered(TENANT, n).await;
        assert_eq!(test.work().await, 1);
        let found = test.stored_delivery(&id).await;
        assert_eq!(found.summary.state, DeliveryState::Review);
        assert_eq!(found.summary.reason, Some(StopReason::Rejected));
        let attempt = found.attempts.last().unwrap();
        assert_eq!(attempt.class.unwrap().word(), "rejected");
        let rejection = attempt.detail.rejection.as_ref().unwrap();
        assert_eq!(rejection.code, "host-refused");
        assert!(
            rejection.message.contains("add \"PUT\"") || rejection.message.contains("add \"POST\""),
            "{rejection}"
        );
        let (last, detail) = (attempt.detail.request.as_ref().unwrap(), &attempt.detail);
        assert!(["PUT", "POST"].contains(&last.method.as_str()), "{last:?}");
        assert_eq!(
            detail.message, "refused",
            "the rejection says why, and nothing else repeats it"
        );
        assert_eq!(
            (detail.http_status, &detail.reason, &detail.host_reason),
            (None, &None, &None)
        );
    }
    let seen = breaker(&test, &operator).await;
    assert_eq!((&seen["state"], &seen["failures"]), (&"closed".into(), &0.into()));
    assert!(test.keystone.stored().is_empty());
    let answer = test.status(TENANT, "L0").await.expect(200);
    assert_eq!(answer.json()["callable"], true, "what is granted goes on");
    test.finish().await;
}

#[tokio::test]
async fn refusal_does_not_close_a_probe() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.keystone.behave(Behaviour::always(Mode::Maintenance));
    for n in 0..5 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 5);
    test.apply(&granting(&test, "\"GET\"")).await;
    test.advance(Duration::from_secs(34));
    assert_eq!(test.work().await, 1, "the probe, which the host refuses");
    let seen = breaker(&test, &operator).await;
    assert_eq!(seen["state"], "open");
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind).collect();
    assert!(kinds.contains(&AlertKind::Review), "{kinds:?}");

    test.keystone.behave(Behaviour::always(Mode::Ok));
    test.apply(&test.dwarka("")).await;
    for _ in 0..200 {
        test.advance(Duration::from_secs(1));
        test.work().await;
    }
    assert_eq!(
        test.keystone.stored().len(),
        4,
        "all but the one that a person decides on"
    );
    test.finish().await;
}

#[tokio::test]
async fn refused_question_names_the_host() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.apply(&granting(&test, "\"PUT\"")).await;
    let problem = test.status(TENANT, "L").await.expect(502).json();
    assert_eq!(problem["callable"], false);
    assert_eq!(problem["type"], "urn:jackfield:problem:adapter-fault");
    assert!(
        problem["detail"].as_str().unwrap().contains("the host did not send"),
        "{problem}"
    );
    test.finish().await;
}

#[tokio::test]
async fn raw_slash_in_an_id_is_explained() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("A/7"));
    for path in ["status", "disposition"] {
        let problem = test
            .get(&format!("/v1/tenants/{TENANT}/leads/A/7/{path}"))
            .await
            .expect(404)
            .json();
        assert_eq!(problem["callable"], false);
        assert!(problem["detail"].as_str().unwrap().contains("%2F"), "{problem}");
    }
    let answer = test
        .get(&format!("/v1/tenants/{TENANT}/leads/A%2F7/status"))
        .await
        .expect(200)
        .json();
    assert_eq!(answer["callable"], true);
    test.finish().await;
}

#[tokio::test]
async fn encoded_slash_passes_a_path_grant() {
    let test = TestNode::start().await;
    let origin = test.keystone.origin();
    let narrow = format!("allow = [{{ origin = \"{origin}\", path = \"/api/v1\" }}]");
    test.apply(&test.dwarka("").replace(&format!("allow = [\"{origin}\"]"), &narrow))
        .await;
    test.keystone.seed(KeystoneLead::new("A/7"));
    let answer = test
        .get(&format!("/v1/tenants/{TENANT}/leads/A%2F7/status"))
        .await
        .expect(200)
        .json();
    assert_eq!(answer["callable"], true);
    let id = test
        .accept(TENANT, "A%2F7", &minimal_disposition("C-1", "no_answer"))
        .await;
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    test.finish().await;
}

#[tokio::test]
async fn short_secrets_are_refused_at_apply() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let token = jackfield_tests::node::KEYSTONE_TOKEN;
    let short = test.dwarka("").replace(token, "493027");
    let error = test.try_apply(&short).await.unwrap_err().to_string();
    assert!(
        error.starts_with("/credentials/0/secret: ") && error.contains("too short to be safe"),
        "{error}"
    );
    assert!(!error.contains("493027"), "{error}");

    let insisting = short.replace("name = \"crm\"", "name = \"crm\"\nallow_short = true");
    let body = axum::body::Body::from(insisting);
    let applied = test
        .admin(operator.request(Method::POST, "/v1/releases", body))
        .await
        .expect(201);
    assert!(!applied.text.contains("493027"));
    let trail = operator.get(&test, "/v1/audit?limit=200").await.to_string();
    assert!(trail.contains("allow_short=crm"), "{trail}");

    // A stored secret becomes short when it is set, not when it is used.
    let set = operator.set_secret(&test, TENANT, "crm-token", token).await;
    let _ = set.expect(200);
    let stored = test
        .dwarka("")
        .replace(&format!("{{ value = \"{token}\" }}"), "{ stored = \"crm-token\" }");
    test.apply(&stored).await;
    let refused = operator
        .set_secret(&test, TENANT, "crm-token", "493027")
        .await
        .expect(422);
    assert!(
        refused.text.contains("too short to be safe") && !refused.text.contains("493027"),
        "{}",
        refused.text
    );
    test.finish().await;
}
