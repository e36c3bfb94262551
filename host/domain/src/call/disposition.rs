//! The structured outcome of one call, read from what the agent posts.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::outcome::Outcome;
use crate::delivery::DeliveryRank;
use crate::extension::Extension;
use crate::field::FieldError;
use crate::id::{CallId, Digest, LeadId};
use crate::intake::document::{Reader, Section};

/// One call's outcome. Everything but the id and the outcome may be missing: a caller may hang up at any point.
#[derive(Debug, Clone, PartialEq)]
pub struct Disposition {
    /// The call.
    pub call_id: CallId,
    /// The lead that was called.
    pub lead_id: LeadId,
    /// How it ended.
    pub outcome: Outcome,
    /// Seconds.
    pub duration_seconds: Option<u32>,
    /// Where the recording is.
    pub recording_url: Option<String>,
    /// Where the transcript is.
    pub transcript_url: Option<String>,
    /// What the call learned about the lead.
    pub qualification: Qualification,
    /// The site visit that was discussed.
    pub site_visit: Option<SiteVisit>,
    /// The lead asked not to be called again, by flag or by outcome.
    pub dnc_requested: bool,
    /// The platform considers the lead a duplicate.
    pub duplicate_detected: bool,
    /// Language of the call.
    pub language_used: Option<String>,
    /// Members that the contract does not name, with pointers into the document.
    pub extensions: Vec<Extension>,
}

/// What was learned about the lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Qualification {
    /// 0 to 100.
    pub ai_intent_score: Option<u32>,
    /// Whole rupees.
    pub budget_min: Option<i64>,
    /// Whole rupees.
    pub budget_max: Option<i64>,
    /// Such as `3BHK`.
    pub bhk_preference: Option<String>,
    /// Such as `18_months`.
    pub possession_timeline: Option<String>,
    /// Whether a loan is needed.
    pub loan_required: Option<bool>,
    /// Such as `end_use`.
    pub purchase_intent: Option<String>,
    /// Non-resident Indian.
    pub nri_flag: Option<bool>,
}

/// A site visit.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteVisit {
    /// Whether it is booked.
    pub booked: bool,
    /// Local date.
    pub date: Option<Date>,
    /// Local time of day.
    pub time_slot: Option<Time>,
    /// IANA time zone name.
    pub timezone: Option<String>,
}

impl Disposition {
    /// The rank of its delivery: a do-not-call request goes first.
    #[must_use]
    pub const fn rank(&self) -> DeliveryRank {
        if self.dnc_requested {
            DeliveryRank::DoNotCall
        } else {
            DeliveryRank::Normal
        }
    }

    /// Reads a disposition of `lead_id` from the agent's document.
    ///
    /// # Errors
    /// Every field that is missing, of the wrong type or out of range, each with its pointer.
    pub fn read(lead_id: LeadId, document: &Value) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::new();
        let root = reader.root(document);
        let call = reader.section(&root, "call_metadata", true);
        let learned = reader.section(&root, "qualification", true);
        let visit = reader.section(&root, "site_visit", false);
        let flags = reader.section(&root, "flags", false);

        let call_id = reader.required(&call, "call_id", |v| v.parsed::<CallId>());
        let outcome = reader
            .required(&learned, "outcome", |v| v.text(1, 100))
            .map(|word| Outcome::from_word(&word));
        let duration_seconds = reader.optional(&call, "duration_seconds", |v| v.whole(0, 86_400));
        let recording_url = reader.optional(&call, "recording_url", |v| v.url());
        let transcript_url = reader.optional(&call, "transcript_url", |v| v.url());
        let qualification = Self::qualification(&mut reader, &learned);
        let site_visit = visit.present().then(|| Self::visit(&mut reader, &visit));
        let dnc_flag = reader
            .optional(&flags, "dnc_requested", |v| v.boolean())
            .unwrap_or(false);
        let duplicate_detected = reader
            .optional(&flags, "duplicate_detected", |v| v.boolean())
            .unwrap_or(false);
        let language_used = reader.optional(&flags, "language_used", |v| v.text(0, 100));
        let extensions = reader.extensions(&[root, call, learned, visit, flags]);

        let errors = reader.finish();
        match (call_id, outcome) {
            (Some(call_id), Some(outcome)) if errors.is_empty() => Ok(Self {
                call_id,
                lead_id,
                dnc_requested: dnc_flag || outcome == Outcome::DncRequested,
                outcome,
                duration_seconds: duration_seconds.and_then(|s| u32::try_from(s).ok()),
                recording_url,
                transcript_url,
                qualification,
                site_visit,
                duplicate_detected,
                language_used,
                extensions,
            }),
            _ => Err(errors),
        }
    }

    fn qualification(reader: &mut Reader, learned: &Section<'_>) -> Qualification {
        /// Ten thousand crore rupees: more than any flat costs, small enough for every CRM's number type.
        const MAX_RUPEES: i64 = 100_000_000_000;
        let score = reader.optional(learned, "ai_intent_score", |v| v.whole(0, 100));
        let budget_min = reader.optional(learned, "budget_min", |v| v.whole(0, MAX_RUPEES));
        let budget_max = reader.optional(learned, "budget_max", |v| v.whole(0, MAX_RUPEES));
        if let (Some(min), Some(max)) = (budget_min, budget_max)
            && min > max
        {
            reader.refuse(learned, "budget_max", "must not be below budget_min");
        }
        Qualification {
            ai_intent_score: score.and_then(|s| u32::try_from(s).ok()),
            budget_min,
            budget_max,
            bhk_preference: reader.optional(learned, "bhk_preference", |v| v.text(0, 100)),
            possession_timeline: reader.optional(learned, "possession_timeline", |v| v.text(0, 100)),
            loan_required: reader.optional(learned, "loan_required", |v| v.boolean()),
            purchase_intent: reader.optional(learned, "purchase_intent", |v| v.text(0, 100)),
            nri_flag: reader.optional(learned, "nri_flag", |v| v.boolean()),
        }
    }

    fn visit(reader: &mut Reader, visit: &Section<'_>) -> SiteVisit {
        SiteVisit {
            booked: reader.optional(visit, "booked", |v| v.boolean()).unwrap_or(false),
            date: reader.optional(visit, "date", |v| v.date()),
            time_slot: reader.optional(visit, "time_slot", |v| v.time_of_day()),
            timezone: reader.optional(visit, "timezone", |v| v.text(1, 100)),
        }
    }
}

/// The digest by which a repeated disposition is recognized. It covers the lead and the parsed document, so white space
/// and the order of members do not change it.
#[must_use]
pub fn digest(lead_id: &LeadId, document: &Value) -> Digest {
    // serde_json keeps objects sorted by member name, so equal documents have equal text.
    let mut bytes = lead_id.as_str().as_bytes().to_vec();
    bytes.push(0);
    bytes.extend_from_slice(document.to_string().as_bytes());
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead() -> LeadId {
        "CRM-LEAD-001234".parse().unwrap()
    }

    fn read(json: &str) -> Result<Disposition, Vec<FieldError>> {
        Disposition::read(lead(), &serde_json::from_str(json).unwrap())
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
        let parse = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let (a, b) = (parse(r#"{"a":1,"b":2}"#), parse("{ \"b\": 2,\n \"a\": 1 }"));
        assert_eq!(digest(&lead(), &a), digest(&lead(), &b));
        assert_ne!(digest(&lead(), &a), digest(&"other".parse().unwrap(), &a));
        assert_ne!(digest(&lead(), &a), digest(&lead(), &parse(r#"{"a":1,"b":3}"#)));
    }
}
