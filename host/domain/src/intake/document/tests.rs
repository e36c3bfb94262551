//! The tables are what the reader checks: every field is read in its place, and every limit holds to the digit.

use serde_json::{Value, json};

use super::*;
use crate::call::disposition::{DISPOSITION, Disposition};
use crate::json::JsonDocument;
use crate::lead::{LEAD_CREATED, Lead};

type Check = fn(&Value) -> Result<(), Vec<FieldError>>;

/// Every document with a table, and what reads it.
fn documents() -> [(&'static DocumentSpec, Check); 2] {
    let disposition: Check = |document| {
        let read = Disposition::read("L-1".parse().unwrap(), document)?;
        assert_eq!(read.extensions, [], "every field is known");
        Ok(())
    };
    let lead: Check = |document| Lead::read(document, None).map(|_| ());
    [(&DISPOSITION, disposition), (&LEAD_CREATED, lead)]
}

/// A document with the required fields, and this value of one field.
fn document_with(spec: &DocumentSpec, field: &FieldSpec, value: Value) -> Value {
    let mut document = json!({});
    let required = spec.fields.iter().filter(|other| other.required && *other != field);
    let others = required.map(|other| (other, serde_json::from_str(other.example).unwrap()));
    for (field, value) in others.chain([(field, value)]) {
        let object = match field.object {
            "" => &mut document,
            name => &mut document[name],
        };
        object[field.name] = value;
    }
    document
}

/// Values that a form just allows, and values that it just does not.
fn edges(form: FieldForm) -> (Vec<Value>, Vec<Value>) {
    let long = |length: usize| Value::from("x".repeat(length));
    let most = form.lengths().map_or(0, |lengths| *lengths.end());
    match form {
        FieldForm::Text { .. } => (vec![long(most)], vec![long(most + 1), 12.into()]),
        FieldForm::Id => (vec![long(most)], vec![long(most + 1), " x".into(), 12.into()]),
        FieldForm::Word(words) => (words.iter().copied().map(Value::from).collect(), vec!["other".into()]),
        FieldForm::OpenWord { words, .. } => {
            let words = words.iter().copied().map(Value::from);
            (words.chain([long(most)]).collect(), vec![long(most + 1)])
        }
        FieldForm::Whole { min, max } => (
            vec![min.into(), max.into(), json!(12.0)],
            vec![(min - 1).into(), (max + 1).into(), json!(12.5), "12".into()],
        ),
        FieldForm::Boolean => (vec![true.into(), false.into()], vec![1.into(), "true".into()]),
        FieldForm::Url => {
            let url = |length: usize| Value::from(format!("https://a.example/{}", "x".repeat(length - 18)));
            (
                vec![url(most)],
                vec![url(most + 1), "ftp://a.example".into(), "/x".into()],
            )
        }
        FieldForm::Date => (vec!["2028-02-29".into()], vec!["2026-02-29".into(), "20260228".into()]),
        FieldForm::TimeOfDay => (
            vec!["00:00".into(), "23:59:00".into()],
            vec!["24:00".into(), "9:00".into(), "11:00:30".into(), "11:00:00.5".into()],
        ),
        FieldForm::Zone => (
            vec!["UTC".into(), "Asia/Kolkata".into()],
            vec!["IST".into(), long(most + 1)],
        ),
        FieldForm::Timestamp => (
            vec!["2026-07-01T14:32:00.123456789+05:30".into()],
            vec!["2026-07-01T14:32:00".into()],
        ),
        FieldForm::Phone => (
            vec!["+91 98000 00000".into()],
            vec!["98000 00000".into(), "call me".into()],
        ),
    }
}

#[test]
fn limits_are_those_of_the_table() {
    for (spec, check) in documents() {
        for field in spec.fields {
            let (allowed, refused) = edges(field.form);
            for value in allowed {
                let document = document_with(spec, field, value);
                assert_eq!(check(&document), Ok(()), "{document}");
            }
            for value in refused {
                let document = document_with(spec, field, value);
                let errors = check(&document).unwrap_err();
                assert_eq!(errors.len(), 1, "{document}");
                assert_eq!(errors[0].pointer, field.pointer(), "{document}");
                if field.form != FieldForm::Phone {
                    assert_eq!(errors[0].detail, format!("must be {}", field.form.rule()));
                }
            }
        }
    }
}

#[test]
fn absent_fields_are_required_or_not() {
    for (spec, check) in documents() {
        for field in spec.fields {
            for absent in [Value::Null, " ".into()] {
                let errors = check(&document_with(spec, field, absent)).err().unwrap_or_default();
                let expected = field.required.then(|| FieldError::new(field.pointer(), "is required"));
                assert_eq!(errors, Vec::from_iter(expected), "{}", field.pointer());
            }
        }
        for object in spec.objects {
            let mut document: Value = serde_json::from_str(&spec.example()).unwrap();
            document.as_object_mut().unwrap().remove(object.name);
            assert_eq!(check(&document).is_err(), object.required, "{}", object.name);
        }
    }
}

#[test]
fn examples_have_every_field() {
    for (spec, check) in documents() {
        let example = JsonDocument::parse(spec.example().as_bytes()).unwrap();
        let value: Value = serde_json::from_str(example.text()).unwrap();
        assert_eq!(check(&value), Ok(()));
        for field in spec.fields {
            assert!(value.pointer(&field.pointer()).is_some(), "{}", field.pointer());
        }
    }
}

#[test]
fn rules_are_one_sentence_each() {
    let rules: Vec<_> = documents()
        .iter()
        .flat_map(|(spec, _)| spec.fields)
        .map(|field| format!("{}: {}", field.pointer(), field.form.rule()))
        .collect();
    insta::assert_snapshot!(rules.join("\n"), @r"
    /call_metadata/call_id: 1 to 200 bytes of printable text, no blanks at the ends
    /call_metadata/duration_seconds: a whole number from 0 to 86400
    /call_metadata/recording_url: an absolute http or https URL of at most 2048 characters
    /call_metadata/transcript_url: an absolute http or https URL of at most 2048 characters
    /qualification/outcome: qualified_visit_booked, qualified_no_visit, callback_requested, not_interested_budget, not_interested_location, not_interested_timeline, already_purchased, wrong_number, dnc_requested, no_answer, invalid_number, duplicate_suppressed, or another text of 1 to 100 characters
    /qualification/ai_intent_score: a whole number from 0 to 100
    /qualification/budget_min: a whole number from 0 to 100000000000
    /qualification/budget_max: a whole number from 0 to 100000000000
    /qualification/bhk_preference: a text of 0 to 100 characters
    /qualification/possession_timeline: a text of 0 to 100 characters
    /qualification/loan_required: true or false
    /qualification/purchase_intent: a text of 0 to 100 characters
    /qualification/nri_flag: true or false
    /site_visit/booked: true or false
    /site_visit/date: a date, YYYY-MM-DD
    /site_visit/time_slot: a time of day, HH:MM, without seconds
    /site_visit/timezone: the IANA name of a time zone, such as Asia/Kolkata, or UTC
    /flags/dnc_requested: true or false
    /flags/duplicate_detected: true or false
    /flags/language_used: a text of 0 to 100 characters
    /event: `lead.created`
    /timestamp: an RFC 3339 time with an offset, such as 2026-07-01T14:32:00+05:30
    /idempotency_key: 1 to 200 bytes of printable text, no blanks at the ends
    /lead/id: 1 to 200 bytes of printable text, no blanks at the ends
    /lead/phone: a telephone number, such as +919800000000
    /lead/phone_alt: a telephone number, such as +919800000000
    /lead/name: a text of 0 to 500 characters
    /lead/source: a text of 0 to 500 characters
    /lead/campaign_id: a text of 0 to 500 characters
    /lead/project_interest: a text of 0 to 500 characters
    /lead/project_id: a text of 0 to 500 characters
    /lead/language_preference: a text of 0 to 500 characters
    /lead/created_at: an RFC 3339 time with an offset, such as 2026-07-01T14:32:00+05:30
    /lead/call_priority: high, normal or low
    ");
}
