//! Validation of a call's parameters.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

use super::xml::{Fault, FieldError};

/// The parameters of `call_update.php`, without `ts` and `sig`.
pub(super) const PARAMETERS: [&str; 13] = [
    "lead_no",
    "call_ref",
    "stage",
    "call_date",
    "call_time",
    "duration",
    "remark",
    "visit_date",
    "visit_time",
    "budget_from",
    "budget_to",
    "dnd",
    "lang",
];

/// 301 visit booked, 302 qualified, 303 callback; 401 budget, 402 location, 403 timeline, 404 already bought; 501 wrong
/// number, 502 do not call, 503 no answer, 504 invalid number, 505 duplicate; 599 other.
const CALL_CODES: [&str; 13] = [
    "301", "302", "303", "401", "402", "403", "404", "501", "502", "503", "504", "505", "599",
];

/// Counted in characters, not bytes: a remark may be in Hindi.
const REMARK_CHARS: usize = 200;
const CALL_REF_CHARS: usize = 40;

/// Validates a complete set of parameters.
pub(super) fn check(parameters: &BTreeMap<String, String>) -> Result<(), Fault> {
    let get = |name: &str| parameters[name].as_str();
    let mut errors = Vec::new();
    let mut demand = |name, holds: bool, message| {
        if !holds {
            errors.push(FieldError::new(name, message));
        }
    };
    demand("lead_no", !get("lead_no").is_empty(), "empty");
    demand(
        "call_ref",
        is_call_ref(get("call_ref")),
        "must be 1 to 40 of A-Z a-z 0-9 _ -",
    );
    demand("stage", CALL_CODES.contains(&get("stage")), "not a stage");
    demand("call_date", is_date(get("call_date")), "must be dd/mm/yyyy");
    demand("call_time", is_time(get("call_time")), "must be HH:MM");
    demand(
        "duration",
        is_empty_or(is_seconds, get("duration")),
        "must be seconds or empty",
    );
    demand(
        "remark",
        get("remark").chars().count() <= REMARK_CHARS,
        "longer than 200 characters",
    );
    if get("stage") == "599" {
        let named = get("remark")
            .strip_prefix("outcome=")
            .is_some_and(|outcome| !outcome.trim().is_empty());
        demand("remark", named, "must start with outcome=<text> when stage is 599");
    }
    demand(
        "visit_date",
        is_empty_or(is_date, get("visit_date")),
        "must be dd/mm/yyyy or empty",
    );
    demand(
        "visit_time",
        is_empty_or(is_time, get("visit_time")),
        "must be HH:MM or empty",
    );
    for name in ["budget_from", "budget_to"] {
        demand(
            name,
            is_empty_or(is_rupees, get(name)),
            "must be rupees such as 85,00,000 or empty",
        );
    }
    demand("dnd", matches!(get("dnd"), "Y" | "N"), "must be Y or N");
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Fault::Invalid(errors))
    }
}

fn is_empty_or(holds: impl Fn(&str) -> bool, text: &str) -> bool {
    text.is_empty() || holds(text)
}

fn is_call_ref(text: &str) -> bool {
    (1..=CALL_REF_CHARS).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Compares with the formatted date, so that `5/7/2026` is not a date.
fn is_date(text: &str) -> bool {
    Date::strptime("%d/%m/%Y", text).is_ok_and(|date| date.strftime("%d/%m/%Y").to_string() == text)
}

fn is_time(text: &str) -> bool {
    Time::strptime("%H:%M", text).is_ok_and(|time| time.strftime("%H:%M").to_string() == text)
}

fn is_seconds(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok()
}

fn is_rupees(text: &str) -> bool {
    text.replace(',', "")
        .parse()
        .is_ok_and(|amount| grouped(amount) == text)
}

/// Indian digit grouping: the last three digits, then pairs.
fn grouped(amount: u64) -> String {
    let digits = amount.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left >= 3 && left % 2 == 1 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{is_date, is_rupees, is_time};

    #[test]
    fn rupees_use_indian_grouping() {
        for good in [
            "0",
            "999",
            "1,000",
            "85,000",
            "1,00,000",
            "85,00,000",
            "1,20,00,000",
            "12,34,56,78,901",
        ] {
            assert!(is_rupees(good), "{good}");
        }
        for bad in [
            "",
            "8500000",
            "8,500,000",
            "085",
            "85,00,000.00",
            "-5",
            "+5",
            ",500",
            "1,0,000",
            "₹500",
        ] {
            assert!(!is_rupees(bad), "{bad}");
        }
    }

    #[test]
    fn dates_and_times_are_padded_and_valid() {
        assert!(is_date("05/07/2026") && is_time("09:05") && is_time("00:00"));
        for bad in ["5/7/2026", "2026-07-05", "07/25/2026", "30/02/2026", "05/07/26", ""] {
            assert!(!is_date(bad), "{bad}");
        }
        for bad in ["9:05", "24:00", "09:60", "09:05:00", "9 AM", ""] {
            assert!(!is_time(bad), "{bad}");
        }
    }
}
