//! Validation of a patch.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value};
use url::Url;

/// The messages of each invalid field, under its dotted name.
pub(super) type FieldErrors = BTreeMap<String, Vec<&'static str>>;

const DISPOSITIONS: [&str; 13] = [
    "SITE_VISIT_FIXED",
    "QUALIFIED",
    "CALL_BACK",
    "LOST_BUDGET",
    "LOST_LOCATION",
    "LOST_TIMELINE",
    "ALREADY_BOUGHT",
    "WRONG_NUMBER",
    "DO_NOT_CALL",
    "NO_RESPONSE",
    "INVALID_NUMBER",
    "DUPLICATE",
    "OTHER",
];

/// A member's name, its check, and the message if the check fails.
type Rule = (&'static str, fn(&Value) -> bool, &'static str);

/// The prospect's members. Each may be null, which clears it.
const PROSPECT: [Rule; 9] = [
    ("budget_min_lakh", is_lakhs, LAKHS),
    ("budget_max_lakh", is_lakhs, LAKHS),
    (
        "intent_score",
        |v| v.as_u64().is_some_and(|n| n <= 100),
        "must be 0 to 100",
    ),
    ("unit_type", is_text, TEXT),
    ("possession", is_word, WORD),
    ("loan", |v| is_one_of(v, &["YES", "NO"]), "must be YES or NO"),
    ("purpose", is_word, WORD),
    (
        "residency",
        |v| is_one_of(v, &["NRI", "RESIDENT"]),
        "must be NRI or RESIDENT",
    ),
    (
        "contact_policy",
        |v| is_one_of(v, &["ALLOWED", "PAUSED", "DO_NOT_CALL"]),
        "must be ALLOWED, PAUSED or DO_NOT_CALL",
    ),
];

/// The interaction's members. None may be null; the first four are required.
const INTERACTION: [Rule; 13] = [
    (
        "call_ref",
        is_reference,
        "must be 1 to 64 letters, digits, dashes, dots or underscores",
    ),
    (
        "disposition",
        |v| is_one_of(v, &DISPOSITIONS),
        "must be a disposition's code",
    ),
    ("called_on", is_day, DAY),
    ("called_at", is_time, TIME),
    (
        "disposition_text",
        |v| is_text(v) && v != "",
        "must be a text that is not empty",
    ),
    (
        "duration_sec",
        |v| v.as_u64().is_some_and(|n| n <= 86_400),
        "must be 0 to 86400",
    ),
    ("recording", is_link, LINK),
    ("transcript", is_link, LINK),
    ("language", is_word, WORD),
    ("duplicate", Value::is_boolean, "must be true or false"),
    ("visit", Value::is_object, "must be an object"),
    (
        "note",
        |v| v.as_str().is_some_and(|text| text.chars().count() <= 500),
        "must be a text of at most 500 characters",
    ),
    ("custom", Value::is_object, "must be an object"),
];

const VISIT: [Rule; 2] = [("on", is_day, DAY), ("at", is_time, TIME)];

const LAKHS: &str = "must be a number of lakhs from 0 to 1000000 with at most 2 decimals";
const TEXT: &str = "must be a text";
const WORD: &str = "must be UPPER_SNAKE";
const DAY: &str = "must be a date such as 01-JUL-2026";
const TIME: &str = "must be a time of day such as 14:05";
const LINK: &str = "must be an http or https URL";
const REQUIRED: &str = "is required";

/// The changes of a patch, and the interaction that it adds.
pub(super) type Patch = (Map<String, Value>, Map<String, Value>);

/// Splits a patch into changes and interaction, or returns every error.
pub(super) fn check(body: Value) -> Result<Patch, FieldErrors> {
    let mut errors = FieldErrors::new();
    let Value::Object(mut changes) = body else {
        return Err(FieldErrors::from([(String::new(), vec!["must be an object"])]));
    };
    let interaction = changes.remove("interaction");
    members("", &changes, &PROSPECT, true, &mut errors);
    let amount = |name: &str| changes.get(name).and_then(Value::as_f64);
    if let (Some(min), Some(max)) = (amount("budget_min_lakh"), amount("budget_max_lakh"))
        && min > max
    {
        add_error(&mut errors, "budget_max_lakh", "must not be below budget_min_lakh");
    }
    let Some(Value::Object(interaction)) = interaction else {
        add_error(&mut errors, "interaction", REQUIRED);
        return Err(errors);
    };
    members("interaction.", &interaction, &INTERACTION, false, &mut errors);
    for name in ["call_ref", "disposition", "called_on", "called_at"] {
        if !interaction.contains_key(name) {
            add_error(&mut errors, &format!("interaction.{name}"), REQUIRED);
        }
    }
    let is_other = interaction.get("disposition").is_some_and(|code| code == "OTHER");
    if is_other != interaction.contains_key("disposition_text") {
        let message = "must be there with OTHER, and only then";
        add_error(&mut errors, "interaction.disposition_text", message);
    }
    if let Some(Value::Object(visit)) = interaction.get("visit") {
        members("interaction.visit.", visit, &VISIT, false, &mut errors);
        for (name, ..) in VISIT {
            if !visit.contains_key(name) {
                add_error(&mut errors, &format!("interaction.visit.{name}"), REQUIRED);
            }
        }
    }
    if errors.is_empty() {
        Ok((changes, interaction))
    } else {
        Err(errors)
    }
}

fn members(prefix: &str, members: &Map<String, Value>, rules: &[Rule], nullable: bool, errors: &mut FieldErrors) {
    for (name, value) in members {
        let field = format!("{prefix}{name}");
        match rules.iter().find(|(known, ..)| known == name) {
            None => add_error(errors, &field, "is not known"),
            Some(_) if nullable && value.is_null() => {}
            Some((_, holds, message)) if !holds(value) => add_error(errors, &field, message),
            Some(_) => {}
        }
    }
}

fn add_error(errors: &mut FieldErrors, field: &str, message: &'static str) {
    errors.entry(field.to_owned()).or_default().push(message);
}

/// Checks the number as text, because a binary number does not keep its decimals.
fn is_lakhs(value: &Value) -> bool {
    let text = value.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    value.is_number()
        && digits(whole)
        && digits(decimals)
        && decimals.len() <= 2
        && value.as_f64().is_some_and(|lakhs| lakhs <= 1_000_000.0)
}

fn is_text(value: &Value) -> bool {
    value.is_string()
}

fn is_word(value: &Value) -> bool {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    value
        .as_str()
        .is_some_and(|word| !word.is_empty() && word.bytes().all(upper))
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

fn is_reference(value: &Value) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    value
        .as_str()
        .is_some_and(|text| (1..=64).contains(&text.len()) && text.bytes().all(letter))
}

fn is_day(value: &Value) -> bool {
    let day = |text: &str| {
        let date = Date::strptime("%d-%b-%Y", text).ok()?;
        Some(date.strftime("%d-%b-%Y").to_string().to_uppercase() == text)
    };
    value.as_str().and_then(day) == Some(true)
}

fn is_time(value: &Value) -> bool {
    let time = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let number = |text: &str, below: u8| {
            (text.len() == 2)
                .then(|| text.parse::<u8>().ok())?
                .filter(|n| *n < below)
        };
        number(hours, 24).and(number(minutes, 60))
    };
    value.as_str().and_then(time).is_some()
}

fn is_link(value: &Value) -> bool {
    let link = value.as_str().and_then(|text| Url::parse(text).ok());
    link.is_some_and(|link| matches!(link.scheme(), "http" | "https"))
}
