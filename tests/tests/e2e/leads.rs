//! Leads from the CRM: verified, deduplicated, parsed, pushed and pulled.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use jackfield_domain::delivery::DeliveryState;
use jackfield_store::{DeliveryEdit, DeliveryFilter};
use jackfield_tests::documents::{groundwork_webhook, lead_created};
use jackfield_tests::node::{TestNode, WEBHOOK_SECRET, first_page};
use rcgen::{KeyPair, PKCS_ED25519, SigningKey as _};

const TENANT: &str = "dwarka-homes";

async fn deliveries(test: &TestNode) -> usize {
    test.store()
        .deliveries(&DeliveryFilter::default(), first_page())
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn lead_is_stored_acknowledged_and_pushed() {
    let test = TestNode::start().await;
    let body = lead_created("CRM-LEAD-1", "KEY-1");
    let answer = test
        .webhook(TENANT, "msg_1", body.to_string().as_bytes())
        .await
        .expect(202);
    assert_eq!(answer.member("lead_id"), "CRM-LEAD-1");
    assert_eq!(answer.member("accepted_at"), "2026-07-01T09:00:00Z");
    assert!(answer.headers.contains_key("x-request-id"));

    assert_eq!(test.work().await, 1);
    let received = test.agent.stored();
    assert_eq!(received.len(), 1, "the agent checked the signature itself");
    assert_eq!(received[0].body, body);
    assert_eq!(received[0].webhook_id, answer.member("delivery"));
    let delivery = test.delivery(TENANT, &answer.member("delivery")).await;
    assert_eq!(
        (&delivery["state"], &delivery["attempts"][0]["http_status"]),
        (&"done".into(), &204.into())
    );
    test.finish().await;
}

#[tokio::test]
async fn retry_gets_the_first_receipt() {
    let test = TestNode::start().await;
    let body = lead_created("CRM-LEAD-1", "KEY-1").to_string();
    let first = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(202);
    test.work().await;
    test.advance(std::time::Duration::from_secs(100));
    let same_id = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(200);
    let other_id = test.webhook(TENANT, "msg_2", body.as_bytes()).await.expect(200);
    assert_eq!((&same_id.text, &other_id.text), (&first.text, &first.text));
    assert_eq!(test.work().await, 0);
    assert_eq!(test.agent.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn key_with_another_body_is_refused() {
    let test = TestNode::start().await;
    let send = async |id: &str, lead: &str, key: &str| {
        test.webhook(TENANT, id, lead_created(lead, key).to_string().as_bytes())
            .await
    };
    let _ = send("msg_1", "CRM-LEAD-1", "KEY-1").await.expect(202);
    let same_message = send("msg_1", "CRM-LEAD-2", "KEY-2").await.expect(422);
    assert_eq!(same_message.member("type"), "urn:jackfield:problem:conflict");
    let _ = send("msg_2", "CRM-LEAD-2", "KEY-1").await.expect(422);
    assert_eq!(deliveries(&test).await, 1);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn key_expires_after_its_window() {
    let test = TestNode::start().await;
    let body = lead_created("CRM-LEAD-1", "KEY-1").to_string();
    let hour = std::time::Duration::from_hours(1);
    let first = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(202);
    test.advance(hour * 167);
    let _ = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(200);
    test.advance(hour);
    let again = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(202);
    assert_ne!(again.member("receipt"), first.member("receipt"));
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn forgeries_look_alike_and_store_nothing() {
    let test = TestNode::start().await;
    let body = lead_created("CRM-LEAD-1", "KEY-1").to_string();
    let mut answers = vec![];

    let unsigned = Request::post(format!("/v1/tenants/{TENANT}/leads"))
        .body(Body::from(body.clone()))
        .unwrap();
    answers.push(test.public(unsigned).await);
    answers.push(test.webhook("no-such-tenant", "msg_1", body.as_bytes()).await);
    answers.push(test.webhook("NOT%20A%20NAME", "msg_1", body.as_bytes()).await);
    let mut altered = test.signed(TENANT, "msg_1", body.as_bytes());
    *altered.body_mut() = Body::from(body.replace("CRM-LEAD-1", "CRM-LEAD-2"));
    answers.push(test.public(altered).await);
    let mut other_id = test.signed(TENANT, "msg_1", body.as_bytes());
    other_id.headers_mut().insert("webhook-id", "msg_2".parse().unwrap());
    answers.push(test.public(other_id).await);
    let old = test.signed(TENANT, "msg_1", body.as_bytes());
    test.advance(std::time::Duration::from_secs(301));
    answers.push(test.public(old).await);

    let without_request_id = |text: &str| {
        let mut body: serde_json::Value = serde_json::from_str(text).unwrap();
        body["request_id"].take();
        body
    };
    for answer in answers {
        let answer = answer.expect(401);
        assert_eq!(
            without_request_id(&answer.text)["detail"],
            "the tenant, the token or the signature is not valid"
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    assert_eq!(deliveries(&test).await, 0);
    // If any of them had stored its key, the genuine one would now be a repeat or a conflict.
    let _ = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(202);
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn tenants_may_use_the_same_keys() {
    let test = TestNode::start().await;
    let _ = test
        .apply(&test.dwarka("").replace("dwarka-homes", "noida-towers"))
        .await;
    let body = lead_created("CRM-LEAD-1", "KEY-1").to_string();
    let _ = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(202);
    let _ = test.webhook("noida-towers", "msg_1", body.as_bytes()).await.expect(202);
    assert_eq!(test.work().await, 2);
    test.finish().await;
}

#[tokio::test]
async fn invalid_lead_names_its_fields() {
    let test = TestNode::start().await;
    let mut body = lead_created("CRM-LEAD-1", "KEY-1");
    body["lead"]["phone"] = "call me".into();
    body["lead"].as_object_mut().unwrap().remove("id");
    let answer = test
        .webhook(TENANT, "msg_1", body.to_string().as_bytes())
        .await
        .expect(422);
    let pointers: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/lead/id", "/lead/phone"]);
    assert!(
        !answer.text.contains("call me"),
        "a value may be personal data: {}",
        answer.text
    );
    let answer = test.webhook(TENANT, "msg_1", b"{\"event\":").await.expect(400);
    assert!(answer.member("detail").contains("line 1, column 9"), "{}", answer.text);
    assert_eq!(deliveries(&test).await, 0);
    test.finish().await;
}

#[tokio::test]
async fn body_over_the_cap_is_refused() {
    let test = TestNode::start().await;
    let _ = test
        .webhook(TENANT, "msg_1", &vec![b' '; 1024 * 1024 + 1])
        .await
        .expect(413);
    let _ = test
        .webhook(TENANT, "msg_1", &vec![b' '; 1024 * 1024])
        .await
        .expect(400);
    test.finish().await;
}

#[tokio::test]
async fn raw_request_is_kept_without_credentials() {
    let test = TestNode::start().await;
    let mut request = test.signed(
        TENANT,
        "msg_1",
        lead_created("CRM-LEAD-1", "KEY-1").to_string().as_bytes(),
    );
    request
        .headers_mut()
        .insert("authorization", "Bearer should-not-be-kept".parse().unwrap());
    let _ = test.public(request).await.expect(202);
    test.work().await;
    let database = std::fs::read(test.data_dir().join("jackfield.db")).unwrap();
    let log = std::fs::read(test.data_dir().join("jackfield.db-wal")).unwrap_or_default();
    let holds = |text: &str| {
        [&database, &log]
            .iter()
            .any(|file| file.windows(text.len()).any(|w| w == text.as_bytes()))
    };
    assert!(holds("webhook-signature") && holds("META-JUN26-DWK"));
    assert!(!holds("should-not-be-kept"));
    test.finish().await;
}

#[tokio::test]
async fn crm_document_is_parsed_by_the_worker() {
    let test = TestNode::start().await;
    let answer = test
        .webhook("saket-estates", "msg_1", groundwork_webhook("GW-1001").as_bytes())
        .await
        .expect(202);
    assert_eq!(
        answer.json()["lead_id"],
        serde_json::Value::Null,
        "not parsed in the request"
    );
    assert_eq!(test.work().await, 2, "parse, then push");
    let pushed = &test.agent.stored()[0].body["lead"];
    assert_eq!(
        (&pushed["id"], &pushed["phone"], &pushed["call_priority"]),
        (&"GW-1001".into(), &"+919800000000".into(), &"high".into())
    );
    assert_eq!(pushed["name"], "आशा");
    let _ = test
        .webhook("saket-estates", "msg_1", groundwork_webhook("GW-1001").as_bytes())
        .await
        .expect(200);
    assert_eq!(test.work().await, 0);
    test.finish().await;
}

#[tokio::test]
async fn unparsable_webhook_can_be_edited() {
    // What cannot be parsed goes to review with its bytes, and is delivered after an edit.
    let test = TestNode::start().await;
    let wrong = groundwork_webhook("GW-1001").replace("9800000000", "98000");
    let answer = test
        .webhook("saket-estates", "msg_1", wrong.as_bytes())
        .await
        .expect(202);
    test.work().await;
    let id = answer.member("delivery").parse().unwrap();
    let found = test.store().delivery(id).await.unwrap().unwrap();
    assert_eq!(
        (found.summary.state, found.payload),
        (DeliveryState::Review, wrong.into_bytes())
    );
    assert!(
        found.attempts[0]
            .detail
            .rejection
            .as_ref()
            .unwrap()
            .fields
            .iter()
            .any(|f| f.pointer == "mobile")
    );
    assert_eq!(test.agent.stored().len(), 0);
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap();
    assert_eq!(alerts.items.len(), 1);

    assert!(
        test.store()
            .edit(DeliveryEdit {
                id,
                payload: groundwork_webhook("GW-1001").into_bytes(),
                lead: None,
                do_not_call: false,
                now: jiff::Timestamp::UNIX_EPOCH,
            })
            .await
            .unwrap()
    );
    assert_eq!(test.replay(vec![id], false).await, 1);
    test.work().await;
    assert_eq!(test.agent.stored()[0].body["lead"]["id"], "GW-1001");
    test.finish().await;
}

#[tokio::test]
async fn pull_returns_urgent_leads_first() {
    let test = TestNode::start().await;
    test.apply(test.dwarka("").split("[agent]").next().unwrap()).await;
    let send = async |lead: &str, priority: &str| {
        let mut body = lead_created(lead, &format!("KEY-{lead}"));
        body["lead"]["call_priority"] = priority.into();
        let _ = test
            .webhook(TENANT, &format!("msg_{lead}"), body.to_string().as_bytes())
            .await
            .expect(202);
    };
    let pull = async |after: &str, limit: u32| {
        let page = test
            .get(&format!("/v1/tenants/{TENANT}/leads?after={after}&limit={limit}"))
            .await
            .expect(200)
            .json();
        let ids: Vec<_> = page["leads"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l["lead"]["id"].as_str().unwrap().to_owned())
            .collect();
        (ids, page["next"].as_str().unwrap().to_owned())
    };
    for (lead, priority) in [("L1", "low"), ("N1", "normal"), ("H1", "high"), ("N2", "normal")] {
        send(lead, priority).await;
    }
    let (ids, next) = pull("", 3).await;
    assert_eq!(ids, ["H1", "N1", "N2"]);
    send("H2", "high").await;
    let (ids, next) = pull(&next, 10).await;
    assert_eq!(ids, ["H2", "L1"]);
    let (ids, last) = pull(&next, 10).await;
    assert_eq!((ids.len(), last), (0, next));
    assert_eq!(test.work().await, 0, "nothing is pushed");
    let _ = test
        .get(&format!("/v1/tenants/{TENANT}/leads?after=nonsense"))
        .await
        .expect(400);
    test.finish().await;
}

#[tokio::test]
async fn agent_endpoints_require_its_token() {
    let test = TestNode::start().await;
    for path in [
        "/v1/tenants/dwarka-homes/leads",
        "/v1/tenants/dwarka-homes/leads/L/status",
        "/v1/tenants/dwarka-homes/deliveries/dlv_1",
        "/v1/tenants/no-such/leads/L/status",
    ] {
        for token in [None, Some("Bearer jfa_wrong"), Some("Basic eDp5")] {
            let mut request = Request::builder().method(Method::GET).uri(path);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let answer = test.public(request.body(Body::empty()).unwrap()).await.expect(401);
            assert_eq!(
                answer.member("detail"),
                "the tenant, the token or the signature is not valid"
            );
        }
    }
    let mut other = test.request(Method::GET, "/v1/tenants/saket-estates/leads", Body::empty());
    *other.uri_mut() = "/v1/tenants/dwarka-homes/leads".parse().unwrap();
    let _ = test.public(other).await.expect(401);
    test.finish().await;
}

#[tokio::test]
async fn webhooks_by_a_public_key_are_accepted() {
    // A sender may sign with Ed25519 (`v1a`); the host has only its public key.
    let test = TestNode::start().await;
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let public = format!("whpk_{}", STANDARD.encode(key.public_key_raw()));
    let body = lead_created("CRM-LEAD-1", "KEY-1").to_string();
    let signed = |id: &str, body: &str| {
        let mut request = test.signed(TENANT, id, body.as_bytes());
        let timestamp = request.headers()["webhook-timestamp"].to_str().unwrap().to_owned();
        let signature = key.sign(format!("{id}.{timestamp}.{body}").as_bytes()).unwrap();
        let value = format!("v1a,{}", STANDARD.encode(signature));
        request
            .headers_mut()
            .insert("webhook-signature", value.parse().unwrap());
        request
    };
    let _ = test.public(signed("msg_1", &body)).await.expect(401);
    let secret = format!("{{ value = \"{WEBHOOK_SECRET}\" }}");
    let both = format!("{secret}, {{ value = \"{public}\" }}");
    test.apply(&test.dwarka("").replace(&secret, &both)).await;
    let _ = test.public(signed("msg_1", &body)).await.expect(202);
    let _ = test.webhook(TENANT, "msg_1", body.as_bytes()).await.expect(200);
    let mut altered = signed("msg_2", &body);
    *altered.body_mut() = Body::from(body.replace("CRM-LEAD-1", "CRM-LEAD-2"));
    let _ = test.public(altered).await.expect(401);
    test.work().await;
    test.finish().await;
}
