//! parcel's own webhook: leads that are called, and single leads and whole webhooks that go to review.

use http::Method;
use jackfield_domain::delivery::DeliveryState;
use jackfield_store::DeliveryFilter;
use jackfield_tests::components::component;
use jackfield_tests::documents::{parcel_tenant, parcel_webhook};
use jackfield_tests::fakes::{Parcel, ParcelConfig};
use jackfield_tests::node::{PUSH_SECRET, TestNode, WEBHOOK_SECRET, first_page};
use jackfield_tests::operator::Operator;
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const PASSWORD: &str = "parcel-canary-password";

/// A host whose only tenant uses parcel, with webhooks and an agent that leads are pushed to.
async fn with_webhooks() -> (TestNode, Parcel) {
    let test = TestNode::empty().await;
    let more = format!(
        "[webhook]\nsecrets = [{{ value = \"{WEBHOOK_SECRET}\" }}]\n[agent]\npush_url = \"{}/leads\"\npush_secret = \
         {{ value = \"{PUSH_SECRET}\" }}",
        test.agent.origin()
    );
    let parcel = Parcel::start(ParcelConfig::new("jackfield", PASSWORD)).await.unwrap();
    test.node.rollout.push_adapter(component("parcel")).await.unwrap();
    let secret = format!("{{ value = \"{PASSWORD}\" }}");
    test.apply(&parcel_tenant(TENANT, &parcel.origin(), &secret, &more))
        .await;
    (test, parcel)
}

#[tokio::test]
async fn one_bad_lead_does_not_stop_a_batch() {
    let (test, _parcel) = with_webhooks().await;
    let leads: Vec<_> = [("PL-1", "9800000001"), ("PL-2", "not given"), ("PL-3", "9800000003")]
        .map(|(number, mobile)| {
            format!("<p:Lead><p:LeadNumber>{number}</p:LeadNumber><p:Mobile>{mobile}</p:Mobile></p:Lead>")
        })
        .into();
    let batch = format!(
        r#"<p:LeadNotification xmlns:p="urn:parcel-crm:2009" event="LeadCreated">{}</p:LeadNotification>"#,
        leads.concat()
    );
    let _ = test.webhook(TENANT, "msg_1", batch.as_bytes()).await.expect(202);
    test.work().await;
    test.work().await;
    let stored = test.agent.stored();
    let mut pushed: Vec<_> = stored
        .iter()
        .map(|push| (push.body["lead"]["id"].clone(), push.body["lead"]["phone"].clone()))
        .collect();
    pushed.sort_by_key(|(id, _)| id.to_string());
    let expected = [("PL-1", "+919800000001"), ("PL-3", "+919800000003")];
    assert_eq!(pushed, expected.map(|(id, phone)| (json!(id), json!(phone))));
    let in_review = DeliveryFilter {
        states: vec![DeliveryState::Review],
        ..DeliveryFilter::default()
    };
    let refused = test.store().deliveries(&in_review, first_page()).await.unwrap();
    assert_eq!(refused.items.len(), 1, "the lead without a number");
    let refused = test.stored_delivery(&refused.items[0].id.to_string()).await;
    let rejection = refused.attempts[0].detail.rejection.as_ref().unwrap();
    assert_eq!(
        (
            rejection.fields[0].pointer.as_str(),
            rejection.fields[0].detail.as_str()
        ),
        ("Lead[2]/Mobile", "is not a telephone number")
    );
    assert!(
        rejection.message.starts_with("lead 2 of webhook dlv_1 "),
        "{rejection:?}"
    );
    // Without a lead in its document it is not replayed; with one, it is a lead like any other.
    let (operator, id) = (Operator::create(&test).await, refused.summary.id);
    let replay = json!({ "ids": [id.to_string()] });
    let skipped = operator
        .ask(&test, Method::POST, "/v1/deliveries/replay", Some(&replay))
        .await
        .expect(200);
    assert_eq!(skipped.json()["skipped"], json!([id.to_string()]));
    let mut document: Value = serde_json::from_slice(&refused.payload).unwrap();
    document["lead"] = json!({ "id": "PL-2", "phone": "98000 00002" });
    let path = format!("/v1/deliveries/{id}/payload");
    let _ = operator
        .ask(&test, Method::PUT, &path, Some(&document))
        .await
        .expect(200);
    let _ = operator
        .ask(&test, Method::POST, "/v1/deliveries/replay", Some(&replay))
        .await
        .expect(200);
    test.work().await;
    let last = test.agent.stored().pop().unwrap();
    assert_eq!(last.body["lead"], json!({ "id": "PL-2", "phone": "+919800000002" }));
    let pulled = test
        .get(&format!("/v1/tenants/{TENANT}/leads?after="))
        .await
        .expect(200);
    assert!(pulled.text.contains("PL-2"), "{}", pulled.text);
    test.finish().await;
}

#[tokio::test]
async fn parcel_webhook_becomes_a_lead() {
    // parcel's own webhook becomes a lead; nonsense goes to review.
    let (test, _parcel) = with_webhooks().await;
    let _ = test
        .webhook(TENANT, "msg_1", parcel_webhook("PL-1").as_bytes())
        .await
        .expect(202);
    test.work().await;
    test.work().await;
    let pushed = &test.agent.stored()[0].body["lead"];
    let names = [
        "id",
        "phone",
        "name",
        "language_preference",
        "created_at",
        "call_priority",
        "Tower",
    ];
    assert_eq!(
        names.map(|name| pushed[name].as_str().unwrap_or_default()),
        [
            "PL-1",
            "+919800000000",
            "आशा",
            "hindi",
            "2026-07-01T14:31:00+05:30",
            "high",
            "बी"
        ]
    );
    let nonsense = test
        .webhook(TENANT, "msg_2", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
        .await
        .expect(202);
    test.work().await;
    let held = test.stored_delivery(&nonsense.member("delivery")).await;
    assert_eq!(held.summary.state, DeliveryState::Review);
    let fields = &held.attempts[0].detail.rejection.as_ref().unwrap().fields;
    assert_eq!(fields[0].detail, "is not XML: a document type is not accepted");
    test.finish().await;
}
