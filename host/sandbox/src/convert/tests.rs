//! What a guest may answer and what not, and that nothing of a disposition is lost on its way in.

use serde_json::json;

use super::*;

#[test]
fn dates_and_times_are_written_as_the_contract_says() {
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

/// The twelve and `other` mean the same on both sides: the generated case is named like the contract's word.
#[test]
fn every_outcome_keeps_its_name() {
    for named in Outcome::NAMED {
        let generated = format!("{:?}", outcome(&named)).replace(['-', ':'], "");
        assert!(
            generated.to_lowercase().ends_with(&named.word().replace('_', "")),
            "{generated}"
        );
    }
}

fn said() -> model::LeadStatus {
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
fn a_status_is_taken_or_refused_whole() {
    let lead = "L-1".parse().unwrap();
    let read = |given| status(given, &lead).ok();
    assert_eq!(read(said()).unwrap().human_contacted, Some(true));
    let one = vec![extension("/floor", "12".into())];
    assert_eq!(
        read(model::LeadStatus {
            extensions: one,
            ..said()
        })
        .unwrap()
        .extensions
        .len(),
        1
    );

    let wrong = [
        model::LeadStatus {
            lead_id: "L-2".into(),
            ..said()
        },
        model::LeadStatus {
            status: String::new(),
            ..said()
        },
        model::LeadStatus {
            status: "two\nlines".into(),
            ..said()
        },
        model::LeadStatus {
            status: "x".repeat(101),
            ..said()
        },
        model::LeadStatus {
            last_call_attempt: Some("yesterday".into()),
            ..said()
        },
        model::LeadStatus {
            last_call_attempt: Some("2026-07-01T14:32:00".into()),
            ..said()
        },
        model::LeadStatus {
            extensions: vec![extension("floor", "12".into())],
            ..said()
        },
        model::LeadStatus {
            extensions: vec![extension("/floor", "{".into())],
            ..said()
        },
        model::LeadStatus {
            extensions: vec![extension("/n", "1".into()); 101],
            ..said()
        },
        model::LeadStatus {
            extensions: vec![extension("/n", format!("\"{}\"", "x".repeat(70_000)))],
            ..said()
        },
    ];
    for (index, given) in wrong.into_iter().enumerate() {
        assert!(read(given).is_none(), "{index}");
    }
}

#[test]
fn what_a_guest_says_of_a_refusal_is_bounded() {
    let error = model::FieldError {
        field: "ü".repeat(100),
        message: "m\0".into(),
    };
    let said = model::Rejection {
        code: "E42".into(),
        message: "x".repeat(10_000),
        fields: vec![error; 51],
    };
    let Failure::Rejected(kept) = failure(model::Failure::Rejected(said)) else {
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
fn a_long_reference_is_cut_and_not_refused() {
    let receipt = model::Receipt {
        reference: "ü".repeat(200),
    };
    assert_eq!(reference(&receipt), "ü".repeat(128));
}
