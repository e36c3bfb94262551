//! Validation of a `CallInput`: atrium's picklists and its formats for money and time.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::super::{
    json_fields::{FieldCheck, FieldError, http_url},
    rfc3339,
};

const OUTCOMES: [&str; 13] = [
    "VISIT_BOOKED",
    "QUALIFIED",
    "CALL_BACK",
    "LOST_PRICE",
    "LOST_LOCATION",
    "LOST_TIMING",
    "ALREADY_BOUGHT",
    "WRONG_PARTY",
    "DO_NOT_CONTACT",
    "UNANSWERED",
    "BAD_NUMBER",
    "DUPLICATE",
    "OTHER",
];
const UNITS: [&str; 7] = ["ONE_BHK", "TWO_BHK", "THREE_BHK", "FOUR_BHK", "VILLA", "PLOT", "OTHER"];
const PURPOSES: [&str; 3] = ["SELF_USE", "INVESTMENT", "OTHER"];

/// The maximum length of a call's reference, in bytes.
const REFERENCE_BYTES: usize = 255;

const TEXT: &str = "must be a text";
const FLAG: &str = "must be true or false";
const LINK: &str = "must be an http or https URL";

/// Every error in an input; paths begin with `input.`.
pub(super) fn check(input: &Map<String, Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut input = FieldCheck::new("input.", input, &mut errors);
    check_members(&mut input);
    input.refuse_unknown();
    errors
}

fn check_members(input: &mut FieldCheck<'_>) {
    input.required("leadId", TEXT, Value::as_str);
    input.required("callReference", "must be 1 to 255 bytes of text", |value| {
        value
            .as_str()
            .filter(|text| (1..=REFERENCE_BYTES).contains(&text.len()))
    });
    let outcome = input.required("outcome", "is not in the picklist Outcome", |value| {
        listed(value, &OUTCOMES)
    });
    let note = input.nullable("outcomeNote", TEXT, Value::as_str);
    match (outcome, note) {
        (Some("OTHER"), None | Some("")) => input.error("outcomeNote", "required when outcome is OTHER"),
        (Some(code), Some(_)) if code != "OTHER" => input.error("outcomeNote", "only allowed when outcome is OTHER"),
        _ => {}
    }
    input.required("occurredAt", "must be a DateTime in UTC, ending in Z", |value| {
        value
            .as_str()
            .filter(|text| text.ends_with('Z'))
            .and_then(rfc3339::parse)
    });
    let seconds = "must be an Int from 0: it has 32 bits, one for the sign";
    input.nullable("durationSeconds", seconds, |value| {
        value
            .as_i64()
            .filter(|seconds| (0..=i64::from(i32::MAX)).contains(seconds))
    });
    input.nullable("recordingUrl", LINK, http_url);
    input.nullable("transcriptUrl", LINK, http_url);
    input.required("doNotContact", FLAG, Value::as_bool);
    input.required("duplicate", FLAG, Value::as_bool);
    input.nullable("language", TEXT, Value::as_str);
    input.nullable("score", "must be an Int from 0 to 100", |value| {
        value.as_u64().filter(|score| *score <= 100)
    });
    input.object("budget", check_budget);
    input.nullable("unitType", "is not in the picklist UnitType", |value| {
        listed(value, &UNITS)
    });
    input.nullable("possession", TEXT, Value::as_str);
    input.nullable("loanNeeded", FLAG, Value::as_bool);
    input.nullable("purpose", "is not in the picklist Purpose", |value| {
        listed(value, &PURPOSES)
    });
    input.nullable("nonResident", FLAG, Value::as_bool);
    input.object("visit", check_visit);
    input.nullable("notes", "must be a list of {label, text}, neither empty", notes);
}

fn check_budget(budget: &mut FieldCheck<'_>) {
    let must = "must be a Decimal from 0.00, as a text with two places";
    let min = budget.nullable("min", must, paise);
    let max = budget.nullable("max", must, paise);
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        budget.error("max", "must not be below min");
    }
}

fn check_visit(visit: &mut FieldCheck<'_>) {
    visit.required("date", "must be a Date, YYYY-MM-DD", |value| {
        let text = value.as_str().filter(|text| text.len() == 10)?;
        text.parse::<Date>().ok()
    });
    visit.required("time", "must be a time of day, HH:MM", |value| {
        let text = value.as_str().filter(|text| text.len() == 5)?;
        text.parse::<Time>().ok()
    });
    visit.required("zone", "must be an IANA time zone", |value| {
        TimeZone::get(value.as_str()?).ok()
    });
}

fn listed<'a>(value: &'a Value, list: &[&str]) -> Option<&'a str> {
    value.as_str().filter(|word| list.contains(word))
}

/// Parses a decimal amount of rupees into paise.
fn paise(value: &Value) -> Option<u128> {
    let (rupees, paise) = value.as_str()?.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits(rupees) && digits(paise) && paise.len() == 2 && (1..=19).contains(&rupees.len());
    let amount = plain.then(|| format!("{rupees}{paise}"))?;
    amount
        .parse()
        .ok()
        .filter(|_| rupees == "0" || !rupees.starts_with('0'))
}

fn notes(value: &Value) -> Option<()> {
    let whole = |note: &Value| {
        let filled = |name| note[name].as_str().is_some_and(|text| !text.is_empty());
        filled("label") && filled("text") && note.as_object().is_some_and(|members| members.len() == 2)
    };
    value.as_array()?.iter().all(whole).then_some(())
}
