//! parcel, a SOAP service, by an adapter in Python: every outcome read back, the limits of the contract's values, and
//! each kind of refusal.

use std::time::Duration;

use jackfield_clock::Clock as _;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_store::DeliveryDetail;
use jackfield_tests::components::component;
use jackfield_tests::documents::{disposition, minimal_disposition, parcel_tenant};
use jackfield_tests::fakes::{Behaviour, Mode, Parcel, ParcelCall, ParcelConfig, ParcelLead};
use jackfield_tests::node::{TestNode, at};
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const PASSWORD: &str = "parcel-canary-password";

/// The contract's word and parcel's code.
const TABLE: [(&str, &str); 13] = [
    ("qualified_visit_booked", "VISIT"),
    ("qualified_no_visit", "QUALIFIED"),
    ("callback_requested", "CALLBACK"),
    ("not_interested_budget", "LOST-BUDGET"),
    ("not_interested_location", "LOST-LOCATION"),
    ("not_interested_timeline", "LOST-TIME"),
    ("already_purchased", "BOUGHT"),
    ("wrong_number", "WRONG-PERSON"),
    ("dnc_requested", "DNC"),
    ("no_answer", "NO-ANSWER"),
    ("invalid_number", "DEAD-NUMBER"),
    ("duplicate_suppressed", "DUPLICATE"),
    ("wants_a_penthouse", "OTHER"),
];

/// A host whose only tenant uses parcel, with further tables in its file.
async fn on_parcel(more: &str) -> (TestNode, Parcel) {
    let test = TestNode::empty().await;
    let parcel = Parcel::start(ParcelConfig::new("jackfield", PASSWORD)).await.unwrap();
    test.node.rollout.push_adapter(component("parcel")).await.unwrap();
    let secret = format!("{{ value = \"{PASSWORD}\" }}");
    test.apply(&parcel_tenant(TENANT, &parcel.origin(), &secret, more))
        .await;
    (test, parcel)
}

/// Accepts a disposition of a lead that parcel knows, and tries once.
async fn written(test: &TestNode, parcel: &Parcel, document: &Value) -> DeliveryDetail {
    parcel.seed(ParcelLead::new("L"));
    let id = test.accept(TENANT, "L", document).await;
    test.work().await;
    test.stored_delivery(&id).await
}

fn call<'a>(calls: &'a [ParcelCall], reference: &str) -> &'a ParcelCall {
    calls
        .iter()
        .find(|call| call.get("CallReference") == reference)
        .unwrap()
}

#[tokio::test]
async fn every_outcome_arrives_full_and_minimal() {
    // Every outcome arrives, with every field of the contract and with the fewest.
    let (test, parcel) = on_parcel("").await;
    for (n, (word, _)) in TABLE.iter().enumerate() {
        for form in ["whole", "bare"] {
            let (lead, id) = (format!("LEAD-{n}-{form}"), format!("CALL-{n}-{form}"));
            parcel.seed(ParcelLead::new(&lead));
            let document = if form == "whole" {
                disposition(&id, word)
            } else {
                minimal_disposition(&id, word)
            };
            let _ = test.dispose(TENANT, &lead, &document).await.expect(202);
        }
    }
    assert_eq!(test.work().await, 2 * TABLE.len());
    let calls = parcel.stored();
    assert_eq!(calls.len(), 2 * TABLE.len());
    for (n, (word, code)) in TABLE.iter().enumerate() {
        let whole = call(&calls, &format!("CALL-{n}-whole"));
        let bare = call(&calls, &format!("CALL-{n}-bare"));
        for it in [whole, bare] {
            assert_eq!((it.get("OutcomeCode"), it.repetitions), (*code, 0), "{word}");
            assert_eq!(it.get("DoNotCall"), if *code == "DNC" { "true" } else { "false" });
            assert_eq!(it.get("OutcomeText"), if *code == "OTHER" { *word } else { "" });
            assert_eq!(it.get("CalledOn"), "2026-07-01T14:30:00+05:30");
        }
        let names = [
            "DurationSeconds",
            "IntentScore",
            "BudgetFrom",
            "BudgetTo",
            "UnitType",
            "LoanNeeded",
            "NonResident",
        ];
        assert_eq!(
            names.map(|name| whole.get(name)),
            ["306", "82", "8500000.00", "12000000.00", "3BHK", "true", "false"]
        );
        let visit = ["Visit/VisitDate", "Visit/VisitTime", "Visit/VisitZone"];
        assert_eq!(
            visit.map(|name| whole.get(name)),
            ["2026-07-05", "11:00:00", "Asia/Kolkata"]
        );
        assert!(
            names.iter().chain(&visit).all(|name| bare.get(name).is_empty()),
            "{bare:?}"
        );
        assert_eq!(bare.get("LeadNumber"), format!("LEAD-{n}-bare"));
    }
    test.finish().await;
}

#[tokio::test]
async fn edge_values_arrive_unchanged() {
    let (test, parcel) = on_parcel("").await;
    parcel.seed(ParcelLead::new("L"));
    let mut edge = disposition("EDGE", "मुझे पैंटहाउस चाहिए <अभी> & \"बड़ा\"");
    edge["call_metadata"]["duration_seconds"] = json!(0);
    edge["qualification"]["budget_min"] = json!(0);
    edge["qualification"]["budget_max"] = json!(100_000_000_000_i64);
    edge["qualification"]["bhk_preference"] = Value::Null;
    edge["site_visit"] = json!({"booked": true, "date": "2028-02-29", "time_slot": "00:00", "timezone": "Asia/Dubai"});
    edge["mood"] = json!({"said": "हाँ]]>"});
    let mut wish = minimal_disposition("WISH", "callback_requested");
    wish["site_visit"] = json!({"booked": false, "date": "2026-12-31"});
    wish["flags"] = json!({"language_used": "hin\u{1}di", "duplicate_detected": true});
    for document in [&edge, &wish] {
        let _ = test.dispose(TENANT, "L", document).await.expect(202);
        test.work().await;
        // The year's last second in UTC is already the next year in India.
        test.advance(
            at("2026-12-31T23:59:59Z")
                .duration_since(test.clock.now())
                .unsigned_abs(),
        );
    }
    let calls = parcel.stored();
    let edge = call(&calls, "EDGE");
    let names = ["DurationSeconds", "BudgetFrom", "BudgetTo", "UnitType"];
    assert_eq!(names.map(|name| edge.get(name)), ["0", "0.00", "100000000000.00", ""]);
    assert_eq!(edge.get("OutcomeText"), "मुझे पैंटहाउस चाहिए <अभी> & \"बड़ा\"");
    assert_eq!(edge.get("Remarks"), "/mood={\"said\":\"हाँ]]>\"}");
    let visit = ["Visit/VisitDate", "Visit/VisitTime", "Visit/VisitZone"];
    assert_eq!(
        visit.map(|name| edge.get(name)),
        ["2028-02-29", "00:00:00", "Asia/Dubai"]
    );
    let wish = call(&calls, "WISH");
    assert_eq!(
        (wish.get("CalledOn"), wish.number.as_str()),
        ("2027-01-01T05:29:59+05:30", "PR-2027-000002")
    );
    let names = ["Visit/VisitDate", "Remarks", "Language", "DuplicateLead"];
    assert_eq!(
        names.map(|name| wish.get(name)),
        ["", "visit wish=2026-12-31", "hin\u{fffd}di", "true"]
    );
    test.finish().await;
}

#[tokio::test]
async fn status_comes_from_parcel() {
    let (test, parcel) = on_parcel("").await;
    let lead = |number: &str| ParcelLead::new(number);
    parcel.seed(ParcelLead {
        last_called_on: Some("2026-06-30T23:59:59+05:30".into()),
        ..lead("NEW & ख")
    });
    parcel.seed(ParcelLead {
        stage: 40,
        ..lead("BOOKED")
    });
    parcel.seed(ParcelLead {
        stage: 77,
        ..lead("STRANGE")
    });
    parcel.seed(ParcelLead {
        do_not_call: true,
        ..lead("DNC")
    });
    parcel.seed(ParcelLead {
        owner_spoke: true,
        ..lead("SPOKEN")
    });
    let answer = test.status(TENANT, "NEW%20&%20%E0%A4%96").await.expect(200).json();
    let expected = json!({"lead_id": "NEW & ख", "callable": true, "status": "new", "dnc": false,
        "human_contacted": false, "last_call_attempt": "2026-06-30T23:59:59+05:30"});
    assert_eq!(answer, expected);
    for (number, status, dnc, spoken) in [
        ("BOOKED", "booked", false, false),
        ("STRANGE", "stage_77", false, false),
        ("DNC", "new", true, false),
        ("SPOKEN", "new", false, true),
    ] {
        let answer = test.status(TENANT, number).await.expect(200).json();
        let shown = ["callable", "status", "dnc", "human_contacted"].map(|name| answer[name].clone());
        assert_eq!(
            shown,
            [json!(false), json!(status), json!(dnc), json!(spoken)],
            "{number}"
        );
    }
    let unknown = test.status(TENANT, "NOBODY").await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.json()["callable"]),
        (404, &json!(false))
    );
    for mode in [Mode::FailAfterStore, Mode::Maintenance, Mode::RateLimited, Mode::Down] {
        parcel.behave(Behaviour::next(1, mode));
        let answer = test.status(TENANT, "NEW%20&%20%E0%A4%96").await;
        assert!(answer.status.is_server_error(), "{mode:?}: {}", answer.text);
        assert_eq!(answer.json()["callable"], false, "{mode:?}");
    }
    test.finish().await;
}

#[tokio::test]
async fn tenant_maps_its_own_stages() {
    let test = TestNode::empty().await;
    let parcel = Parcel::start(ParcelConfig::new("jackfield", PASSWORD)).await.unwrap();
    test.node.rollout.push_adapter(component("parcel")).await.unwrap();
    let secret = format!("{{ value = \"{PASSWORD}\" }}");
    let file = parcel_tenant(TENANT, &parcel.origin(), &secret, "");
    let with = |stages: &str| file.replacen("base_url", &format!("stages = \"{stages}\"\nbase_url"), 1);
    parcel.seed(ParcelLead {
        stage: 40,
        ..ParcelLead::new("L")
    });
    test.apply(&with("40=contacted,50=gone")).await;
    let answer = test.status(TENANT, "L").await.expect(200).json();
    assert_eq!(
        (&answer["callable"], &answer["status"]),
        (&json!(true), &json!("contacted"))
    );
    test.apply(&with("40:contacted")).await;
    let answer = test.status(TENANT, "L").await;
    assert!(
        !answer.status.is_success() && answer.json()["callable"] == false,
        "{}",
        answer.text
    );
    test.finish().await;
}

#[tokio::test]
async fn unknown_outcome_leaves_one_record() {
    for mode in [Mode::FailAfterStore, Mode::ResetAfterStore, Mode::Down] {
        let (test, parcel) = on_parcel("").await;
        parcel.behave(Behaviour::next(1, mode));
        let document = minimal_disposition("C-1", "no_answer");
        let first = written(&test, &parcel, &document).await;
        assert_eq!(first.attempts[0].class.unwrap().word(), "unknown", "{mode:?}");
        test.advance(Duration::from_secs(40));
        test.work().await;
        let after = test.stored_delivery(&first.summary.id.to_string()).await;
        assert_eq!(after.summary.state, DeliveryState::Done, "{mode:?}");
        let calls = parcel.stored();
        assert_eq!(
            (calls.len(), calls[0].repetitions),
            (1, u32::from(mode != Mode::Down)),
            "{mode:?}"
        );
        assert_eq!(after.summary.reference.as_deref(), Some(calls[0].number.as_str()));
        test.finish().await;
    }
}

#[tokio::test]
async fn server_and_client_faults_are_told_apart() {
    let (test, parcel) = on_parcel("").await;
    parcel.behave(Behaviour::next(1, Mode::Maintenance));
    let away = written(&test, &parcel, &minimal_disposition("C-1", "no_answer")).await;
    assert_eq!(away.attempts[0].class.unwrap().word(), "unavailable");
    let told = serde_json::to_string(&away.attempts[0].detail).unwrap();
    assert!(
        told.contains("parcel answered the fault Server with error P-09"),
        "{told}"
    );
    test.advance(Duration::from_secs(40));
    parcel.behave(Behaviour::next(1, Mode::RateLimited).retry_after(77));
    test.work().await;
    let limited = test.stored_delivery(&away.summary.id.to_string()).await;
    assert_eq!(limited.attempts[1].class.unwrap().word(), "rate-limited");
    test.advance(Duration::from_secs(76));
    assert_eq!(test.work().await, 0, "not before Retry-After has passed");
    test.advance(Duration::from_secs(40));
    test.work().await;
    assert_eq!(parcel.stored().len(), 1);

    // A text that is longer than parcel's element: parcel answers a fault under HTTP 500.
    let mut document = disposition("C-2", "qualified_visit_booked");
    document["qualification"]["bhk_preference"] = "3BHK ".repeat(16).trim().into();
    let refused = written(&test, &parcel, &document).await;
    assert_eq!(refused.summary.state, DeliveryState::Review);
    assert_eq!(refused.summary.reason, Some(StopReason::Rejected));
    let shown = serde_json::to_string(&refused.attempts[0].detail).unwrap();
    for part in ["P-20", "invalid elements", "UnitType", "must be 1 to 64 characters"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }

    let unknown = test
        .dispose(TENANT, "NOBODY", &minimal_disposition("C-4", "no_answer"))
        .await
        .expect(202);
    test.work().await;
    let unknown = test.stored_delivery(&unknown.member("delivery")).await;
    assert_eq!(unknown.attempts[0].class.unwrap().word(), "not-found");
    assert_eq!(unknown.summary.state, DeliveryState::Review);
    test.finish().await;
}
