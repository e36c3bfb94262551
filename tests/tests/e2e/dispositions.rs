//! Accepting dispositions: stored once, however often the agent repeats one.

use jackfield_tests::documents::{disposition, minimal_disposition};
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::TestNode;
use tokio_util::sync::CancellationToken;

const TENANT: &str = "dwarka-homes";

#[tokio::test]
async fn repeat_changes_nothing_even_years_later() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let body = disposition("C-1", "qualified_visit_booked");
    let first = test.dispose(TENANT, "L", &body).await.expect(202);
    test.work().await;
    test.advance(std::time::Duration::from_hours(24 * 800));
    let again = test.dispose(TENANT, "L", &body).await.expect(200);
    assert_eq!(again.text, first.text);
    assert_eq!(test.work().await, 0);
    let stored = test.keystone.stored();
    assert_eq!((stored.len(), stored[0].revision), (1, 1));
    test.finish().await;
}

#[tokio::test]
async fn one_disposition_per_call() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let _ = test
        .dispose(TENANT, "L", &disposition("C-1", "no_answer"))
        .await
        .expect(202);
    let other = test
        .dispose(TENANT, "L", &disposition("C-1", "wrong_number"))
        .await
        .expect(409);
    assert_eq!(other.member("type"), "urn:jackfield:problem:conflict");
    let _ = test
        .dispose(TENANT, "OTHER-LEAD", &disposition("C-1", "no_answer"))
        .await
        .expect(409);
    test.work().await;
    assert_eq!(test.keystone.stored()[0].body["result"], "NO_ANSWER");
    test.finish().await;
}

#[tokio::test]
async fn hundred_concurrent_repeats_are_one() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let body = minimal_disposition("C-1", "no_answer");
    let all = futures_util::future::join_all((0..100).map(|_| test.dispose(TENANT, "L", &body))).await;
    let accepted = all.iter().filter(|answer| answer.status == 202).count();
    let repeated = all.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((accepted, repeated), (1, 99));
    assert!(
        all.iter().all(|answer| answer.text == all[0].text),
        "one receipt for all"
    );
    assert_eq!(test.work().await, 1);
    test.finish().await;
}

#[tokio::test]
async fn invalid_disposition_names_its_fields() {
    let test = TestNode::start().await;
    let mut body = disposition("C-1", "no_answer");
    body["call_metadata"]["call_id"] = "".into();
    body["qualification"]["budget_min"] = "eighty lakhs".into();
    let answer = test.dispose(TENANT, "L", &body).await.expect(422);
    let pointers: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/call_metadata/call_id", "/qualification/budget_min"]);
    assert!(!answer.text.contains("eighty"), "{}", answer.text);
    assert_eq!(test.work().await, 0);
    test.finish().await;
}

#[tokio::test]
async fn other_tenants_deliveries_are_not_found() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let id = test.accept(TENANT, "L", &minimal_disposition("C-1", "no_answer")).await;
    test.work().await;
    let own = test.delivery(TENANT, &id).await;
    assert_eq!(
        (&own["state"], &own["attempts"][0]["class"]),
        (&"done".into(), &"committed".into())
    );
    assert!(own["reference"].as_str().unwrap().starts_with("KS-"));
    let _ = test
        .get(&format!("/v1/tenants/saket-estates/deliveries/{id}"))
        .await
        .expect(404);
    let _ = test
        .get(&format!("/v1/tenants/{TENANT}/deliveries/42"))
        .await
        .expect(400);
    test.finish().await;
}

#[tokio::test]
async fn engine_is_notified_of_new_work() {
    let test = TestNode::start().await;
    let stop = CancellationToken::new();
    let engine = tokio::spawn(std::sync::Arc::clone(&test.node.engine).run(stop.clone()));
    for n in 0..20 {
        test.accept_numbered(TENANT, n).await;
        // The clock stands still, so no poll falls due: only a notification makes the engine deliver.
        while test.keystone.stored().len() <= n {
            tokio::task::yield_now().await;
        }
    }
    stop.cancel();
    engine.await.unwrap();
    test.finish().await;
}
