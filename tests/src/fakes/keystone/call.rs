//! Validation of a call that keystone is sent.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::super::{
    json_fields::{FieldCheck, FieldError, http_url},
    rfc3339,
};

const RESULTS: [&str; 13] = [
    "VISIT_BOOKED",
    "QUALIFIED",
    "CALLBACK",
    "LOST_BUDGET",
    "LOST_LOCATION",
    "LOST_TIMELINE",
    "BOUGHT",
    "WRONG_NUMBER",
    "DO_NOT_DISTURB",
    "NO_ANSWER",
    "INVALID_NUMBER",
    "DUPLICATE",
    "OTHER",
];

const TEXT: &str = "must be a string or null";
const BOOL: &str = "must be true or false";
const BOOL_OR_NULL: &str = "must be true, false or null";
const LINK: &str = "must be an http or https URL, or null";

/// The body's members, or every error in them.
pub(super) fn check(body: Value) -> Result<Map<String, Value>, Vec<FieldError>> {
    let Value::Object(members) = body else {
        return Err(vec![FieldError {
            field: String::new(),
            message: "must be an object".to_owned(),
        }]);
    };
    let mut errors = Vec::new();
    check_members(&mut FieldCheck::new("", &members, &mut errors));
    if errors.is_empty() { Ok(members) } else { Err(errors) }
}

fn check_members(call: &mut FieldCheck<'_>) {
    let result = call.required("result", "not a result code", |value| {
        value.as_str().filter(|code| RESULTS.contains(code))
    });
    let detail = call.nullable("result_detail", TEXT, Value::as_str);
    match (result, detail) {
        (Some("OTHER"), None | Some("")) => call.error("result_detail", "required when result is OTHER"),
        (Some(code), Some(_)) if code != "OTHER" => call.error("result_detail", "only allowed when result is OTHER"),
        _ => {}
    }
    call.required("called_at", "must be RFC 3339 in UTC, ending in Z", |value| {
        value
            .as_str()
            .filter(|text| text.ends_with('Z'))
            .and_then(rfc3339::parse)
    });
    call.nullable(
        "duration_seconds",
        "must be a whole number of seconds or null",
        |value| u32::try_from(value.as_u64()?).ok(),
    );
    call.nullable("recording_url", LINK, http_url);
    call.nullable("transcript_url", LINK, http_url);
    call.required("do_not_disturb", BOOL, Value::as_bool);
    call.required("duplicate", BOOL, Value::as_bool);
    call.nullable("language", TEXT, Value::as_str);
    call.object("qualification", check_qualification);
    call.object("visit", check_visit);
    call.nullable("custom", "must be an object whose names are JSON pointers", |value| {
        value
            .as_object()
            .filter(|custom| custom.keys().all(|pointer| pointer.starts_with('/')))
    });
    call.refuse_unknown();
}

fn check_qualification(qualification: &mut FieldCheck<'_>) {
    qualification.nullable("score", "must be 0 to 100 or null", |value| {
        value.as_u64().filter(|score| *score <= 100)
    });
    qualification.object("budget", check_budget);
    qualification.nullable("unit_type", TEXT, Value::as_str);
    qualification.nullable("possession", TEXT, Value::as_str);
    qualification.nullable("loan_required", BOOL_OR_NULL, Value::as_bool);
    qualification.nullable("purpose", TEXT, Value::as_str);
    qualification.nullable("nri", BOOL_OR_NULL, Value::as_bool);
}

fn check_budget(budget: &mut FieldCheck<'_>) {
    let amount = |value: &Value| value.as_i64().filter(|amount| *amount >= 0);
    let min = budget.nullable("min", "must be a whole number of rupees from 0, or null", amount);
    let max = budget.nullable("max", "must be a whole number of rupees from 0, or null", amount);
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        budget.error("max", "must not be below min");
    }
    budget.required("currency", "must be INR", |value| {
        value.as_str().filter(|currency| *currency == "INR")
    });
}

fn check_visit(visit: &mut FieldCheck<'_>) {
    visit.required("starts_at", "must be RFC 3339 with an offset", |value| {
        rfc3339::parse(value.as_str()?)
    });
    visit.required("timezone", "must be an IANA time zone", |value| {
        TimeZone::get(value.as_str()?).ok()
    });
}
