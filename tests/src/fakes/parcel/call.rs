//! Validation of a call by parcel's schema: every element, in order, with a value of its type or nil.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::super::rfc3339;
use super::soap::{PARCEL, XSI};
use super::xml::Element;

/// Checks the type of a value.
type TypeCheck = fn(&str) -> bool;

/// Each element: name, whether it may be nil, type check, and the error message.
const ELEMENTS: [(&str, bool, TypeCheck, &str); 21] = [
    (
        "CallReference",
        false,
        is_reference,
        "must be 1 to 64 of A-Z a-z 0-9 _ - . :",
    ),
    ("LeadNumber", false, is_short, "must be 1 to 64 characters"),
    ("OutcomeCode", false, is_outcome, "is no outcome code"),
    ("OutcomeText", true, is_text, "must be 1 to 1000 characters"),
    ("CalledOn", false, is_indian_time, "must be an xs:dateTime with +05:30"),
    ("DurationSeconds", true, is_whole, "must be a whole number of seconds"),
    ("IntentScore", true, is_score, "must be 0 to 100"),
    ("BudgetFrom", true, is_amount, "must be an xs:decimal with two places"),
    ("BudgetTo", true, is_amount, "must be an xs:decimal with two places"),
    ("UnitType", true, is_short, "must be 1 to 64 characters"),
    ("PossessionWithin", true, is_short, "must be 1 to 64 characters"),
    ("LoanNeeded", true, is_boolean, "must be true or false"),
    ("Purpose", true, is_short, "must be 1 to 64 characters"),
    ("NonResident", true, is_boolean, "must be true or false"),
    ("Visit", true, is_blank, "must hold a date, a time and a zone"),
    ("DoNotCall", false, is_boolean, "must be true or false"),
    ("DuplicateLead", false, is_boolean, "must be true or false"),
    ("Language", true, is_short, "must be 1 to 64 characters"),
    ("RecordingUrl", true, is_url, "must be an absolute URL"),
    ("TranscriptUrl", true, is_url, "must be an absolute URL"),
    ("Remarks", true, is_text, "must be 1 to 1000 characters"),
];

/// The elements of `<Visit>`.
const VISIT: [(&str, bool, TypeCheck, &str); 3] = [
    ("VisitDate", false, is_date, "must be an xs:date"),
    ("VisitTime", false, is_time, "must be an xs:time"),
    ("VisitZone", false, is_zone, "is no time zone"),
];

const OUTCOMES: [&str; 13] = [
    "VISIT",
    "QUALIFIED",
    "CALLBACK",
    "LOST-BUDGET",
    "LOST-LOCATION",
    "LOST-TIME",
    "BOUGHT",
    "WRONG-PERSON",
    "DNC",
    "NO-ANSWER",
    "DEAD-NUMBER",
    "DUPLICATE",
    "OTHER",
];

/// Elements by path, such as `Visit/VisitDate`, without those that are nil.
pub(super) type ElementValues = BTreeMap<String, String>;

/// The values of a `<Call>`, or every invalid element.
pub(super) fn validate(call: &Element) -> Result<ElementValues, Vec<(String, &'static str)>> {
    let mut values = ElementValues::new();
    let mut errors = vec![];
    sequence(call, "", &ELEMENTS, &mut values, &mut errors);
    if let Some(visit) = call.children.iter().find(|it| it.name == "Visit" && !is_nil(it)) {
        sequence(visit, "Visit/", &VISIT, &mut values, &mut errors);
    }
    let is_other = values.get("OutcomeCode").is_some_and(|code| code == "OTHER");
    if is_other != values.contains_key("OutcomeText") {
        errors.push(("OutcomeText".into(), "must be there for OTHER, and only then"));
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

fn sequence(
    parent: &Element,
    prefix: &str,
    elements: &[(&str, bool, TypeCheck, &'static str)],
    values: &mut ElementValues,
    errors: &mut Vec<(String, &'static str)>,
) {
    let given: Vec<_> = parent.children.iter().map(|child| child.name.as_str()).collect();
    let expected: Vec<_> = elements.iter().map(|(name, ..)| *name).collect();
    let foreign = parent.children.iter().any(|child| child.namespace != PARCEL);
    if given != expected || foreign || !parent.text.trim().is_empty() {
        errors.push((format!("{prefix}*"), "is not the schema's sequence of elements"));
        return;
    }
    for (child, (name, nillable, check, message)) in parent.children.iter().zip(elements) {
        let name = format!("{prefix}{name}");
        let flat = child.children.is_empty() || name == "Visit";
        match is_nil(child) {
            true if *nillable && child.text.is_empty() && child.children.is_empty() => {}
            true => errors.push((name, "may not be nil")),
            false if flat && check(&child.text) => drop(values.insert(name, child.text.clone())),
            false => errors.push((name, *message)),
        }
    }
}

fn is_nil(element: &Element) -> bool {
    element.attribute(XSI, "nil") == Some("true")
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn is_reference(text: &str) -> bool {
    let takes = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(takes)
}

fn is_short(text: &str) -> bool {
    (1..=64).contains(&text.chars().count())
}

fn is_text(text: &str) -> bool {
    (1..=1000).contains(&text.chars().count())
}

fn is_outcome(text: &str) -> bool {
    OUTCOMES.contains(&text)
}

fn is_indian_time(text: &str) -> bool {
    text.len() == 25 && text.ends_with("+05:30") && rfc3339::parse(text).is_some()
}

/// A number without leading zeros.
fn is_whole(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|number| number.to_string() == text)
}

fn is_score(text: &str) -> bool {
    is_whole(text) && text.parse().is_ok_and(|score: u32| score <= 100)
}

fn is_amount(text: &str) -> bool {
    let whole = text.strip_suffix(".00");
    whole.is_some_and(|whole| whole.parse::<i64>().is_ok_and(|rupees| rupees.to_string() == whole))
}

fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false")
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn is_date(text: &str) -> bool {
    text.parse().is_ok_and(|date: Date| date.to_string() == text)
}

fn is_time(text: &str) -> bool {
    text.parse().is_ok_and(|time: Time| time.to_string() == text)
}

fn is_zone(text: &str) -> bool {
    TimeZone::get(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{is_amount, is_indian_time, is_time, is_whole, is_zone};

    #[test]
    fn types_are_strict() {
        for good in ["0.00", "8500000.00", "-1.00", "9223372036854775807.00"] {
            assert!(is_amount(good), "{good}");
        }
        for bad in ["", "8500000", "8500000.0", "8.5E6", "08.00", "85,00,000.00", "1.50"] {
            assert!(!is_amount(bad), "{bad}");
        }
        assert!(is_indian_time("2026-12-31T23:59:59+05:30"));
        for bad in [
            "2026-12-31T18:29:59Z",
            "2026-12-31T23:59:59.5+05:30",
            "2026-02-30T00:00:00+05:30",
        ] {
            assert!(!is_indian_time(bad), "{bad}");
        }
        assert!(is_time("00:00:00") && !is_time("00:00") && !is_time("24:00:00"));
        assert!(is_whole("4294967295") && !is_whole("4294967296") && !is_whole("007") && !is_whole("+7"));
        assert!(is_zone("Asia/Kolkata") && !is_zone("Mars/Olympus"));
    }
}
