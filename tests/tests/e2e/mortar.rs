//! mortar, by the adapter in C: fixed-width fields, return codes inside HTTP 200, neither idempotent nor searchable.

use std::time::Duration;

use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::components::component;
use jackfield_tests::documents::{disposition, minimal_disposition, mortar_tenant};
use jackfield_tests::fakes::{Behaviour, Mode, Mortar, MortarConfig, MortarDocument, MortarParty};
use jackfield_tests::node::TestNode;
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const KEY: &str = "mortar-canary-key";

/// The contract's word and mortar's code.
const TABLE: [(&str, &str); 13] = [
    ("qualified_visit_booked", "D01"),
    ("qualified_no_visit", "D02"),
    ("callback_requested", "D03"),
    ("not_interested_budget", "D04"),
    ("not_interested_location", "D05"),
    ("not_interested_timeline", "D06"),
    ("already_purchased", "D07"),
    ("wrong_number", "D08"),
    ("dnc_requested", "D09"),
    ("no_answer", "D10"),
    ("invalid_number", "D11"),
    ("duplicate_suppressed", "D12"),
    ("wants_a_penthouse", "D99"),
];

/// A host whose tenant uses mortar, which knows party 4711.
async fn start() -> (TestNode, Mortar) {
    let test = TestNode::empty().await;
    let mortar = Mortar::start(MortarConfig::new(KEY)).await.unwrap();
    test.node.rollout.push_adapter(component("mortar")).await.unwrap();
    let key = format!("{{ value = \"{KEY}\" }}");
    test.apply(&mortar_tenant(TENANT, &mortar.origin(), &key, "")).await;
    mortar.seed(MortarParty::new("4711"));
    (test, mortar)
}

/// The document that mortar makes of one disposition of party 4711.
async fn written(body: &Value) -> MortarDocument {
    let (test, mortar) = start().await;
    let id = test.accept(TENANT, "4711", body).await;
    test.work().await;
    let delivery = test.stored_delivery(&id).await;
    assert_eq!(delivery.summary.state, DeliveryState::Done, "{:?}", delivery.attempts);
    let document = mortar.stored().remove(0);
    assert_eq!(delivery.summary.reference.as_deref(), Some(document.number.as_str()));
    test.finish().await;
    document
}

/// The attempt that sends one disposition to review, and how many requests mortar received.
async fn refused(lead: &str, body: &Value) -> (Value, u64) {
    let (test, mortar) = start().await;
    let id = test.accept(TENANT, lead, body).await;
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Review);
    let attempts = test.delivery(TENANT, &id).await["attempts"][0].clone();
    let asked = mortar.counts().requests;
    assert!(mortar.stored().is_empty());
    test.finish().await;
    (attempts, asked)
}

#[tokio::test]
async fn every_outcome_arrives_full_and_minimal() {
    // Every outcome arrives, with every field of the contract and with the fewest.
    let (test, mortar) = start().await;
    for (n, (word, _)) in TABLE.iter().enumerate() {
        for (form, lead) in [("whole", 100 + n), ("bare", 200 + n)] {
            let (lead, call) = (lead.to_string(), format!("CALL-{n}-{form}"));
            mortar.seed(MortarParty::new(&lead));
            let body = if form == "whole" {
                disposition(&call, word)
            } else {
                minimal_disposition(&call, word)
            };
            test.accept(TENANT, &lead, &body).await;
        }
    }
    assert_eq!(test.work().await, 2 * TABLE.len());
    let documents = mortar.stored();
    assert_eq!(documents.len(), 2 * TABLE.len());
    for (n, (word, code)) in TABLE.iter().enumerate() {
        for (form, lead) in [("whole", 100 + n), ("bare", 200 + n)] {
            let call = format!("CALL-{n}-{form}");
            let document = documents.iter().find(|each| each.get("CALL") == call).unwrap();
            let get = |key| document.get(key);
            assert_eq!(
                (get("CODE"), get("PARTY")),
                (*code, format!("{lead:010}").as_str()),
                "{word} {form}"
            );
            assert_eq!(get("DND"), if *word == "dnc_requested" { "Y" } else { "N" });
            assert_eq!((get("DATE"), get("TIME")), ("20260701", "1430"), "in IST");
            if form == "whole" {
                assert_eq!((get("SECS"), get("SCORE")), ("000306", "082"));
                assert_eq!((get("BUDLO"), get("BUDHI")), ("+000000850000000", "+000001200000000"));
                assert_eq!((get("VDATE"), get("VTIME"), get("LANG")), ("20260705", "1100", "HIN"));
                assert_eq!((get("LOAN"), get("NRI")), ("Y", "N"));
                assert!(
                    get("TEXT").contains("unit=3BHK; possession=18_months"),
                    "{}",
                    get("TEXT")
                );
            } else {
                assert_eq!(
                    (get("SECS"), get("BUDHI"), get("VTIME")),
                    ("      ", " ".repeat(16).as_str(), "    ")
                );
                assert_eq!((get("LOAN"), get("NRI"), get("LANG")), (" ", " ", "   "));
            }
            let starts = if *code == "D99" {
                "outcome=wants_a_penthouse"
            } else {
                ""
            };
            assert!(get("TEXT").starts_with(starts), "{}", get("TEXT"));
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn texts_are_truncated_and_escaped() {
    // Long Hindi text is cut at a character, and line breaks cannot forge a field.
    let mut body = disposition("C-1", "घर ".repeat(30).trim());
    body["flags"]["language_used"] = "भोजपुरी".into();
    let text = written(&body).await.get("TEXT").to_owned();
    assert!(
        text.starts_with("outcome=घर घर") && text.ends_with('…') && text.len() <= 120,
        "{text}"
    );

    let mut body = minimal_disposition("C-2", "no_answer");
    body["qualification"]["bhk_preference"] = "3\r\nDND=Y\r\nEND=4\\".into();
    let document = written(&body).await;
    assert_eq!(document.get("TEXT"), "unit=3 \nDND=Y \nEND=4\\");
    assert_eq!(document.get("DND"), "N");

    // Neither does a NUL end a text, whose length is known.
    let mut body = minimal_disposition("C-20", "price too high\0call back in March");
    body["qualification"]["bhk_preference"] = "3BHK".into();
    let expected = "outcome=price too high call back in March; unit=3BHK";
    assert_eq!(written(&body).await.get("TEXT"), expected);

    let mut body = minimal_disposition("C-3", "no_answer");
    body["qualification"]["tower"] = "बी".into();
    assert_eq!(written(&body).await.get("TEXT"), "/qualification/tower=\"बी\"");
}

#[tokio::test]
async fn null_is_the_same_as_missing() {
    let mut body = minimal_disposition("C-1", "no_answer");
    body["call_metadata"]["duration_seconds"] = Value::Null;
    body["qualification"]["budget_min"] = Value::Null;
    body["qualification"]["loan_required"] = Value::Null;
    body["site_visit"] = Value::Null;
    let document = written(&body).await;
    assert_eq!(
        (document.get("SECS"), document.get("LOAN"), document.get("VDATE")),
        ("      ", " ", "        ")
    );
}

#[tokio::test]
async fn amounts_and_dates_at_their_limits() {
    // The largest amount that the host accepts; what does not fit mortar's fields is tested with the adapter's mapping.
    for (rupees, expected) in [(0_i64, "+000000000000000"), (100_000_000_000, "+010000000000000")] {
        let mut body = minimal_disposition("C-1", "no_answer");
        body["qualification"]["budget_max"] = rupees.into();
        assert_eq!(written(&body).await.get("BUDHI"), expected);
    }
    for (date, time, expected) in [
        ("2028-02-29", "00:00", ("20280229", "0000")),
        ("2026-12-31", "23:59", ("20261231", "2359")),
    ] {
        let mut body = minimal_disposition("C-1", "qualified_visit_booked");
        body["site_visit"] = json!({"booked": true, "date": date, "time_slot": time, "timezone": "Asia/Kolkata"});
        let document = written(&body).await;
        assert_eq!((document.get("VDATE"), document.get("VTIME")), expected);
    }
    let mut body = minimal_disposition("C-1", "qualified_visit_booked");
    body["site_visit"] = json!({"booked": true, "date": "2026-12-31", "time_slot": "23:00", "timezone": "Asia/Dubai"});
    let document = written(&body).await;
    assert_eq!((document.get("VDATE"), document.get("VTIME")), ("20270101", "0030"));

    // A date without a time cannot be converted.
    body["site_visit"] = json!({"booked": true, "date": "2026-07-05", "timezone": "Asia/Dubai"});
    let (attempt, asked) = refused("4711", &body).await;
    assert!(attempt.to_string().contains("site_visit.timezone"), "{attempt}");
    assert_eq!(asked, 0);
}

#[tokio::test]
async fn dates_are_in_indian_time() {
    for (ahead, expected) in [
        // The clock starts at 2026-07-01T09:00Z.
        (Duration::from_mins(9 * 60 + 30), ("20260702", "0000")),
        (
            Duration::from_secs(183 * 86_400 + 9 * 3600 + 29 * 60 + 59),
            ("20261231", "2359"),
        ),
        (Duration::from_mins(183 * 1440 + 9 * 60 + 30), ("20270101", "0000")),
    ] {
        let (test, mortar) = start().await;
        test.advance(ahead);
        test.accept(TENANT, "4711", &minimal_disposition("C-1", "no_answer"))
            .await;
        test.work().await;
        let document = mortar.stored().remove(0);
        assert_eq!((document.get("DATE"), document.get("TIME")), expected);
        test.finish().await;
    }
}

#[tokio::test]
async fn status_comes_from_mortar() {
    let (test, mortar) = start().await;
    mortar.seed(MortarParty {
        called: ("20260630".into(), "1605".into()),
        stage: "20".into(),
        spoke: " ".into(),
        ..MortarParty::new("4712")
    });
    mortar.seed(MortarParty {
        dnd: "Y".into(),
        ..MortarParty::new("4713")
    });
    mortar.seed(MortarParty {
        spoke: "Y".into(),
        ..MortarParty::new("4714")
    });
    let answer = test.status(TENANT, "4712").await.expect(200).json();
    let expected = json!({"lead_id": "4712", "callable": true, "status": "contacted", "dnc": false,
        "human_contacted": false, "last_call_attempt": "2026-06-30T16:05:00+05:30"});
    assert_eq!(answer, expected);
    for (lead, dnc, human) in [("4713", true, false), ("4714", false, true)] {
        let answer = test.status(TENANT, lead).await.expect(200).json();
        assert_eq!(
            (&answer["callable"], &answer["dnc"], &answer["human_contacted"]),
            (&false.into(), &dnc.into(), &human.into())
        );
    }
    for lead in ["9999", "L-1", "12345678901"] {
        let answer = test.status(TENANT, lead).await;
        assert!(
            answer.status.is_client_error() || answer.status.is_server_error(),
            "{lead}: {}",
            answer.text
        );
        assert_eq!(answer.json()["callable"], false, "{lead}");
    }
    test.accept(TENANT, "4711", &minimal_disposition("C-1", "dnc_requested"))
        .await;
    test.work().await;
    assert_eq!(test.status(TENANT, "4711").await.expect(200).json()["dnc"], true);
    test.finish().await;
}

#[tokio::test]
async fn unknown_outcome_goes_to_review() {
    for (mode, documents) in [(Mode::FailAfterStore, 1), (Mode::ResetAfterStore, 1), (Mode::Down, 0)] {
        let (test, mortar) = start().await;
        mortar.behave(Behaviour::next(1, mode));
        let id = test
            .accept(TENANT, "4711", &minimal_disposition("C-1", "no_answer"))
            .await;
        test.work().await;
        let summary = test.stored_delivery(&id).await.summary;
        assert_eq!(
            (summary.state, summary.reason),
            (DeliveryState::Review, Some(StopReason::OutcomeUnknown)),
            "{mode:?}"
        );
        test.advance(Duration::from_hours(48));
        assert_eq!(test.work().await, 0);
        assert_eq!(mortar.stored().len(), documents, "{mode:?}");
        test.finish().await;
    }
}

#[tokio::test]
async fn refused_write_is_retried_once() {
    let rate_limited = Behaviour {
        retry_after: Some(30),
        ..Behaviour::next(1, Mode::RateLimited)
    };
    for (behaviour, class, wait) in [
        (rate_limited, "rate-limited", 60),
        (Behaviour::next(1, Mode::RateLimited), "rate-limited", 60),
        (Behaviour::next(1, Mode::Maintenance), "unavailable", 33),
    ] {
        let (test, mortar) = start().await;
        mortar.behave(behaviour);
        let id = test
            .accept(TENANT, "4711", &minimal_disposition("C-1", "no_answer"))
            .await;
        test.work().await;
        assert_eq!(test.stored_delivery(&id).await.attempts[0].class.unwrap().word(), class);
        assert!(mortar.stored().is_empty());
        test.advance(Duration::from_secs(wait));
        test.work().await;
        assert_eq!(
            test.stored_delivery(&id).await.summary.state,
            DeliveryState::Done,
            "{class}"
        );
        assert_eq!(mortar.stored().len(), 1);
        test.finish().await;
    }
}

#[tokio::test]
async fn locked_party_is_written_later() {
    // A party that is locked because it is open at a terminal is written once it is closed.
    let (test, mortar) = start().await;
    mortar.seed(MortarParty {
        locked: true,
        ..MortarParty::new("4711")
    });
    let id = test
        .accept(TENANT, "4711", &minimal_disposition("C-1", "no_answer"))
        .await;
    test.work().await;
    let attempt = test.stored_delivery(&id).await.attempts.remove(0);
    assert_eq!(attempt.class.unwrap().word(), "unavailable");
    let reason = attempt.detail.reason.unwrap();
    assert!(reason.ends_with("someone has the party open at a terminal"), "{reason}");
    mortar.seed(MortarParty::new("4711"));
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(
        (test.stored_delivery(&id).await.summary.state, mortar.stored().len()),
        (DeliveryState::Done, 1)
    );
    test.finish().await;
}

#[tokio::test]
async fn refusal_goes_to_review_with_fields() {
    let mut body = disposition("C-1", "no_answer");
    // A valid date, so the adapter passes it on; mortar refuses it.
    body["site_visit"]["date"] = "2025-07-05".into();
    let (attempt, asked) = refused("4711", &body).await;
    let shown = attempt.to_string();
    for words in ["0101", "ENTRY REFUSED", "VDATE", "BEFORE THE CALL"] {
        assert!(shown.contains(words), "{shown}");
    }
    assert_eq!(asked, 1);
    let (attempt, asked) = refused("9999", &minimal_disposition("C-1", "no_answer")).await;
    assert_eq!((&attempt["class"], asked), (&"not-found".into(), 1));
    let (attempt, asked) = refused("L-1", &minimal_disposition("C-1", "no_answer")).await;
    assert!(attempt.to_string().contains("lead_id"), "{attempt}");
    assert_eq!(asked, 0);
}

#[tokio::test]
async fn wrong_key_is_unauthorized() {
    let (test, mortar) = start().await;
    let other = mortar_tenant(TENANT, &mortar.origin(), "{ value = \"another-key-of-this-size\" }", "");
    test.apply(&other).await;
    let id = test
        .accept(TENANT, "4711", &minimal_disposition("C-1", "no_answer"))
        .await;
    test.work().await;
    assert_eq!(
        test.stored_delivery(&id).await.attempts[0].class.unwrap().word(),
        "unauthorized"
    );
    let key = format!("{{ value = \"{KEY}\" }}");
    test.apply(&mortar_tenant(TENANT, &mortar.origin(), &key, "")).await;
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    test.finish().await;
}
