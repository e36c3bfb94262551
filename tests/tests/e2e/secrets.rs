//! Stored secrets: set, used at once, listed without their values, removed; and the master key that seals them.

use axum::body::Body;
use http::Method;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::{KEYSTONE_TOKEN, TestNode};
use jackfield_tests::operator::Operator;
use serde_json::Value;

const TENANT: &str = "dwarka-homes";
const SECRETS: &str = "/v1/tenants/dwarka-homes/secrets";

/// The tenant's file, with a stored secret for its credential.
fn file(test: &TestNode) -> String {
    keystone_tenant(TENANT, &test.keystone.origin(), "{ stored = \"crm-token\" }", "")
}

/// A host whose tenant uses a stored secret.
async fn with_stored_secret() -> (TestNode, Operator) {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let operator = Operator::create(&test).await;
    let set = operator.set_secret(&test, TENANT, "crm-token", KEYSTONE_TOKEN).await;
    assert_eq!(set.expect(200).json()["reloaded"], Value::Null);
    test.apply(&file(&test)).await;
    (test, operator)
}

#[tokio::test]
async fn secret_may_precede_its_tenant() {
    let test = TestNode::empty().await;
    let operator = Operator::create(&test).await;
    let set = operator.set_secret(&test, "nobody-yet", "crm", "s3cr3t-value").await;
    let set = set.expect(200).json();
    assert_eq!((&set["tenant_exists"], &set["reloaded"]), (&false.into(), &Value::Null));
    let listed = operator.get(&test, "/v1/tenants/nobody-yet/secrets").await;
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["used_by"]),
        (&"crm".into(), &Value::Array(vec![]))
    );
    test.finish().await;
}

#[tokio::test]
async fn listing_shows_all_but_the_value() {
    let (test, operator) = with_stored_secret().await;
    let listed = operator.ask(&test, Method::GET, SECRETS, None).await.expect(200);
    assert!(!listed.text.contains(KEYSTONE_TOKEN));
    let items = listed.json()["items"].as_array().unwrap().clone();
    let kept = items.iter().find(|item| item["name"] == "crm-token").unwrap();
    assert_eq!(kept["set_at"], "2026-07-01T09:00:00Z");
    assert_eq!(kept["opens"], true);
    assert_eq!(kept["used_by"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &kept["used_by"][0]["release"],
            &kept["used_by"][0]["active"],
            &kept["used_by"][0]["at"]
        ),
        (&"r2".into(), &true.into(), &"/credentials/0/secret".into())
    );
    // Secrets written out in the first release are there too, under names that operators cannot choose.
    let generated = items
        .iter()
        .filter(|item| item["name"].as_str().unwrap().starts_with("sec_"));
    assert!(generated.clone().count() >= 1);
    for item in generated {
        let path = format!("{SECRETS}/{}", item["name"].as_str().unwrap());
        let refused = test.admin(operator.request(Method::PUT, &path, Body::from("x"))).await;
        let _ = refused.expect(400);
    }
    test.finish().await;
}

#[tokio::test]
async fn new_value_serves_at_once() {
    let (test, operator) = with_stored_secret().await;
    let _ = test.status(TENANT, "L").await.expect(200);
    let before = test.serving(TENANT);
    let set = operator
        .set_secret(&test, TENANT, "crm-token", "an-expired-token")
        .await;
    assert_eq!(set.expect(200).json()["reloaded"], "r2");
    assert_ne!(
        test.status(TENANT, "L").await.status,
        200,
        "the CRM does not know the new value"
    );
    let _ = operator
        .set_secret(&test, TENANT, "crm-token", KEYSTONE_TOKEN)
        .await
        .expect(200);
    let _ = test.status(TENANT, "L").await.expect(200);
    assert_eq!(test.serving(TENANT), before);
    test.finish().await;
}

#[tokio::test]
async fn unloadable_value_changes_nothing() {
    // A value with which the release would not load is refused and changes nothing.
    let (mut test, operator) = with_stored_secret().await;
    let refused = operator
        .set_secret(&test, TENANT, "crm-token", "two\nhidden-lines")
        .await
        .expect(422);
    assert!(
        refused.text.contains("`crm`") && !refused.text.contains("hidden-lines"),
        "{}",
        refused.text
    );
    for (wrong, status) in [("", 422), (&*"x".repeat(65_537), 413)] {
        let _ = operator
            .set_secret(&test, TENANT, "crm-token", wrong)
            .await
            .expect(status);
    }
    let _ = test.status(TENANT, "L").await.expect(200);
    test.restart().await;
    let _ = test.status(TENANT, "L").await.expect(200);
    test.finish().await;
}

#[tokio::test]
async fn secret_in_use_cannot_be_removed() {
    let (test, operator) = with_stored_secret().await;
    let path = format!("{SECRETS}/crm-token");
    let refused = operator.ask(&test, Method::DELETE, &path, None).await.expect(409);
    assert!(
        refused.text.contains("r2") && refused.text.contains("/credentials/0/secret"),
        "{}",
        refused.text
    );
    test.apply(&test.dwarka("")).await;
    let removed = operator
        .ask(&test, Method::DELETE, &path, None)
        .await
        .expect(200)
        .json();
    assert_eq!(removed["used_by"][0]["release"], "r2");
    let _ = operator.ask(&test, Method::DELETE, &path, None).await.expect(404);
    let back = format!("/v1/tenants/{TENANT}/rollback");
    let refused = operator
        .ask(&test, Method::POST, &back, Some(&serde_json::json!({"to": "r2"})))
        .await
        .expect(422);
    assert!(
        refused.text.contains("secrets set dwarka-homes crm-token"),
        "{}",
        refused.text
    );
    let own = format!("{SECRETS}/oauth2%2Fcrm");
    let refused = operator.ask(&test, Method::DELETE, &own, None).await.expect(409);
    assert!(refused.text.contains("for itself"), "{}", refused.text);
    test.finish().await;
}

#[tokio::test]
async fn master_key_rotates_while_serving() {
    let (mut test, operator) = with_stored_secret().await;
    let key = async |test: &TestNode| operator.get(test, SECRETS).await["items"][0]["key"].clone();
    let before = key(&test).await;
    let rotated = operator.ask(&test, Method::POST, "/v1/secrets/rotate-key", None).await;
    let rotated = rotated.expect(200).json();
    assert_ne!(rotated["key"], before);
    assert_eq!((&rotated["left"], &rotated["old_key_kept"]), (&0.into(), &Value::Null));
    assert_eq!(key(&test).await, rotated["key"]);
    let _ = test.status(TENANT, "L").await.expect(200);
    test.restart().await;
    let _ = test.status(TENANT, "L").await.expect(200);
    test.finish().await;
}

#[tokio::test]
async fn missing_master_key_loses_nothing() {
    // Without the right master key tenants do not serve, but nothing is lost.
    let (mut test, operator) = with_stored_secret().await;
    test.groundwork.seed(jackfield_tests::fakes::GroundworkLead::new("L"));
    let path = test.data_dir().join("master.key");
    let own = std::fs::read(&path).unwrap();
    let sealed_with = operator.get(&test, SECRETS).await["items"][0]["key"]
        .as_str()
        .unwrap()
        .to_owned();

    std::fs::remove_file(&path).unwrap();
    test.restart().await;
    for tenant in [TENANT, "saket-estates"] {
        let shown = operator.get(&test, &format!("/v1/tenants/{tenant}")).await;
        assert_eq!(shown["serving"], Value::Null, "{shown}");
        let trouble = shown["trouble"].as_str().unwrap();
        assert!(
            trouble.contains(&sealed_with) && trouble.contains("this host has none"),
            "{trouble}"
        );
        let _ = test.status(tenant, "L").await.expect(503);
    }
    assert!(!path.exists(), "a missing key is not replaced by a new one");
    let refused = operator
        .set_secret(&test, TENANT, "crm-token", KEYSTONE_TOKEN)
        .await
        .expect(409);
    assert!(refused.text.contains("master.key"), "{}", refused.text);

    // With another key, lost secrets can be set again, one by one or all in a tenant's file.
    std::fs::write(&path, format!("{}\n", base64_of(&[7; 32]))).unwrap();
    private(&path);
    test.restart().await;
    assert_eq!(operator.get(&test, SECRETS).await["items"][0]["opens"], false);
    let set = operator
        .set_secret(&test, TENANT, "crm-token", KEYSTONE_TOKEN)
        .await
        .expect(200)
        .json();
    assert_eq!(set["reloaded"], "r2");
    let _ = test.status(TENANT, "L").await.expect(200);
    test.apply(&test.saket("")).await;
    assert_eq!(test.serving("saket-estates").number.0, 2);

    // With the old key after the new one, everything opens and is resealed with the first.
    let (new, old) = (std::fs::read(&path).unwrap(), own);
    std::fs::write(&path, [new, old].concat()).unwrap();
    test.restart().await;
    let listed = operator.get(&test, SECRETS).await;
    let items = listed["items"].as_array().unwrap();
    assert!(
        items
            .iter()
            .all(|item| item["opens"] == true && item["key"] == items[0]["key"]),
        "{listed}"
    );
    let back = serde_json::json!({"to": "r1"});
    let _ = operator
        .ask(&test, Method::POST, "/v1/tenants/dwarka-homes/rollback", Some(&back))
        .await
        .expect(200);
    let _ = test.status(TENANT, "L").await.expect(200);
    test.finish().await;
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
