//! ridgeline, by the adapter in Go, read back from its CRM, which versions its records and clears a field on null.

use std::time::Duration;

use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_store::DeliveryDetail;
use jackfield_tests::components::component;
use jackfield_tests::documents::{disposition, minimal_disposition, ridgeline_tenant};
use jackfield_tests::fakes::{Behaviour, Mode, Ridgeline, RidgelineConfig, RidgelineInteraction, RidgelineProspect};
use jackfield_tests::node::TestNode;
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const KEY: &str = "ridgeline-canary-key";

const TABLE: [(&str, &str); 13] = [
    ("qualified_visit_booked", "SITE_VISIT_FIXED"),
    ("qualified_no_visit", "QUALIFIED"),
    ("callback_requested", "CALL_BACK"),
    ("not_interested_budget", "LOST_BUDGET"),
    ("not_interested_location", "LOST_LOCATION"),
    ("not_interested_timeline", "LOST_TIMELINE"),
    ("already_purchased", "ALREADY_BOUGHT"),
    ("wrong_number", "WRONG_NUMBER"),
    ("dnc_requested", "DO_NOT_CALL"),
    ("no_answer", "NO_RESPONSE"),
    ("invalid_number", "INVALID_NUMBER"),
    ("duplicate_suppressed", "DUPLICATE"),
    ("wants_a_penthouse", "OTHER"),
];

async fn served() -> (TestNode, Ridgeline) {
    let test = TestNode::empty().await;
    let crm = Ridgeline::start(RidgelineConfig::new(KEY)).await.unwrap();
    test.node.rollout.push_adapter(component("ridgeline")).await.unwrap();
    let secret = format!("{{ value = \"{KEY}\" }}");
    test.apply(&ridgeline_tenant(TENANT, &crm.origin(), &secret, "")).await;
    (test, crm)
}

/// Reports a call and delivers it.
async fn reported(test: &TestNode, lead: &str, body: &Value) -> DeliveryDetail {
    let id = test.accept(TENANT, lead, body).await;
    test.work().await;
    test.stored_delivery(&id).await
}

fn stored(crm: &Ridgeline, call: &str) -> RidgelineInteraction {
    let all = crm.stored();
    all.into_iter().find(|each| each.body["call_ref"] == call).unwrap()
}

#[tokio::test]
async fn every_outcome_arrives_full_and_minimal() {
    // Every outcome arrives, with every field of the contract and with the fewest.
    let (test, crm) = served().await;
    for (n, (word, _)) in TABLE.iter().enumerate() {
        for form in ["whole", "bare"] {
            let (lead, call) = (format!("LEAD-{n}-{form}"), format!("CALL-{n}-{form}"));
            crm.seed(RidgelineProspect::new(&lead));
            let body = if form == "whole" {
                disposition(&call, word)
            } else {
                minimal_disposition(&call, word)
            };
            let _ = test.dispose(TENANT, &lead, &body).await.expect(202);
        }
    }
    assert_eq!(test.work().await, 2 * TABLE.len());
    assert_eq!((crm.stored().len(), crm.counts().refused), (2 * TABLE.len(), 0));
    for (n, (word, code)) in TABLE.iter().enumerate() {
        let whole = stored(&crm, &format!("CALL-{n}-whole"));
        let mut expected = json!({
            "call_ref": format!("CALL-{n}-whole"), "disposition": code, "called_on": "01-JUL-2026",
            "called_at": "14:30", "duration_sec": 306, "language": "HINDI",
            "visit": { "on": "05-JUL-2026", "at": "11:00" },
            "recording": "https://storage.agent.example/recordings/ZAP-CALL-20260701-0001.mp3",
            "transcript": "https://storage.agent.example/transcripts/ZAP-CALL-20260701-0001.json",
        });
        if *code == "OTHER" {
            expected["disposition_text"] = json!(word);
        }
        assert_eq!(json!(whole.body), expected, "{word}");
        let details = json!({ "budget_min_lakh": 85, "budget_max_lakh": 120, "intent_score": 82, "unit_type": "3BHK",
            "possession": "18_MONTHS", "loan": "YES", "purpose": "END_USE", "residency": "RESIDENT" });
        assert_eq!(json!(whole.details), details, "{word}");

        let bare = stored(&crm, &format!("CALL-{n}-bare"));
        assert_eq!((bare.details.len(), bare.version), (0, 8), "{word}");
        assert_eq!(bare.body.len(), if *code == "OTHER" { 5 } else { 4 }, "{word}");
        for form in ["whole", "bare"] {
            let status = test
                .status(TENANT, &format!("LEAD-{n}-{form}"))
                .await
                .expect(200)
                .json();
            assert_eq!(status["dnc"], json!(*word == "dnc_requested"), "{word}");
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn unknown_values_clear_nothing() {
    let (test, crm) = served().await;
    let known = json!({ "budget_min_lakh": 85.5, "loan": "YES", "unit_type": "2BHK" });
    crm.seed(RidgelineProspect {
        details: known.as_object().unwrap().clone(),
        ..RidgelineProspect::new("L")
    });
    let mut body = minimal_disposition("C-1", "callback_requested");
    body["qualification"]["budget_min"] = Value::Null;
    body["qualification"]["loan_required"] = json!(false);
    assert_eq!(reported(&test, "L", &body).await.summary.state, DeliveryState::Done);
    let expected = json!({ "budget_min_lakh": 85.5, "loan": "NO", "unit_type": "2BHK" });
    assert_eq!(json!(stored(&crm, "C-1").details), expected);
    test.finish().await;
}

#[tokio::test]
async fn edge_values_arrive_unchanged() {
    let (test, crm) = served().await;
    crm.seed(RidgelineProspect::new("L"));
    let cases = [
        ("C-0", 0_i64, 0_i64, json!(0), json!(0), Value::Null),
        ("C-1", 1_000, 8_550_000, json!(0.01), json!(85.5), Value::Null),
        (
            "C-2",
            99_999_999_000,
            100_000_000_000,
            json!(999_999.99),
            json!(1_000_000),
            Value::Null,
        ),
        (
            "C-3",
            8_550_500,
            12_000_001,
            json!(999_999.99), // unchanged: an amount that does not fit is noted, not rounded
            json!(1_000_000),
            json!("Budget from: Rs 85,50,500. Budget to: Rs 1,20,00,001"),
        ),
    ];
    for (call, min, max, min_lakh, max_lakh, note) in cases {
        let mut body = minimal_disposition(call, "not_interested_budget");
        body["qualification"]["budget_min"] = json!(min);
        body["qualification"]["budget_max"] = json!(max);
        assert_eq!(
            reported(&test, "L", &body).await.summary.state,
            DeliveryState::Done,
            "{call}"
        );
        let kept = stored(&crm, call);
        assert_eq!(
            (&kept.details["budget_min_lakh"], &kept.details["budget_max_lakh"]),
            (&min_lakh, &max_lakh),
            "{call}"
        );
        assert_eq!(kept.body.get("note").unwrap_or(&Value::Null), &note, "{call}");
    }
    let visits = [
        (
            "V-1",
            "2028-02-29",
            "00:00",
            "Asia/Kolkata",
            Some(("29-FEB-2028", "00:00")),
        ),
        (
            "V-2",
            "2026-12-31",
            "23:00",
            "Asia/Dubai",
            Some(("01-JAN-2027", "00:30")),
        ),
        (
            "V-3",
            "2027-02-28",
            "23:59",
            "Asia/Kolkata",
            Some(("28-FEB-2027", "23:59")),
        ),
    ];
    for (call, day, slot, zone, expected_visit) in visits {
        let mut body = minimal_disposition(call, "qualified_visit_booked");
        body["site_visit"] = json!({ "booked": true, "date": day, "time_slot": slot, "timezone": zone });
        assert_eq!(
            reported(&test, "L", &body).await.summary.state,
            DeliveryState::Done,
            "{call}"
        );
        let (on, at) = expected_visit.unwrap();
        assert_eq!(
            stored(&crm, call).body["visit"],
            json!({ "on": on, "at": at }),
            "{call}"
        );
    }
    // From 14:30 in India to midnight: the next day.
    test.advance(Duration::from_mins(9 * 60 + 30));
    let mut hindi = minimal_disposition("H-1", "callback_requested");
    hindi["flags"] = json!({ "language_used": "हिन्दी" });
    hindi["qualification"]["floor"] = json!("ऊपर की मंज़िल");
    assert_eq!(reported(&test, "L", &hindi).await.summary.state, DeliveryState::Done);
    let kept = stored(&crm, "H-1").body;
    assert_eq!(
        (&kept["called_on"], &kept["called_at"]),
        (&json!("02-JUL-2026"), &json!("00:00"))
    );
    assert_eq!(
        kept["custom"],
        json!({ "/flags/language_used": "हिन्दी", "/qualification/floor": "ऊपर की मंज़िल" })
    );
    test.finish().await;
}

#[tokio::test]
async fn version_conflict_is_reread_then_retried() {
    // A prospect whose version moves is read again, and after some tries left to the host, which tries again within
    // seconds and does not count.
    for (moves, attempts) in [(0, 1), (2, 1), (3, 2)] {
        let (test, crm) = served().await;
        crm.seed(RidgelineProspect {
            moves,
            ..RidgelineProspect::new("L")
        });
        let first = reported(&test, "L", &minimal_disposition("C-1", "no_answer")).await;
        let id = first.summary.id.to_string();
        if attempts == 2 {
            assert_eq!(first.attempts[0].class.unwrap().word(), "conflict");
            let reason = "the prospect's version moved 3 times before it could be written";
            let detail = &first.attempts[0].detail;
            assert_eq!(detail.reason.as_deref(), Some(reason));
            let last = detail.request.as_ref().unwrap();
            assert_eq!(
                (last.method.as_str(), last.path.as_str(), last.step, detail.http_status),
                ("PATCH", "/v2/prospects/L", 6, Some(409))
            );
            assert!(crm.stored().is_empty());
            test.advance(Duration::from_secs(2));
            test.work().await;
        }
        let after = test.stored_delivery(&id).await;
        assert_eq!(
            (after.summary.state, after.attempts.len()),
            (DeliveryState::Done, attempts),
            "{moves}"
        );
        let kept = stored(&crm, "C-1");
        assert_eq!((kept.version, kept.repeats), (8 + u64::from(moves), 0));
        test.finish().await;
    }
}

#[tokio::test]
async fn landed_write_is_repeated_and_recognised() {
    let (test, crm) = served().await;
    crm.seed(RidgelineProspect {
        crashes: 1,
        ..RidgelineProspect::new("L")
    });
    let first = reported(&test, "L", &minimal_disposition("C-1", "no_answer")).await;
    assert_eq!(first.attempts[0].class.unwrap().word(), "unknown");
    assert_eq!(crm.stored().len(), 1, "it was stored without an answer");
    test.advance(Duration::from_secs(33));
    test.work().await;
    let after = test.stored_delivery(&first.summary.id.to_string()).await;
    assert_eq!(after.summary.state, DeliveryState::Done);
    assert_eq!(after.summary.reference.as_deref(), Some("RL-1"));
    let kept = stored(&crm, "C-1");
    assert_eq!((crm.stored().len(), kept.version, kept.repeats), (1, 8, 1));
    test.finish().await;
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let (test, crm) = served().await;
    crm.seed(RidgelineProspect::new("L"));

    let unknown = reported(&test, "NOBODY", &minimal_disposition("C-1", "no_answer")).await;
    assert_eq!(unknown.summary.reason, Some(StopReason::NotFound));

    // A key with a tilde is safe in headers and URLs, and ridgeline's own rule for references is narrower.
    let refused = reported(&test, "L", &minimal_disposition("C~1", "no_answer")).await;
    assert_eq!(refused.summary.reason, Some(StopReason::Rejected));
    let rejection = refused.attempts[0].detail.rejection.as_ref().unwrap();
    assert_eq!((rejection.code.as_str(), rejection.fields.len()), ("INVALID", 1));
    assert_eq!(rejection.fields[0].pointer, "interaction.call_ref");

    crm.behave(Behaviour::next(1, Mode::RateLimited).retry_after(7));
    let slow = reported(&test, "L", &minimal_disposition("C-2", "no_answer")).await;
    assert_eq!(slow.attempts[0].class.unwrap().word(), "rate-limited");
    crm.behave(Behaviour::next(1, Mode::Maintenance));
    test.advance(Duration::from_secs(8));
    test.work().await;
    let down = test.stored_delivery(&slow.summary.id.to_string()).await;
    assert_eq!(down.attempts[1].class.unwrap().word(), "unavailable");
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(
        test.stored_delivery(&slow.summary.id.to_string()).await.summary.state,
        DeliveryState::Done
    );

    let secret = "{ value = \"not-the-key\" }";
    test.apply(&ridgeline_tenant(TENANT, &crm.origin(), secret, "")).await;
    let locked = reported(&test, "L", &minimal_disposition("C-3", "no_answer")).await;
    assert_eq!(locked.attempts[0].class.unwrap().word(), "unauthorized");
    let secret = format!("{{ value = \"{KEY}\" }}");
    test.apply(&ridgeline_tenant(TENANT, &crm.origin(), &secret, "")).await;
    test.advance(Duration::from_mins(2));
    test.work().await;
    assert_eq!(
        test.stored_delivery(&locked.summary.id.to_string()).await.summary.state,
        DeliveryState::Done
    );
    test.finish().await;
}

#[tokio::test]
async fn status_comes_from_ridgeline() {
    let (test, crm) = served().await;
    crm.seed(RidgelineProspect {
        stage: "IN_TALKS".into(),
        owner_contacted: Some(true),
        last_contact: Some(json!({ "on": "30-JUN-2026", "at": "18:05" })),
        ..RidgelineProspect::new("a/b ज")
    });
    let answer = test.status(TENANT, "a%2Fb%20%E0%A4%9C").await.expect(200).json();
    let expected = json!({ "lead_id": "a/b ज", "callable": true, "status": "in_talks", "dnc": false,
        "human_contacted": true, "last_call_attempt": "2026-06-30T18:05:00+05:30" });
    assert_eq!(answer, expected);

    crm.seed(RidgelineProspect {
        contact_policy: "DO_NOT_CALL".into(),
        ..RidgelineProspect::new("DND")
    });
    let answer = test.status(TENANT, "DND").await.expect(200).json();
    assert_eq!((&answer["callable"], &answer["dnc"]), (&json!(false), &json!(true)));

    let nobody = test.status(TENANT, "NOBODY").await.json();
    assert_eq!(nobody["callable"], json!(false));
    crm.behave(Behaviour::next(1, Mode::Maintenance));
    let down = test.status(TENANT, "DND").await;
    assert!(!down.status.is_success());
    assert_eq!(down.json()["callable"], json!(false));
    test.finish().await;
}
