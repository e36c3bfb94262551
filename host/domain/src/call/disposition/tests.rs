//! What is read from a disposition, and what is refused.

use super::*;

fn lead() -> LeadId {
    "CRM-LEAD-001234".parse().unwrap()
}

fn read(json: &str) -> Result<Disposition, Vec<FieldError>> {
    Disposition::read(lead(), JsonDocument::parse(json.as_bytes()).unwrap())
}

#[test]
fn do_not_call_goes_first() {
    let document = r#"{"call_metadata":{"call_id":"C-1"},"qualification":{"outcome":"no_answer"}}"#;
    let mut disposition = read(document).unwrap();
    assert_eq!(disposition.rank(), DeliveryRank::Normal);
    disposition.dnc_requested = true;
    assert_eq!(disposition.rank(), DeliveryRank::DoNotCall);
}

#[test]
fn reads_the_smallest_document() {
    let d = read(r#"{"call_metadata":{"call_id":"C-1"},"qualification":{"outcome":"no_answer"}}"#).unwrap();
    assert_eq!((d.call_id.as_str(), d.outcome), ("C-1", Outcome::NoAnswer));
    assert_eq!((d.site_visit, d.dnc_requested, d.extensions), (None, false, vec![]));
}

#[test]
fn null_is_the_same_as_missing() {
    let d = read(
        r#"{"call_metadata":{"call_id":"C-1","duration_seconds":null},
            "qualification":{"outcome":"no_answer","budget_min":null},"site_visit":null,"flags":null}"#,
    )
    .unwrap();
    assert_eq!(
        (d.duration_seconds, d.qualification.budget_min, d.site_visit),
        (None, None, None)
    );
}

#[test]
fn names_every_wrong_field() {
    let errors = read(
        r#"{"call_metadata":{"call_id":"","duration_seconds":-1,"recording_url":"ftp://x"},
            "qualification":{"ai_intent_score":101,"budget_min":5,"budget_max":4,"loan_required":"yes"},
            "site_visit":{"date":"05/07/2026","time_slot":"25:00"},"flags":[]}"#,
    )
    .unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/flags",
            "/call_metadata/call_id",
            "/qualification/outcome",
            "/call_metadata/duration_seconds",
            "/call_metadata/recording_url",
            "/qualification/ai_intent_score",
            "/qualification/budget_max",
            "/qualification/loan_required",
            "/site_visit/date",
            "/site_visit/time_slot",
        ]
    );
}

#[test]
fn unknown_members_become_extensions() {
    let d = read(
        r#"{"call_metadata":{"call_id":"C-1","trunk":"a/b"},"qualification":{"outcome":"no_answer","floor":12},
            "mood":{"x":[1]}}"#,
    )
    .unwrap();
    let extensions: Vec<_> = d
        .extensions
        .iter()
        .map(|e| (e.pointer.as_str(), e.json.as_str()))
        .collect();
    assert_eq!(
        extensions,
        [
            ("/mood", r#"{"x":[1]}"#),
            ("/call_metadata/trunk", r#""a/b""#),
            ("/qualification/floor", "12")
        ]
    );
}

#[test]
fn a_do_not_call_outcome_sets_the_flag() {
    let d = read(r#"{"call_metadata":{"call_id":"C-1"},"qualification":{"outcome":"dnc_requested"}}"#).unwrap();
    assert!(d.dnc_requested);
}

#[test]
fn the_digest_ignores_formatting() {
    let parse = |json: &str| JsonDocument::parse(json.as_bytes()).unwrap();
    let (a, b) = (parse(r#"{"a":1,"b":2}"#), parse("{ \"b\": 2,\n \"\\u0061\": 1 }"));
    assert_eq!(digest(&lead(), &a), digest(&lead(), &b));
    assert_ne!(digest(&lead(), &a), digest(&"other".parse().unwrap(), &a));
    for other in [r#"{"a":1,"b":3}"#, r#"{"a":1,"b":2.0}"#, r#"{"a":1,"b":2e0}"#] {
        assert_ne!(digest(&lead(), &a), digest(&lead(), parse(other)));
    }
}

#[test]
fn a_blank_text_is_the_same_as_missing() {
    let d = read(
        r#"{"call_metadata":{"call_id":"C-02","duration_seconds":67,"recording_url":"","transcript_url":" "},
            "qualification":{"outcome":"dnc_requested","budget_min":"","bhk_preference":""},
            "site_visit":{"booked":false,"date":"","time_slot":"","timezone":""},"flags":""}"#,
    )
    .unwrap();
    assert_eq!((d.recording_url, d.transcript_url), (None, None));
    assert_eq!(d.qualification, Qualification::default());
    let visit = d.site_visit.unwrap();
    assert_eq!((visit.date, visit.time_slot, visit.timezone), (None, None, None));
    assert!(d.dnc_requested);
    let missing = read(r#"{"call_metadata":{"call_id":" "},"qualification":{"outcome":"no_answer"}}"#);
    assert_eq!(
        missing.unwrap_err(),
        [FieldError::new("/call_metadata/call_id", "is required")]
    );
}

#[test]
fn numbers_keep_their_digits() {
    let d = read(
        r#"{"call_metadata":{"call_id":"C-01","crm_ref":100000000000000000000001,"duration_seconds":6.0e1},
            "qualification":{"outcome":"no_answer","rate":1.10,"loan_limit":1e2,"list":[ 1.0 ]}}"#,
    )
    .unwrap();
    let texts: Vec<_> = d.extensions.iter().map(|e| e.json.as_str()).collect();
    assert_eq!(texts, ["100000000000000000000001", "1.10", "1e2", "[ 1.0 ]"]);
    assert_eq!(d.duration_seconds, Some(60));
}

#[test]
fn duplicate_members_are_named() {
    let document = r#"{"call_metadata":{"call_id":"C-06"},"qualification":{"outcome":"no_answer"},
        "flags":{"dnc_requested":true,"language_used":"hindi","dnc_\u0072equested":false},
        "mood":[{"x":1},{"a/b":{"y":1,"y":1}}]}"#;
    let errors = read(document).unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
    assert_eq!(pointers, ["/flags/dnc_requested", "/mood/1/a~1b/y"]);
    let accepted = JsonDocument::parse(document.as_bytes()).unwrap();
    assert!(Disposition::read_accepted(lead(), &accepted).unwrap().dnc_requested);
}

#[test]
fn misplaced_members_are_shown_their_place() {
    let refused = |root: &str| {
        let minimal = r#""call_metadata":{"call_id":"C-1"},"qualification":{"outcome":"no_answer"}"#;
        let errors = read(&format!("{{{minimal},{root}}}")).unwrap_err();
        let [error] = &errors[..] else { panic!("{errors:?}") };
        (error.pointer.clone(), error.detail.clone())
    };
    for (root, pointer, place) in [
        (r#""dnc_requested":true"#, "/dnc_requested", "/flags/dnc_requested"),
        (
            r#""flags":{"DNC-Requested":false}"#,
            "/flags/DNC-Requested",
            "/flags/dnc_requested",
        ),
        (r#""Flags":{"dnc_requested":true}"#, "/Flags", "/flags"),
        (
            r#""site_visit":{"Time Slot":"11:00"}"#,
            "/site_visit/Time Slot",
            "/site_visit/time_slot",
        ),
        (
            r#""durationSeconds":3"#,
            "/durationSeconds",
            "/call_metadata/duration_seconds",
        ),
    ] {
        let detail = format!("is not known here; write it as {place}");
        assert_eq!(refused(root), (pointer.to_owned(), detail));
    }
    // Where the right place is taken, or the wrong one says nothing, it is an extension like any other.
    for root in [
        r#""dnc_requested":false,"flags":{"dnc_requested":false}"#,
        r#""dnc_requested":null"#,
        r#""outcome":"x""#,
    ] {
        let document =
            format!(r#"{{"call_metadata":{{"call_id":"C-1"}},"qualification":{{"outcome":"no_answer"}},{root}}}"#);
        assert_eq!(read(&document).unwrap().extensions.len(), 1, "{root}");
    }
}

#[test]
fn a_wish_in_an_unknown_member_counts() {
    let d = read(
        r#"{"call_metadata":{"call_id":"C-1"},"qualification":{"outcome":"no_answer"},
            "flags":{"dnc_requested":false},"crm":{"do_not_call":"yes"}}"#,
    )
    .unwrap();
    assert!(d.dnc_requested);
}
