//! Converts between the contract's records and keystone's JSON. Tested without a CRM.

use std::collections::BTreeMap;

use jackfield_sdk::{Disposition, Host, LeadStatus, Outcome, Qualification, Rejection, SiteVisit, date};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A lead in keystone's answer.
#[derive(Deserialize)]
pub struct Lead {
    id: String,
    stage: String,
    may_call: bool,
    do_not_disturb: bool,
    human_contacted: bool,
    last_call_at: Option<String>,
}

impl From<Lead> for LeadStatus {
    fn from(lead: Lead) -> Self {
        Self {
            lead_id: lead.id,
            callable: lead.may_call,
            status: lead.stage,
            dnc: lead.do_not_disturb,
            human_contacted: lead.human_contacted,
            last_call_attempt: lead.last_call_at,
            extensions: Vec::new(),
        }
    }
}

/// Keystone's answer to a write, and to a search for it later.
#[derive(Deserialize)]
pub struct Stored {
    /// Keystone's own reference, such as `KS-17`.
    pub id: String,
}

/// Why keystone refused something: `{"error": {"code", "message", "fields": […]}}`.
#[derive(Deserialize)]
pub struct Refusal {
    error: RefusalError,
}

#[derive(Deserialize)]
struct RefusalError {
    code: String,
    message: String,
    #[serde(default)]
    fields: Vec<RefusedField>,
}

#[derive(Deserialize)]
struct RefusedField {
    field: String,
    message: String,
}

impl Refusal {
    /// Whether this is keystone's own error with that code, and not the answer of another server.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.error.code == code
    }
}

impl From<Refusal> for Rejection {
    fn from(Refusal { error }: Refusal) -> Self {
        let rejection = Self::new(&error.code, &error.message);
        error.fields.iter().fold(rejection, |rejection, refused| {
            rejection.field(&refused.field, &refused.message)
        })
    }
}

/// A call in keystone's format: every member is present, and null if it is not known.
#[derive(Serialize)]
pub struct Call<'a> {
    result: &'static str,
    result_detail: Option<&'a str>,
    called_at: &'a str,
    duration_seconds: Option<u32>,
    recording_url: Option<&'a str>,
    transcript_url: Option<&'a str>,
    do_not_disturb: bool,
    duplicate: bool,
    language: Option<&'a str>,
    qualification: Option<Qualified<'a>>,
    visit: Option<Visit<'a>>,
    custom: BTreeMap<&'a str, Box<RawValue>>,
}

#[derive(Serialize)]
struct Qualified<'a> {
    score: Option<u32>,
    budget: Option<Budget>,
    unit_type: Option<&'a str>,
    possession: Option<&'a str>,
    loan_required: Option<bool>,
    purpose: Option<&'a str>,
    nri: Option<bool>,
}

#[derive(Serialize)]
struct Budget {
    min: Option<i64>,
    max: Option<i64>,
    currency: &'static str,
}

#[derive(Serialize)]
struct Visit<'a> {
    starts_at: String,
    timezone: &'a str,
}

impl<'a> Call<'a> {
    /// The call that a disposition describes.
    ///
    /// # Errors
    /// If the date, time or zone of the site visit does not exist.
    pub fn new(host: &Host, disposition: &'a Disposition) -> Result<Self, Rejection> {
        let (result, result_detail) = result(&disposition.outcome);
        let visit = disposition.site_visit.as_ref();
        let starts_at = visit.map(|visit| date::visit_start(host, visit)).transpose()?.flatten();
        let extensions = disposition.extensions.iter();
        let mut custom: BTreeMap<&str, Box<RawValue>> = extensions.map(|it| (it.pointer.as_str(), it.raw())).collect();
        if starts_at.is_none() {
            custom.extend(visit.into_iter().flat_map(unfinished_visit));
        }
        Ok(Self {
            result,
            result_detail,
            called_at: &disposition.accepted_at,
            duration_seconds: disposition.duration_seconds,
            recording_url: disposition.recording_url.as_deref(),
            transcript_url: disposition.transcript_url.as_deref(),
            do_not_disturb: disposition.dnc_requested,
            duplicate: disposition.duplicate_detected,
            language: disposition.language_used.as_deref(),
            qualification: qualified(&disposition.qualification),
            visit: starts_at.map(|starts_at| Visit {
                starts_at: date::rfc3339(&starts_at),
                timezone: visit
                    .and_then(|visit| visit.timezone.as_deref())
                    .unwrap_or(date::DEFAULT_ZONE),
            }),
            custom,
        })
    }
}

/// Keystone's code for an outcome, and for `OTHER` the platform's own words.
fn result(outcome: &Outcome) -> (&'static str, Option<&str>) {
    let code = match outcome {
        Outcome::QualifiedVisitBooked => "VISIT_BOOKED",
        Outcome::QualifiedNoVisit => "QUALIFIED",
        Outcome::CallbackRequested => "CALLBACK",
        Outcome::NotInterestedBudget => "LOST_BUDGET",
        Outcome::NotInterestedLocation => "LOST_LOCATION",
        Outcome::NotInterestedTimeline => "LOST_TIMELINE",
        Outcome::AlreadyPurchased => "BOUGHT",
        Outcome::WrongNumber => "WRONG_NUMBER",
        Outcome::DncRequested => "DO_NOT_DISTURB",
        Outcome::NoAnswer => "NO_ANSWER",
        Outcome::InvalidNumber => "INVALID_NUMBER",
        Outcome::DuplicateSuppressed => "DUPLICATE",
        Outcome::Other(words) => return ("OTHER", Some(words)),
    };
    (code, None)
}

/// What was learned, or null if nothing was.
fn qualified(learned: &Qualification) -> Option<Qualified<'_>> {
    let budget = (learned.budget_min.is_some() || learned.budget_max.is_some()).then_some(Budget {
        min: learned.budget_min,
        max: learned.budget_max,
        currency: "INR",
    });
    (*learned != Qualification::default()).then_some(Qualified {
        score: learned.ai_intent_score,
        budget,
        unit_type: learned.bhk_preference.as_deref(),
        possession: learned.possession_timeline.as_deref(),
        loan_required: learned.loan_required,
        purpose: learned.purchase_intent.as_deref(),
        nri: learned.nri_flag,
    })
}

/// Keystone has no field for a visit that was discussed but not fixed; its parts are stored under their pointers.
fn unfinished_visit(visit: &SiteVisit) -> impl Iterator<Item = (&str, Box<RawValue>)> {
    let parts = [
        ("/site_visit/date", &visit.date),
        ("/site_visit/time_slot", &visit.time_slot),
        ("/site_visit/timezone", &visit.timezone),
    ];
    parts
        .into_iter()
        .filter_map(|(pointer, part)| Some((pointer, to_raw_value(part.as_deref()?).ok()?)))
}

#[cfg(test)]
mod tests {
    use jackfield_sdk::Extension;
    use jackfield_sdk::testing::{Script, disposition};
    use serde_json::{Value, json};

    use super::*;

    fn body(disposition: &Disposition) -> Value {
        Script::new().run(|host| serde_json::to_value(Call::new(host, disposition).unwrap()).unwrap())
    }

    #[test]
    fn every_outcome_has_its_code() {
        let cases = [
            (Outcome::QualifiedVisitBooked, "VISIT_BOOKED"),
            (Outcome::QualifiedNoVisit, "QUALIFIED"),
            (Outcome::CallbackRequested, "CALLBACK"),
            (Outcome::NotInterestedBudget, "LOST_BUDGET"),
            (Outcome::NotInterestedLocation, "LOST_LOCATION"),
            (Outcome::NotInterestedTimeline, "LOST_TIMELINE"),
            (Outcome::AlreadyPurchased, "BOUGHT"),
            (Outcome::WrongNumber, "WRONG_NUMBER"),
            (Outcome::DncRequested, "DO_NOT_DISTURB"),
            (Outcome::NoAnswer, "NO_ANSWER"),
            (Outcome::InvalidNumber, "INVALID_NUMBER"),
            (Outcome::DuplicateSuppressed, "DUPLICATE"),
        ];
        for (outcome, code) in cases {
            let body = body(&disposition(outcome));
            assert_eq!(body["result"], code);
            assert_eq!(body["result_detail"], Value::Null, "only OTHER has a detail");
            assert_eq!(body["do_not_disturb"], code == "DO_NOT_DISTURB");
        }
        let other = body(&disposition(Outcome::Other("dispute".into())));
        assert_eq!(
            (&other["result"], &other["result_detail"]),
            (&json!("OTHER"), &json!("dispute"))
        );
    }

    #[test]
    fn extensions_keep_their_digits() {
        let mut call = disposition(Outcome::NoAnswer);
        for (pointer, json) in [("/a", "100000000000000000000001"), ("/b", "[1.10]"), ("/c", "no json")] {
            call.extensions.push(Extension {
                pointer: pointer.into(),
                json: json.into(),
            });
        }
        let body = Script::new().run(|host| serde_json::to_string(&Call::new(host, &call).unwrap()).unwrap());
        assert!(
            body.contains(r#"{"/a":100000000000000000000001,"/b":[1.10],"/c":"no json"}"#),
            "{body}"
        );
    }

    #[test]
    fn half_a_budget_is_a_budget() {
        let mut call = disposition(Outcome::NotInterestedBudget);
        call.qualification.budget_max = Some(i64::MAX);
        let budget = json!({"min": null, "max": i64::MAX, "currency": "INR"});
        assert_eq!(body(&call)["qualification"]["budget"], budget);
    }

    #[test]
    fn one_value_is_a_qualification() {
        let mut call = disposition(Outcome::NoAnswer);
        call.qualification.nri_flag = Some(false);
        let learned = &body(&call)["qualification"];
        assert_eq!((&learned["nri"], &learned["budget"]), (&json!(false), &Value::Null));
    }

    #[test]
    fn unfixed_visits_are_kept_in_parts() {
        let mut call = disposition(Outcome::CallbackRequested);
        call.site_visit = Some(SiteVisit {
            booked: false,
            date: Some("2026-07-05".into()),
            time_slot: Some("11:00".into()),
            timezone: None,
        });
        let body = body(&call);
        assert_eq!(body["visit"], Value::Null);
        assert_eq!(
            body["custom"],
            json!({"/site_visit/date": "2026-07-05", "/site_visit/time_slot": "11:00"})
        );
    }
}
