//! What a guest may return.

use super::*;

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
fn hidden_characters_are_not_shown() {
    let lead = "L-1".parse().unwrap();
    let staged = |text: &str| {
        let given = model::LeadStatus {
            status: text.into(),
            ..status_of_guest()
        };
        status(given, &lead).ok().map(|status| status.status)
    };
    assert_eq!(staged("n\u{200d}e\u{202e}w").as_deref(), Some("new"));
    for wrong in ["\u{200b}", "a\u{2028}b", "a\u{1b}b"] {
        assert_eq!(staged(wrong), None, "{wrong:?}");
    }
    let receipt = model::Receipt {
        reference: "R\u{2066}7\u{2029}\u{feff}!".into(),
    };
    assert_eq!(reference(&receipt), "R7 !");
}

#[test]
fn extensions_keep_their_text() {
    let given = model::LeadStatus {
        extensions: vec![extension("/a/b", "[1.10, 1e2 ]".into())],
        ..status_of_guest()
    };
    let read = status(given, &"L-1".parse().unwrap()).unwrap();
    assert_eq!(read.extensions[0].json, "[1.10, 1e2 ]");
    let deep = model::LeadStatus {
        extensions: vec![extension(&"/a".repeat(33), "1".into())],
        ..status_of_guest()
    };
    assert!(status(deep, &"L-1".parse().unwrap()).is_err());
}

#[test]
fn a_long_reference_is_truncated() {
    let receipt = model::Receipt {
        reference: "ü".repeat(200),
    };
    assert_eq!(reference(&receipt), "ü".repeat(128));
}
