//! The adapter for atrium, in TypeScript, from end to end: every outcome and edge case, read back from the CRM.

use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::components::component;
use jackfield_tests::documents::{atrium_tenant, disposition, minimal_disposition};
use jackfield_tests::fakes::{Atrium, AtriumActivity, AtriumConfig, AtriumLead, Behaviour, Mode};
use jackfield_tests::node::{TestNode, first_page};
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const TOKEN: &str = "{ value = \"atrium-canary-token\" }";

/// A host whose tenant uses atrium, with a lead `L`.
async fn on_atrium() -> (TestNode, Atrium) {
    let test = TestNode::empty().await;
    let atrium = Atrium::start(AtriumConfig::new("atrium-canary-token")).await.unwrap();
    atrium.seed(AtriumLead::new("L"));
    test.node.rollout.push_adapter(component("atrium")).await.unwrap();
    test.apply(&atrium_tenant(TENANT, &atrium.origin(), TOKEN, "")).await;
    (test, atrium)
}

async fn accept(test: &TestNode, document: &Value) -> String {
    test.accept(TENANT, "L", document).await
}

/// Reports a call, delivers it, and returns what atrium stored.
async fn written(test: &TestNode, atrium: &Atrium, document: &Value) -> AtriumActivity {
    let id = accept(test, document).await;
    test.work().await;
    let after = test.stored_delivery(&id).await;
    assert_eq!(after.summary.state, DeliveryState::Done, "{:?}", after.attempts);
    let last = atrium.stored().pop().unwrap();
    assert_eq!(after.summary.reference.as_deref(), Some(last.id.as_str()));
    last
}

const OUTCOMES: [(&str, &str); 13] = [
    ("qualified_visit_booked", "VISIT_BOOKED"),
    ("qualified_no_visit", "QUALIFIED"),
    ("callback_requested", "CALL_BACK"),
    ("not_interested_budget", "LOST_PRICE"),
    ("not_interested_location", "LOST_LOCATION"),
    ("not_interested_timeline", "LOST_TIMING"),
    ("already_purchased", "ALREADY_BOUGHT"),
    ("wrong_number", "WRONG_PARTY"),
    ("dnc_requested", "DO_NOT_CONTACT"),
    ("no_answer", "UNANSWERED"),
    ("invalid_number", "BAD_NUMBER"),
    ("duplicate_suppressed", "DUPLICATE"),
    ("पेंटहाउस चाहिए", "OTHER"),
];

#[tokio::test]
async fn every_outcome_arrives_full_and_minimal() {
    // Every outcome arrives, with every field of the contract and with the fewest.
    let (test, atrium) = on_atrium().await;
    for (n, (word, code)) in OUTCOMES.iter().enumerate() {
        let whole = written(&test, &atrium, &disposition(&format!("W-{n}"), word)).await;
        let bare = written(&test, &atrium, &minimal_disposition(&format!("B-{n}"), word)).await;
        for (activity, call) in [(&whole, format!("W-{n}")), (&bare, format!("B-{n}"))] {
            assert_eq!(
                (activity.text("outcome"), activity.text("leadId")),
                (*code, "L"),
                "{word}"
            );
            assert_eq!(activity.text("callReference"), call);
            assert_eq!(activity.text("occurredAt"), "2026-07-01T09:00:00.000Z");
            assert_eq!(activity.input["doNotContact"], *word == "dnc_requested");
            assert_eq!(activity.text("outcomeNote"), if *code == "OTHER" { *word } else { "" });
        }
        let expected = json!({ "min": "8500000.00", "max": "12000000.00" });
        assert_eq!(whole.input["budget"], expected);
        assert_eq!(
            (whole.text("unitType"), whole.text("purpose")),
            ("THREE_BHK", "SELF_USE")
        );
        let visit = json!({ "date": "2026-07-05", "time": "11:00", "zone": "Asia/Kolkata" });
        assert_eq!(whole.input["visit"], visit);
        // Nothing is made up: only the members that atrium requires are there.
        let members: Vec<_> = bare.input.keys().map(String::as_str).collect();
        let note = (*code == "OTHER").then_some("outcomeNote");
        let mut required = vec![
            "callReference",
            "doNotContact",
            "duplicate",
            "leadId",
            "occurredAt",
            "outcome",
        ];
        required.extend(note);
        assert_eq!(members, required, "{word}");
    }
    assert_eq!(atrium.stored().len(), 2 * OUTCOMES.len());
    test.finish().await;
}

#[tokio::test]
async fn edge_values_arrive_exactly() {
    let (test, atrium) = on_atrium().await;
    let mut document = disposition("C-1", "qualified_no_visit");
    document["qualification"]["budget_min"] = 0.into();
    // The largest amount that the host accepts.
    document["qualification"]["budget_max"] = 100_000_000_000_i64.into();
    document["qualification"]["bhk_preference"] = "3.5 BHK डुप्लेक्स".into();
    document["qualification"]["purchase_intent"] = "for my parents".into();
    document["qualification"]["tower"] = "बी".into();
    document["call_metadata"]["duration_seconds"] = 86_400.into();
    document["site_visit"] =
        json!({ "booked": true, "date": "2028-02-29", "time_slot": "00:00", "timezone": "Asia/Dubai" });
    let stored = written(&test, &atrium, &document).await;
    assert_eq!(
        stored.input["budget"],
        json!({ "min": "0.00", "max": "100000000000.00" })
    );
    assert_eq!((stored.text("unitType"), stored.text("purpose")), ("OTHER", "OTHER"));
    assert_eq!(stored.input["durationSeconds"], 86_400);
    let visit = json!({ "date": "2028-02-29", "time": "00:00", "zone": "Asia/Dubai" });
    assert_eq!(stored.input["visit"], visit);
    let notes = json!([
        { "label": "Unit type", "text": "3.5 BHK डुप्लेक्स" },
        { "label": "Purpose", "text": "for my parents" },
        { "label": "/qualification/tower", "text": "\"बी\"" },
    ]);
    assert_eq!(stored.input["notes"], notes);

    // Near the year's end: still December in UTC, one minute before midnight in India. A null is the same as a missing
    // member.
    test.advance(Duration::from_mins(((31 + 31 + 30 + 31 + 30 + 30) * 24 + 9) * 60 + 29));
    let mut document = disposition("C-2", "callback_requested");
    document["qualification"] = json!({ "outcome": "callback_requested", "budget_max": 1, "loan_required": null });
    document["site_visit"] = json!({ "booked": true, "date": "2026-12-31", "time_slot": null, "timezone": null });
    let stored = written(&test, &atrium, &document).await;
    assert_eq!(stored.input["budget"], json!({ "max": "1.00" }));
    assert_eq!(stored.input.get("loanNeeded"), None);
    assert_eq!(
        stored.input["notes"],
        json!([{ "label": "Visit date", "text": "2026-12-31" }])
    );
    assert_eq!(stored.text("occurredAt"), "2026-12-31T18:29:00.000Z");
    test.finish().await;
}

#[tokio::test]
async fn status_is_never_guessed() {
    let (test, atrium) = on_atrium().await;
    let odd = "A/B ?#% ए";
    atrium.seed(AtriumLead::new(odd));
    let answer = test
        .status(TENANT, "A%2FB%20%3F%23%25%20%E0%A4%8F")
        .await
        .expect(200)
        .json();
    let expected = json!({ "lead_id": odd, "callable": true, "status": "new", "dnc": false, "human_contacted": false,
        "last_call_attempt": null });
    assert_eq!(answer, expected);
    atrium.seed(AtriumLead {
        stage: "SITE_VISIT".into(),
        contactable: false,
        assigned_to: Some("U-3".into()),
        last_call_at: Some("2026-06-30T11:35:00Z".into()),
        ..AtriumLead::new("SPOKEN-TO")
    });
    let answer = test.status(TENANT, "SPOKEN-TO").await.expect(200).json();
    assert_eq!(
        (&answer["callable"], &answer["human_contacted"]),
        (&false.into(), &true.into())
    );
    assert_eq!(answer["status"], "site_visit");
    let _ = test.status(TENANT, "NOBODY").await.expect(404);

    atrium.seed(AtriumLead {
        consent_unknown: true,
        ..AtriumLead::new("CONSENT")
    });
    let answer = test.status(TENANT, "CONSENT").await.expect(503).json();
    assert_eq!(answer["callable"], false, "the deciding part of the answer was missing");
    for mode in [Mode::Down, Mode::Maintenance, Mode::RateLimited, Mode::FailAfterStore] {
        atrium.behave(Behaviour::always(mode));
        let answer = test.status(TENANT, "L").await.expect(503).json();
        assert_eq!(answer["callable"], false, "{mode:?}");
    }
    atrium.behave(Behaviour::always(Mode::Ok));

    let _ = written(&test, &atrium, &minimal_disposition("C-1", "dnc_requested")).await;
    let answer = test.status(TENANT, "L").await.expect(200).json();
    assert_eq!((&answer["callable"], &answer["dnc"]), (&false.into(), &true.into()));
    test.finish().await;
}

#[tokio::test]
async fn unknown_outcome_is_written_once() {
    let unanswered = [(Mode::FailAfterStore, 1), (Mode::ResetAfterStore, 1), (Mode::Down, 0)];
    for (mode, landed) in unanswered {
        let (test, atrium) = on_atrium().await;
        atrium.behave(Behaviour::next(1, mode));
        let id = accept(&test, &minimal_disposition("C-1", "no_answer")).await;
        test.work().await;
        let after = test.stored_delivery(&id).await;
        assert_eq!(after.attempts[0].class.unwrap().word(), "unknown", "{mode:?}");
        assert_eq!(atrium.stored().len(), landed, "{mode:?}");
        test.advance(Duration::from_secs(33));
        test.work().await;
        let after = test.stored_delivery(&id).await;
        assert_eq!(
            after.summary.state,
            DeliveryState::Done,
            "{mode:?}: {:?}",
            after.attempts
        );
        assert_eq!(atrium.stored().len(), 1, "{mode:?}: atrium does not deduplicate");
        assert_eq!(after.summary.reference.as_deref(), Some("ACT-1"));
        test.finish().await;
    }
}

#[tokio::test]
async fn partial_error_is_a_successful_write() {
    // atrium may store a call and report an error beside it: that is a successful write.
    let (test, atrium) = on_atrium().await;
    atrium.seed(AtriumLead {
        follow_up_fails: true,
        ..AtriumLead::new("L")
    });
    let _ = written(&test, &atrium, &minimal_disposition("C-1", "no_answer")).await;
    assert_eq!(atrium.counts().writes, 1);
    test.finish().await;
}

#[tokio::test]
async fn throttling_and_maintenance_are_retried() {
    let (test, atrium) = on_atrium().await;
    atrium.behave(Behaviour::next(1, Mode::RateLimited).retry_after(90));
    let id = accept(&test, &minimal_disposition("C-1", "no_answer")).await;
    test.work().await;
    assert_eq!(
        test.stored_delivery(&id).await.attempts[0].class.unwrap().word(),
        "rate-limited"
    );
    test.advance(Duration::from_secs(80));
    assert_eq!(test.work().await, 0, "not before Retry-After has passed");
    atrium.behave(Behaviour::next(1, Mode::Maintenance));
    test.advance(Duration::from_secs(20));
    test.work().await;
    assert_eq!(
        test.stored_delivery(&id).await.attempts[1].class.unwrap().word(),
        "unavailable"
    );
    let told = serde_json::to_string(&test.stored_delivery(&id).await.attempts[1].detail).unwrap();
    assert!(told.contains("atrium answered the error MAINTENANCE"), "{told}");
    test.advance(Duration::from_mins(3));
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    assert_eq!(atrium.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn refusals_go_to_review_with_a_message() {
    let (test, atrium) = on_atrium().await;
    let mut document = disposition("C-1", "not_interested_budget");
    document["site_visit"]["timezone"] = "Bharat/Delhi".into();
    let id = accept(&test, &document).await;
    test.work().await;
    let after = test.stored_delivery(&id).await;
    assert_eq!(after.summary.reason, Some(StopReason::Rejected));
    let rejection = after.attempts[0].detail.rejection.as_ref().unwrap();
    assert_eq!(
        (rejection.code.as_str(), rejection.message.as_str()),
        ("bad-date", "the site visit is not a real date, time and zone")
    );
    let fields: Vec<_> = rejection.fields.iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(fields, ["site_visit.timezone"], "the host knows every zone");

    let gone = test
        .dispose(TENANT, "NOBODY", &minimal_disposition("C-3", "no_answer"))
        .await
        .expect(202);
    test.work().await;
    let after = test.stored_delivery(&gone.member("delivery")).await;
    assert_eq!(after.summary.reason, Some(StopReason::NotFound));
    assert!(atrium.stored().is_empty());
    test.finish().await;
}

#[tokio::test]
async fn refused_token_alerts_at_once() {
    let (test, atrium) = on_atrium().await;
    let wrong = "{ value = \"not-the-token\" }";
    test.apply(&atrium_tenant(TENANT, &atrium.origin(), wrong, "")).await;
    let id = accept(&test, &minimal_disposition("C-1", "no_answer")).await;
    test.work().await;
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Unauthorized));
    test.apply(&atrium_tenant(TENANT, &atrium.origin(), TOKEN, "")).await;
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    test.finish().await;
}
