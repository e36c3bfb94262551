//! A wish not to be called is never missed, whatever else is wrong with the document that says it.

use axum::body::Body;
use http::Method;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::id::LeadId;
use jackfield_store::{Alert, PageRequest};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::TestNode;
use jackfield_tests::response::TestResponse;
use serde_json::json;

const TENANT: &str = "dwarka-homes";

async fn dispose(test: &TestNode, lead: &str, body: impl Into<Body>) -> TestResponse {
    let path = format!("/v1/tenants/{TENANT}/leads/{lead}/disposition");
    test.public(test.request(Method::POST, &path, body.into())).await
}

async fn callable(test: &TestNode, lead: &str) -> bool {
    test.status(TENANT, lead).await.expect(200).json()["callable"] == true
}

async fn open_alerts(test: &TestNode) -> Vec<Alert> {
    let page = PageRequest { after: None, limit: 50 };
    test.store().alerts(None, true, page).await.unwrap().items
}

#[tokio::test]
async fn refused_documents_are_heard() {
    let test = TestNode::start().await;
    let call = r#""call_metadata":{"call_id":"C"},"qualification":{"outcome":"no_answer"}"#;
    let cases = [
        (
            422,
            format!(r#"{{{call},"flags":{{"dnc_requested":true,"dnc_requested":false}}}}"#),
        ),
        (422, format!(r#"{{{call},"flags":{{"dnc_requested":"true"}}}}"#)),
        (422, format!(r#"{{{call},"dnc_requested":true}}"#)),
        (422, format!(r#"{{{call},"Flags":{{"dnc_requested":true}}}}"#)),
        (422, r#"{"qualification":{"outcome":"DNC_Requested "}}"#.into()),
        (
            422,
            r#"{"call_metadata":{"call_id":""},"qualification":{"outcome":"dnc_requested"}}"#.into(),
        ),
        (422, "[{\"flags\":{\"dnc\":1}}]".into()),
        (400, format!(r#"{{{call},"flags":{{"dnc_requested":true}}"#)),
        (400, "{'flags': {'dnc_requested': True}}".into()),
        (400, "dnc_requested=true".into()),
    ];
    for (n, (status, body)) in cases.into_iter().enumerate() {
        let lead = format!("L-{n}");
        test.keystone.seed(KeystoneLead::new(lead.clone()));
        assert!(callable(&test, &lead).await);
        let refused = dispose(&test, &lead, body.clone()).await.expect(status);
        assert_eq!(refused.json()["do_not_call_recorded"], true, "{body}: {}", refused.text);
        assert!(
            refused.member("detail").contains("wish not to be called is recorded"),
            "{}",
            refused.text
        );
        assert!(!callable(&test, &lead).await, "{body}");
        assert_eq!(open_alerts(&test).await.len(), n + 1);
    }
    assert_eq!(test.work().await, 0, "nothing was accepted");
    test.finish().await;
}

#[tokio::test]
async fn corrected_document_closes_the_alert() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let wrong = r#"{"call_metadata":{"call_id":"C-06"},"qualification":{"outcome":"no_answer"},"dnc_requested":true}"#;
    for _ in 0..2 {
        let refused = dispose(&test, "L", wrong).await.expect(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/dnc_requested");
        assert!(refused.text.contains("/flags/dnc_requested"), "{}", refused.text);
    }
    let alerts = open_alerts(&test).await;
    let [alert] = &alerts[..] else { panic!("one") };
    assert_eq!(alert.kind, AlertKind::DoNotCall);
    assert_eq!(alert.lead.as_ref().map(LeadId::as_str), Some("L"));

    let mut corrected = minimal_disposition("C-06", "no_answer");
    corrected["flags"] = json!({"dnc_requested": true});
    let _ = test.dispose(TENANT, "L", &corrected).await.expect(202);
    assert_eq!(open_alerts(&test).await, []);
    test.work().await;
    assert_eq!(test.keystone.stored()[0].body["do_not_disturb"], true);
    assert!(!callable(&test, "L").await);
    test.finish().await;
}

#[tokio::test]
async fn a_used_call_id_hides_no_wish() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let _ = test
        .dispose(TENANT, "L", &minimal_disposition("C", "no_answer"))
        .await
        .expect(202);
    let refused = test
        .dispose(TENANT, "L", &minimal_disposition("C", "dnc_requested"))
        .await
        .expect(409);
    assert_eq!(refused.json()["do_not_call_recorded"], true);
    assert!(!callable(&test, "L").await);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn the_alert_of_a_used_call_id_can_close() {
    let test = TestNode::start().await;
    for lead in ["L", "M"] {
        test.keystone.seed(KeystoneLead::new(lead));
        let _ = test
            .dispose(TENANT, lead, &minimal_disposition(lead, "no_answer"))
            .await
            .expect(202);
    }
    let wish = async |lead: &str| {
        let refused = test
            .dispose(TENANT, lead, &minimal_disposition(lead, "dnc_requested"))
            .await
            .expect(409);
        assert_eq!(refused.json()["do_not_call_recorded"], true);
    };
    for lead in ["L", "M"] {
        wish(lead).await;
    }
    let alerts = open_alerts(&test).await;
    assert_eq!(alerts.len(), 2);
    assert!(
        alerts[0].message.contains("post the wish under another call_id"),
        "{}",
        alerts[0].message
    );

    // A person who has told the CRM acknowledges it, and the calling platform's repeats do not open it again.
    let now = jackfield_clock::Clock::now(&test.clock);
    assert!(test.store().acknowledge_alert(alerts[0].id, now).await.unwrap());
    wish("M").await;
    assert_eq!(open_alerts(&test).await.len(), 1);
    // A disposition with the wish tells the CRM, and no later refusal asks for that again.
    let _ = test
        .dispose(TENANT, "L", &minimal_disposition("C-9", "dnc_requested"))
        .await
        .expect(202);
    wish("L").await;
    assert_eq!(open_alerts(&test).await, []);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn a_wish_elsewhere_is_accepted_and_heard() {
    let test = TestNode::start().await;
    for (n, more) in [
        r#","flags":{"dnc_requested":false},"dnc_requested":"yes""#,
        r#","crm":{"Do Not Call":1}"#,
        r#","flags":{"dnc":true}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let lead = format!("L-{n}");
        test.keystone.seed(KeystoneLead::new(lead.clone()));
        let call = format!(r#""call_metadata":{{"call_id":"C-{n}"}},"qualification":{{"outcome":"no_answer"}}"#);
        let _ = dispose(&test, &lead, format!("{{{call}{more}}}")).await.expect(202);
        assert!(!callable(&test, &lead).await, "{more}");
    }
    test.work().await;
    assert!(
        test.keystone
            .stored()
            .iter()
            .all(|call| call.body["do_not_disturb"] == true)
    );
    test.finish().await;
}

#[tokio::test]
async fn strangers_and_other_documents_record_nothing() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let wish = r#"{"flags":{"dnc_requested":true}"#;
    let path = format!("/v1/tenants/{TENANT}/leads/L/disposition");
    let mut request = test.request(Method::POST, &path, wish.into());
    request.headers_mut().remove("authorization");
    let _ = test.public(request).await.expect(401);
    let refused = dispose(&test, "L", r#"{"flags":{"dnc_requested":false}"#)
        .await
        .expect(400);
    assert_eq!(refused.json().get("do_not_call_recorded"), None);
    assert!(callable(&test, "L").await);
    assert_eq!(open_alerts(&test).await, []);
    test.finish().await;
}

#[tokio::test]
async fn bodies_that_are_not_read_are_heard() {
    // Too large, under an encoding that the host does not read, or cut off: what arrived is searched.
    let test = TestNode::start().await;
    let wish = r#"{"flags":{"dnc_requested":true},"call_metadata":{"call_id":"C"},"#.to_owned();
    let cut_off = futures_util::stream::iter([Ok(wish.clone()), Err(std::io::Error::other("gone"))]);
    let cases = [
        (413, "identity", Body::from(wish.clone() + &" ".repeat(1 << 20))),
        (
            415,
            "br",
            Body::from(wish.clone() + r#""qualification":{"outcome":"no_answer"}}"#),
        ),
        (400, "identity", Body::from_stream(cut_off)),
    ];
    for (n, (status, encoding, body)) in cases.into_iter().enumerate() {
        let lead = format!("L-{n}");
        test.keystone.seed(KeystoneLead::new(lead.clone()));
        let path = format!("/v1/tenants/{TENANT}/leads/{lead}/disposition");
        let mut request = test.request(Method::POST, &path, body);
        request
            .headers_mut()
            .insert("content-encoding", encoding.parse().unwrap());
        let refused = test.public(request).await.expect(status);
        assert_eq!(refused.json()["do_not_call_recorded"], true, "{}", refused.text);
        assert!(!callable(&test, &lead).await, "{lead}");
    }
    // Without a sign of the wish, nothing is recorded.
    let large = dispose(&test, "L-9", " ".repeat((1 << 20) + 1)).await.expect(413);
    assert_eq!(large.json().get("do_not_call_recorded"), None);
    test.finish().await;
}
