//! Converts the contract's records to groundwork's form fields. Tested without a CRM.

use jackfield_sdk::jiff::Zoned;
use jackfield_sdk::{Disposition, Host, Outcome, Rejection, SiteVisit, date, money};

/// Form fields in the order in which they are written.
pub type Form = Vec<(&'static str, String)>;

/// The longest remark that groundwork accepts, in characters.
const REMARK_CHARS: usize = 200;
/// The longest reference that groundwork accepts, in characters.
const CALL_REF_CHARS: usize = 40;

/// The text that `sig` signs: every other parameter as `name=value`, sorted by name, joined with `&`, values raw.
#[must_use]
pub fn signed_text(form: &Form) -> String {
    let mut pairs: Vec<_> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    pairs.join("&")
}

/// The form of `call_update.php` for a disposition. `call_ref` is the idempotency key, so that a person who compares
/// rows can recognise a repetition.
///
/// # Errors
/// If the date, time or zone of the site visit does not exist.
pub fn call_update(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Form, Rejection> {
    let called = date::in_ist(&disposition.accepted_at)?;
    let visit = disposition
        .site_visit
        .as_ref()
        .map(|visit| date::visit_start(host, visit))
        .transpose()?
        .flatten();
    let visit = visit.map(|starts| starts.with_time_zone(date::ist()));
    let learned = &disposition.qualification;
    Ok(vec![
        ("lead_no", disposition.lead_id.clone()),
        ("call_ref", call_ref(idempotency_key).into()),
        ("stage", call_code(&disposition.outcome).into()),
        ("call_date", day(&called)),
        ("call_time", minute(&called)),
        (
            "duration",
            disposition
                .duration_seconds
                .map_or_else(String::new, |seconds| seconds.to_string()),
        ),
        ("remark", remark(disposition)),
        ("visit_date", visit.as_ref().map_or_else(String::new, day)),
        ("visit_time", visit.as_ref().map_or_else(String::new, minute)),
        (
            "budget_from",
            learned.budget_min.map_or_else(String::new, money::grouped),
        ),
        ("budget_to", learned.budget_max.map_or_else(String::new, money::grouped)),
        ("dnd", if disposition.dnc_requested { "Y" } else { "N" }.into()),
        ("lang", disposition.language_used.clone().unwrap_or_default()),
    ])
}

/// The key as groundwork's reference. A key that the host made, because the call's id is none, is longer than the
/// column and like no other within it. A call's id is passed on whole, or refused by groundwork.
fn call_ref(key: &str) -> &str {
    let made = key.strip_prefix("jf_").and_then(|_| key.get(..CALL_REF_CHARS));
    made.unwrap_or(key)
}

/// Groundwork's number for an outcome.
fn call_code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::QualifiedVisitBooked => "301",
        Outcome::QualifiedNoVisit => "302",
        Outcome::CallbackRequested => "303",
        Outcome::NotInterestedBudget => "401",
        Outcome::NotInterestedLocation => "402",
        Outcome::NotInterestedTimeline => "403",
        Outcome::AlreadyPurchased => "404",
        Outcome::WrongNumber => "501",
        Outcome::DncRequested => "502",
        Outcome::NoAnswer => "503",
        Outcome::InvalidNumber => "504",
        Outcome::DuplicateSuppressed => "505",
        Outcome::Other(_) => "599",
    }
}

fn day(instant: &Zoned) -> String {
    instant.strftime("%d/%m/%Y").to_string()
}

fn minute(instant: &Zoned) -> String {
    instant.strftime("%H:%M").to_string()
}

/// The values that groundwork has no field for, most important first, cut to the length of its column.
fn remark(disposition: &Disposition) -> String {
    let learned = &disposition.qualification;
    let outcome = match &disposition.outcome {
        Outcome::Other(words) => Some(words.clone()),
        _ => None,
    };
    let yes_or_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let parts = [
        ("outcome", outcome), // first: groundwork looks for it there when the code is 599
        ("score", learned.ai_intent_score.map(|score| score.to_string())),
        ("unit", learned.bhk_preference.clone()),
        ("possession", learned.possession_timeline.clone()),
        ("loan", learned.loan_required.map(yes_or_no)),
        ("purpose", learned.purchase_intent.clone()),
        ("nri", learned.nri_flag.map(yes_or_no)),
        ("visit wish", disposition.site_visit.as_ref().and_then(visit_wish)),
        ("duplicate", disposition.duplicate_detected.then(|| yes_or_no(true))),
        ("recording", disposition.recording_url.clone()),
    ];
    let named = parts
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let extensions = disposition
        .extensions
        .iter()
        .map(|it| format!("{}={}", it.pointer, it.json));
    let remark = named.chain(extensions).collect::<Vec<_>>().join("; ");
    cut(remark)
}

/// What is known of a visit that was discussed but not fixed.
fn visit_wish(visit: &SiteVisit) -> Option<String> {
    match (visit.booked, &visit.date, &visit.time_slot) {
        (true, Some(_), Some(_)) | (_, None, None) => None,
        (_, date, time) => {
            let known: Vec<&str> = [date, time].into_iter().flatten().map(String::as_str).collect();
            Some(known.join(" "))
        }
    }
}

/// The text if it fits, otherwise as much of it as fits before an ellipsis. Groundwork counts characters, not bytes: a
/// Hindi letter has three bytes.
fn cut(text: String) -> String {
    if text.chars().count() <= REMARK_CHARS {
        return text;
    }
    let kept = text.chars().take(REMARK_CHARS - 1);
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use jackfield_sdk::Extension;
    use jackfield_sdk::testing::{Script, disposition};

    use super::*;

    fn field(disposition: &Disposition, name: &str) -> String {
        let form = Script::new().run(|host| call_update(host, disposition, "C-1")).unwrap();
        form.into_iter().find(|(other, _)| *other == name).unwrap().1
    }

    #[test]
    fn every_outcome_has_its_code() {
        let cases = [
            (Outcome::QualifiedVisitBooked, "301"),
            (Outcome::QualifiedNoVisit, "302"),
            (Outcome::CallbackRequested, "303"),
            (Outcome::NotInterestedBudget, "401"),
            (Outcome::NotInterestedLocation, "402"),
            (Outcome::NotInterestedTimeline, "403"),
            (Outcome::AlreadyPurchased, "404"),
            (Outcome::WrongNumber, "501"),
            (Outcome::DncRequested, "502"),
            (Outcome::NoAnswer, "503"),
            (Outcome::InvalidNumber, "504"),
            (Outcome::DuplicateSuppressed, "505"),
            (Outcome::Other("dispute".into()), "599"),
        ];
        for (outcome, code) in cases {
            let call = disposition(outcome);
            assert_eq!(field(&call, "stage"), code);
            assert_eq!(field(&call, "dnd"), if code == "502" { "Y" } else { "N" });
            assert_eq!(
                field(&call, "remark"),
                if code == "599" { "outcome=dispute" } else { "" }
            );
        }
    }

    #[test]
    fn long_remarks_are_cut_between_letters() {
        let mut call = disposition(Outcome::Other("बात".repeat(100)));
        let remark = field(&call, "remark");
        assert_eq!(remark.chars().count(), REMARK_CHARS);
        assert!(remark.starts_with("outcome=बात") && remark.ends_with('…'));

        call.outcome = Outcome::Other("x".repeat(REMARK_CHARS - "outcome=".len()));
        assert!(
            field(&call, "remark").ends_with('x'),
            "a remark that just fits is not cut"
        );
    }

    #[test]
    fn values_without_a_field_are_remarked() {
        let mut call = disposition(Outcome::NoAnswer);
        call.extensions = vec![Extension::text("/qualification/floor", "12")];
        call.duplicate_detected = true;
        assert_eq!(field(&call, "remark"), "duplicate=yes; /qualification/floor=\"12\"");
    }

    #[test]
    fn unfixed_visits_are_remarked() {
        let visit = |booked, date: Option<&str>, time: Option<&str>| SiteVisit {
            booked,
            date: date.map(Into::into),
            time_slot: time.map(Into::into),
            timezone: None,
        };
        let (day, hour) = (Some("2026-07-05"), Some("11:00"));
        let cases = [
            (visit(true, day, hour), "05/07/2026", ""),
            (visit(false, day, hour), "", "visit wish=2026-07-05 11:00"),
            (visit(true, day, None), "", "visit wish=2026-07-05"),
            (visit(true, None, hour), "", "visit wish=11:00"),
            (visit(true, None, None), "", ""),
        ];
        for (visit, date, remark) in cases {
            let mut call = disposition(Outcome::CallbackRequested);
            call.site_visit = Some(visit);
            assert_eq!(
                (field(&call, "visit_date").as_str(), field(&call, "remark").as_str()),
                (date, remark)
            );
        }
    }

    #[test]
    fn references_fit_into_their_column() {
        assert_eq!(call_ref("C-20260701_7"), "C-20260701_7");
        let made = "jf_345kgrbeq55jusy2sazig5of2f3zazhydlf7iv3qn5ec3mxbzgpa";
        assert_eq!(call_ref(made), &made[..CALL_REF_CHARS]);
        assert_eq!(call_ref(&"k".repeat(64)), "k".repeat(64));
    }

    #[test]
    fn budgets_are_grouped_as_in_india() {
        let mut call = disposition(Outcome::NotInterestedBudget);
        call.qualification.budget_max = Some(12_000_000);
        assert_eq!(
            (field(&call, "budget_from"), field(&call, "budget_to")),
            (String::new(), "1,20,00,000".into())
        );
    }

    #[test]
    fn signed_text_is_sorted_and_raw() {
        let form = vec![("ts", "7".into()), ("lead_no", "क & ख".into()), ("dnd", String::new())];
        assert_eq!(signed_text(&form), "dnd=&lead_no=क & ख&ts=7");
    }
}
