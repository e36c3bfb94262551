//! What a guest may return, and that a disposition reaches it complete.

use serde_json::json;

use super::*;

#[test]
fn dates_and_times_have_the_contracts_format() {
    let document = json!({
        "call_metadata": {"call_id": "C-1"},
        "qualification": {"outcome": "call_dropped"},
        "site_visit": {"booked": true, "date": "2026-07-05", "time_slot": "09:05:30"},
    });
    let given = Disposition::read("L-1".parse().unwrap(), &document).unwrap();
    let at = "2026-07-01T14:31:55.0019+05:30".parse().unwrap();
    let sent = disposition(&given, at);
    assert_eq!(sent.accepted_at, "2026-07-01T09:01:55.001Z");
    assert!(matches!(sent.outcome, model::Outcome::Other(word) if word == "call_dropped"));
    let visit = sent.site_visit.unwrap();
    assert_eq!(
        (visit.date.as_deref(), visit.time_slot.as_deref()),
        (Some("2026-07-05"), Some("09:05"))
    );
}

#[test]
fn every_outcome_keeps_its_name() {
    // The generated variants are named like the contract's words.
    for named in Outcome::NAMED {
        let generated = format!("{:?}", outcome(&named)).replace(['-', ':'], "");
        assert!(
            generated.to_lowercase().ends_with(&named.word().replace('_', "")),
            "{generated}"
        );
    }
}

fn status_of_guest() -> model::LeadStatus {
    model::LeadStatus {
        lead_id: "L-1".into(),
        callable: true,
        status: "new".into(),
        dnc: false,
        human_contacted: true,
        last_call_attempt: Some("2026-07-01T14:32:00+05:30".into()),
        extensions: vec![],
    }
}

fn extension(pointer: &str, json: String) -> model::Extension {
    model::Extension {
        pointer: pointer.into(),
        json,
    }
}

#[test]
fn an_invalid_status_is_refused() {
    let lead = "L-1".parse().unwrap();
    let read = |given| status(given, &lead).ok();
    assert_eq!(read(status_of_guest()).unwrap().human_contacted, Some(true));
    let one = vec![extension("/floor", "12".into())];
    assert_eq!(
        read(model::LeadStatus {
            extensions: one,
            ..status_of_guest()
        })
        .unwrap()
        .extensions
        .len(),
        1
    );

    let wrong = [
        model::LeadStatus {
            lead_id: "L-2".into(),
            ..status_of_guest()
        },
        model::LeadStatus {
            status: String::new(),
            ..status_of_guest()
        },
        model::LeadStatus {
            status: "two\nlines".into(),
            ..status_of_guest()
        },
        model::LeadStatus {
            status: "x".repeat(101),
            ..status_of_guest()
        },
        model::LeadStatus {
            last_call_attempt: Some("yesterday".into()),
            ..status_of_guest()
        },
        model::LeadStatus {
            last_call_attempt: Some("2026-07-01T14:32:00".into()),
            ..status_of_guest()
        },
        model::LeadStatus {
            extensions: vec![extension("floor", "12".into())],
            ..status_of_guest()
        },
        model::LeadStatus {
            extensions: vec![extension("/floor", "{".into())],
            ..status_of_guest()
        },
        model::LeadStatus {
            extensions: vec![extension("/n", "1".into()); 101],
            ..status_of_guest()
        },
        model::LeadStatus {
            extensions: vec![extension("/n", format!("\"{}\"", "x".repeat(70_000)))],
            ..status_of_guest()
        },
    ];
    for (index, given) in wrong.into_iter().enumerate() {
        assert!(read(given).is_none(), "{index}");
    }
}

#[test]
fn rejections_are_truncated() {
    let error = model::FieldError {
        field: "ü".repeat(100),
        message: "m\0".into(),
    };
    let rejection = model::Rejection {
        code: "E42".into(),
        message: "x".repeat(10_000),
        fields: vec![error; 51],
    };
    let Failure::Rejected(kept) = failure(model::Failure::Rejected(rejection)) else {
        panic!("a rejection stays one")
    };
    assert_eq!(
        (kept.code.as_str(), kept.message.len(), kept.fields.len()),
        ("E42", 500, 50)
    );
    assert_eq!(
        (kept.fields[0].pointer.len(), kept.fields[0].detail.as_str()),
        (100, "m ")
    );
}

#[test]
fn a_long_reference_is_truncated() {
    let receipt = model::Receipt {
        reference: "ü".repeat(200),
    };
    assert_eq!(reference(&receipt), "ü".repeat(128));
}
