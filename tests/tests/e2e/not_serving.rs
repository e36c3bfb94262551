//! A tenant whose active release does not load is seen: by operators in an alert, `/readyz`, the metrics and listings,
//! by its callers in a problem of its own. The other tenants are served, and it is served again once it loads.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use jackfield_domain::alert::AlertKind;
use jackfield_store::Alert;
use jackfield_tests::documents::{keystone_tenant, lead_created, minimal_disposition};
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::{KEYSTONE_TOKEN, TestNode, first_page};
use jackfield_tests::operator::Operator;
use serde_json::Value;

use super::database::sql;

const TENANT: &str = "dwarka-homes";

/// A host whose tenant has its credential in a file.
async fn with_secret_file() -> TestNode {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let file = test.data_dir().join("crm-token");
    std::fs::write(&file, KEYSTONE_TOKEN).unwrap();
    let secret = format!("{{ file = \"{}\" }}", file.display());
    test.apply(&keystone_tenant(TENANT, &test.keystone.origin(), &secret, ""))
        .await;
    test
}

/// The answer of `/readyz`, with its status.
async fn ready(test: &TestNode) -> (u16, Value) {
    let request = Request::get("/readyz").body(Body::empty()).unwrap();
    let answer = test.public(request).await;
    (answer.status.as_u16(), answer.json())
}

/// The alerts about tenants that are not served, newest first.
async fn alerts(test: &TestNode) -> Vec<Alert> {
    let mut alerts = test.store().alerts(None, false, first_page()).await.unwrap().items;
    alerts.retain(|alert| alert.kind == AlertKind::NotServing);
    alerts
}

/// A host whose tenant's release cannot be loaded since its last start, because of what `damage` did to `table`.
async fn damaged(table: &str, damage: &str) -> TestNode {
    let mut test = with_secret_file().await;
    sql(&test, &format!("create table saved as select * from {table}; {damage}"));
    test.restart().await;
    test
}

/// Everybody learns what they can act on: operators why, callers that an operator has to act.
async fn is_reported(test: &TestNode, reason: &str) {
    let status = test.status(TENANT, "L").await.expect(503);
    assert_eq!(status.member("type"), "urn:jackfield:problem:tenant-unavailable");
    assert_eq!(
        (&status.json()["callable"], &status.headers["retry-after"]),
        (&false.into(), &"30".parse().unwrap())
    );
    let disposed = test.dispose(TENANT, "L", &minimal_disposition("C", "no_answer")).await;
    let webhook = lead_created("L-2", "K").to_string();
    for refused in [disposed, test.webhook(TENANT, "M", webhook.as_bytes()).await] {
        let refused = refused.expect(503);
        assert_eq!(refused.member("type"), "urn:jackfield:problem:tenant-unavailable");
        assert!(
            refused.member("detail").contains("operator") && !refused.text.contains(reason),
            "{}",
            refused.text
        );
        assert!(refused.headers.contains_key("retry-after"));
    }
    assert_eq!(
        test.status("saket-estates", "L").await.status,
        404,
        "the other tenant is served"
    );

    let (code, ready) = ready(test).await;
    let counts = (code, &ready["tenants_serving"], &ready["tenants_not_serving"]);
    assert_eq!(counts, (200, &1.into(), &1.into()), "{ready}");
    let page = test
        .admin(Request::get("/metrics").body(Body::empty()).unwrap())
        .await
        .text;
    for line in [
        r#"jackfield_tenants{state="serving"} 1"#,
        r#"jackfield_tenants{state="not-serving"} 1"#,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let operator = Operator::create(test).await;
    let listed = operator.get(test, "/v1/tenants").await["items"][0].clone();
    for view in [listed, operator.get(test, &format!("/v1/tenants/{TENANT}")).await] {
        assert!(
            view["serving"].is_null() && view["trouble"].as_str().unwrap().contains(reason),
            "{view}"
        );
    }
    // There is one alert, however often it is tried.
    for _ in 0..3 {
        test.advance(Duration::from_mins(2));
        test.node.rollout.sync().await.unwrap();
    }
    let alerts = alerts(test).await;
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    assert!(
        alert.message.contains(reason) && alert.acknowledged_at.is_none(),
        "{alert:?}"
    );
}

/// It is served within a minute of the repair, and its alert is closed.
async fn serves_again(test: &TestNode) {
    test.advance(Duration::from_mins(1));
    test.node.rollout.sync().await.unwrap();
    let _ = test.status(TENANT, "L").await.expect(200);
    assert_eq!(ready(test).await.1["tenants_not_serving"], 0);
    assert!(alerts(test).await[0].acknowledged_at.is_some());
}

#[tokio::test]
async fn damaged_records_are_reported_alike() {
    // What cannot be read is the failure of the tenant that needs it, and keeps no host from starting.
    for (table, damage, reason) in [
        (
            "adapter",
            "update adapter set record = '{}' where name = 'keystone'",
            "unexpected",
        ),
        ("adapter", "delete from adapter where name = 'keystone'", "was pushed"),
        (
            "release",
            "update release set spec = '{}' where tenant = 'dwarka-homes'",
            "unexpected",
        ),
        (
            "release",
            "delete from release where tenant = 'dwarka-homes'",
            "no release r2",
        ),
    ] {
        let test = damaged(table, damage).await;
        is_reported(&test, reason).await;
        sql(&test, &format!("replace into {table} select * from saved"));
        serves_again(&test).await;
        test.finish().await;
    }
}

#[tokio::test]
async fn lost_variable_is_reported_until_an_apply() {
    let mut test = with_secret_file().await;
    let lost = "update release set spec = json_replace(spec, '$.credentials[0].secret', \
        json('{\"env\":\"JACKFIELD_SECRET_GONE\"}')) where tenant = 'dwarka-homes'";
    sql(&test, lost);
    test.restart().await;
    is_reported(&test, "JACKFIELD_SECRET_GONE is not set").await;
    test.apply(&test.dwarka("")).await;
    serves_again(&test).await;
    test.finish().await;
}

#[tokio::test]
async fn unopened_secret_is_reported_until_set() {
    let mut test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let operator = Operator::create(&test).await;
    let set = async |test: &TestNode| {
        let set = operator.set_secret(test, TENANT, "crm-token", KEYSTONE_TOKEN).await;
        let _ = set.expect(200);
    };
    set(&test).await;
    let secret = "{ stored = \"crm-token\" }";
    test.apply(&keystone_tenant(TENANT, &test.keystone.origin(), secret, ""))
        .await;
    sql(&test, "update secret set ciphertext = x'00' where name = 'crm-token'");
    test.restart().await;
    is_reported(&test, "stored secret `crm-token`").await;
    set(&test).await;
    serves_again(&test).await;
    test.finish().await;
}

#[tokio::test]
async fn host_that_serves_no_tenant_is_not_ready() {
    // So a roll-out that lost the secrets of all stops at its first host. A host without tenants is ready.
    let test = TestNode::empty().await;
    assert_eq!(ready(&test).await.0, 200);
    test.finish().await;

    let mut test = TestNode::start().await;
    sql(
        &test,
        "create table saved as select * from release; update release set spec = '{}'",
    );
    test.restart().await;
    let (code, body) = ready(&test).await;
    assert_eq!((code, &body["not_ready"]), (503, &serde_json::json!(["tenants"])));
    assert_eq!(alerts(&test).await.len(), 2);
    // Another start raises no further alert.
    test.restart().await;
    assert_eq!(alerts(&test).await.len(), 2);
    sql(
        &test,
        "replace into release select * from saved where tenant = 'saket-estates'",
    );
    test.restart().await;
    assert_eq!(ready(&test).await.0, 200);
    let open = test.store().tenants_alerted(AlertKind::NotServing).await.unwrap();
    assert_eq!(open, [TENANT.parse().unwrap()]);
    test.finish().await;
}

#[tokio::test]
async fn do_not_call_holds_for_a_lost_tenant() {
    // A recorded do-not-call is still the answer, and a new wish is recorded although the document is refused.
    let mut test = with_secret_file().await;
    let _ = test
        .dispose(TENANT, "L", &minimal_disposition("C", "dnc_requested"))
        .await
        .expect(202);
    test.work().await;
    std::fs::remove_file(test.data_dir().join("crm-token")).unwrap();
    test.restart().await;
    assert_eq!(test.status(TENANT, "L").await.expect(200).json()["callable"], false);
    let refused = test
        .dispose(TENANT, "L-2", &minimal_disposition("C-2", "dnc_requested"))
        .await;
    assert_eq!(refused.expect(503).json()["do_not_call_recorded"], true);
    assert_eq!(test.status(TENANT, "L-2").await.expect(200).json()["callable"], false);
    test.finish().await;
}

#[tokio::test]
async fn lost_file_is_reported_until_it_is_back() {
    let mut test = with_secret_file().await;
    let file = test.data_dir().join("crm-token");
    std::fs::remove_file(&file).unwrap();
    test.restart().await;
    is_reported(&test, "crm-token does not exist on the host").await;
    std::fs::write(&file, KEYSTONE_TOKEN).unwrap();
    serves_again(&test).await;
    test.finish().await;
}
