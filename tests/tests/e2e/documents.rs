//! Documents as they are sent: their digits, blanks, duplicates and harmless faults.

use axum::body::Body;
use http::Method;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{GroundworkLead, KeystoneLead};
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use jackfield_tests::response::TestResponse;
use serde_json::json;

const TENANT: &str = "saket-estates";

/// A disposition with digits that no floating-point number holds.
fn with_reference(reference: &str) -> String {
    format!(
        r#"{{"call_metadata":{{"call_id":"C-01","crm_ref":{reference}}},
            "qualification":{{"outcome":"no_answer","rate":1.10,"loan_limit":1e2}}}}"#
    )
}

async fn dispose(test: &TestNode, body: impl Into<Body>) -> TestResponse {
    let path = format!("/v1/tenants/{TENANT}/leads/L/disposition");
    test.public(test.request(Method::POST, &path, body.into())).await
}

async fn payload(test: &TestNode, id: &str) -> String {
    String::from_utf8(test.stored_delivery(id).await.payload).unwrap()
}

#[tokio::test]
async fn digits_reach_the_crm_as_they_were_sent() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("L"));
    let body = with_reference("100000000000000000000001");
    let first = dispose(&test, body.clone()).await.expect(202);
    let formatted = body.replace('\n', "\r\n ").replace("no_answer", "no\\u005fanswer");
    let _ = dispose(&test, formatted).await.expect(200);
    let _ = dispose(&test, with_reference("100000000000000000000002"))
        .await
        .expect(409);
    let _ = dispose(&test, body.replace("1.10", "1.1")).await.expect(409);
    test.work().await;
    let stored = test.groundwork.stored();
    let remark = stored[0].get("remark");
    for kept in [
        "/call_metadata/crm_ref=100000000000000000000001",
        "/qualification/rate=1.10",
        "/qualification/loan_limit=1e2",
    ] {
        assert!(remark.contains(kept), "{remark}");
    }
    assert_eq!(payload(&test, &first.member("delivery")).await, body);
    test.finish().await;
}

#[tokio::test]
async fn digits_reach_a_json_api() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let body = r#"{"call_metadata":{"call_id":"C-01"},
        "qualification":{"outcome":"no_answer","n":12345678901234567890}}"#;
    let path = "/v1/tenants/dwarka-homes/leads/L/disposition";
    let _ = test
        .public(test.request(Method::POST, path, body.into()))
        .await
        .expect(202);
    test.work().await;
    let custom = &test.keystone.stored()[0].body["custom"];
    assert_eq!(custom["/qualification/n"].as_u64(), Some(12_345_678_901_234_567_890));
    test.finish().await;
}

#[tokio::test]
async fn digits_are_shown_and_pulled() {
    let test = TestNode::start().await;
    test.apply(test.dwarka("").split("[agent]").next().unwrap()).await;
    let operator = Operator::create(&test).await;
    let lead = r#"{"id":"L-1","phone":"+919800000000","budget":1.10,"ref":100000000000000000000001}"#;
    let body = &format!(r#"{{"event":"lead.created","lead":{lead}}}"#);
    let accepted = test.webhook("dwarka-homes", "msg_1", body.as_bytes()).await.expect(202);
    // The same lead in other words is a repeat, another budget is not.
    let spaced = format!("\u{feff} {}", body.replace(',', " ,\n"));
    let _ = test
        .webhook("dwarka-homes", "msg_1", spaced.as_bytes())
        .await
        .expect(200);
    let other = body.replace("1.10", "1.1");
    let _ = test
        .webhook("dwarka-homes", "msg_1", other.as_bytes())
        .await
        .expect(422);

    let pulled = test.get("/v1/tenants/dwarka-homes/leads?after=").await.expect(200);
    assert!(pulled.text.contains(body.as_str()), "{}", pulled.text);
    let id = accepted.member("delivery");
    for path in [
        format!("/v1/deliveries/{id}?payload=true"),
        "/v1/tenants/dwarka-homes/leads/L-1".into(),
    ] {
        let shown = operator.ask(&test, Method::GET, &path, None).await.expect(200);
        assert!(shown.text.contains(body.as_str()), "{}", shown.text);
    }
    test.finish().await;
}

#[tokio::test]
async fn blank_texts_are_absent() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("L"));
    let body = r#"{"call_metadata":{"call_id":"C-02","duration_seconds":67,"recording_url":"","transcript_url":""},
        "qualification":{"outcome":"dnc_requested"},
        "site_visit":{"booked":false,"date":"","time_slot":"","timezone":""}}"#;
    let _ = dispose(&test, body).await.expect(202);
    assert_eq!(test.status(TENANT, "L").await.expect(200).json()["callable"], false);
    let lead = r#"{"event":"lead.created","timestamp":"2026-11-30T10:00:00+05:30","idempotency_key":"K-02",
        "lead":{"id":"L-02","phone":"+919800000000","phone_alt":"","created_at":""}}"#;
    let _ = test.webhook("dwarka-homes", "msg_2", lead.as_bytes()).await.expect(202);
    test.work().await;
    assert_eq!(test.groundwork.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn harmless_faults_are_mended_for_readers() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("L"));
    let body = r#"{"call_metadata":{"call_id":"C-3"},"qualification":{"outcome":"no_answer","note":"a\ud83d"}}"#;
    let accepted = dispose(&test, format!("\u{feff}{body}")).await.expect(202);
    let mended = body.replace("\\ud83d", "\\ufffd");
    assert_eq!(payload(&test, &accepted.member("delivery")).await, mended);
    let lead = r#"{"event":"lead.created","lead":{"id":"L-3","phone":"+919800000000","name":"\udc00"}}"#;
    let body = format!("\u{feff}{lead}");
    let _ = test.webhook("dwarka-homes", "msg_3", body.as_bytes()).await.expect(202);
    test.work().await;
    assert_eq!(test.groundwork.stored().len(), 1);
    assert_eq!(test.agent.stored()[0].body["lead"]["name"], "\u{fffd}");
    let pulled = test.get("/v1/tenants/dwarka-homes/leads?after=").await.expect(200);
    assert!(pulled.text.contains(&lead.replace("udc00", "ufffd")), "{}", pulled.text);
    test.finish().await;
}

#[tokio::test]
async fn duplicates_are_refused_by_name() {
    let test = TestNode::start().await;
    let body = r#"{"call_metadata":{"call_id":"C"},"qualification":{"outcome":"no_answer","outcome":"wrong_number"}}"#;
    let refused = dispose(&test, body).await.expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/qualification/outcome");
    assert_eq!(refused.json().get("do_not_call_recorded"), None);
    let lead = r#"{"event":"lead.created","lead":{"id":"L-1","id":"L-2","phone":"+919800000000"}}"#;
    let refused = test.webhook("dwarka-homes", "msg_1", lead.as_bytes()).await.expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/lead/id");
    test.finish().await;
}

#[tokio::test]
async fn phones_and_times_have_one_spelling() {
    // dwarka-homes has no country, so its numbers need a country code; all else of a lead stays as it was sent.
    let test = TestNode::start().await;
    let lead = |phone: &str| {
        format!(
            r#"{{"event":"lead.created","timestamp":"2026-11-30t10:00:00+0530","lead":{{
            "id":"L-21a","phone":"{phone}","budget":1.10}}}}"#
        )
    };
    let refused = test
        .webhook("dwarka-homes", "msg_1", lead("98000 00000").as_bytes())
        .await
        .expect(422)
        .json();
    assert_eq!(refused["errors"][0]["pointer"], "/lead/phone");
    assert!(refused.to_string().contains("`country`"), "{refused}");
    let body = lead("\u{202a}+1 (415) 555\u{2013}0100\u{202c}");
    let _ = test.webhook("dwarka-homes", "msg_1", body.as_bytes()).await.expect(202);
    // A retry is recognised by what was sent, under whatever country.
    let file = test.dwarka("");
    test.apply(&format!("country = \"US\"\n{file}")).await;
    let _ = test.webhook("dwarka-homes", "msg_1", body.as_bytes()).await.expect(200);
    let _ = test
        .webhook(
            "dwarka-homes",
            "msg_2",
            lead("415 555 0101").replace("L-21a", "L-21b").as_bytes(),
        )
        .await
        .expect(202);
    test.work().await;
    let pushed: Vec<_> = test.agent.stored().into_iter().map(|push| push.body).collect();
    let phones: Vec<_> = pushed.iter().map(|body| &body["lead"]["phone"]).collect();
    assert_eq!(phones, ["+14155550100", "+14155550101"]);
    assert_eq!(pushed[0]["timestamp"], "2026-11-30T10:00:00+05:30");
    let pulled = test.get("/v1/tenants/dwarka-homes/leads?after=").await.expect(200);
    let passed_on = lead("+14155550100").replace("t10:00:00+0530", "T10:00:00+05:30");
    assert!(pulled.text.contains(&passed_on), "{}", pulled.text);
    test.finish().await;
}

#[tokio::test]
async fn zones_are_names_and_not_abbreviations() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L-1"));
    let visit = |call: &str, zone: &str| {
        let mut document = minimal_disposition(call, "qualified_visit_booked");
        document["site_visit"] = json!({
            "booked": true, "date": "2026-03-29", "time_slot": "02:30", "timezone": zone
        });
        document
    };
    for wrong in ["IST", "GMT+5", "EST5EDT", "India"] {
        let refused = test
            .dispose("dwarka-homes", "L-1", &visit("C-1", wrong))
            .await
            .expect(422);
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/site_visit/timezone",
            "{wrong}"
        );
    }
    // Clocks skip this time; the CRM gets it moved by the length of the gap.
    let _ = test
        .dispose("dwarka-homes", "L-1", &visit("C-1", "Europe/Berlin"))
        .await
        .expect(202);
    test.work().await;
    let stored = &test.keystone.stored()[0].body;
    assert_eq!(
        stored["visit"],
        json!({ "starts_at": "2026-03-29T03:30:00+02:00", "timezone": "Europe/Berlin" })
    );
    test.finish().await;
}
