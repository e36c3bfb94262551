//! The structured outcome of one call, read from what the agent posts.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::do_not_call;
use super::outcome::Outcome;
use crate::delivery::DeliveryRank;
use crate::extension::Extension;
use crate::field::FieldError;
use crate::id::{CallId, Digest, LeadId};
use crate::intake::document::{Reader, Section};
use crate::json::JsonDocument;

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
    /// The lead asked not to be called again, in any of the ways that [`do_not_call`] reads.
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
    /// Every field that is missing, of the wrong type or out of range, appears twice, is misspelled or in the wrong
    /// object, each with its pointer.
    pub fn read(lead_id: LeadId, document: impl Into<JsonDocument>) -> Result<Self, Vec<FieldError>> {
        Self::from_document(lead_id, &document.into(), true)
    }

    /// Reads a document that was accepted before, perhaps by an earlier version that did not look at the names of
    /// unknown members.
    ///
    /// # Errors
    /// Every field that is missing, of the wrong type or out of range.
    pub fn read_accepted(lead_id: LeadId, document: &JsonDocument) -> Result<Self, Vec<FieldError>> {
        Self::from_document(lead_id, document, false)
    }

    fn from_document(lead_id: LeadId, document: &JsonDocument, is_new: bool) -> Result<Self, Vec<FieldError>> {
        let document = document.root();
        let mut reader = Reader::new();
        let root = reader.root(&document);
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
        let site_visit = visit.present().then(|| Self::visit(&mut reader, &visit, is_new));
        let dnc_flag = reader
            .optional(&flags, "dnc_requested", |v| v.boolean())
            .unwrap_or(false);
        let duplicate_detected = reader
            .optional(&flags, "duplicate_detected", |v| v.boolean())
            .unwrap_or(false);
        let language_used = reader.optional(&flags, "language_used", |v| v.text(0, 100));
        let sections = [root, call, learned, visit, flags];
        let extensions = reader.extensions(&sections);
        if is_new {
            reader.refuse_misplaced(&sections);
            reader.refuse_duplicates(&document);
        }

        let errors = reader.finish();
        match (call_id, outcome) {
            (Some(call_id), Some(outcome)) if errors.is_empty() => Ok(Self {
                call_id,
                lead_id,
                dnc_requested: dnc_flag || outcome == Outcome::DncRequested || do_not_call::is_wished(&document),
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

    fn visit(reader: &mut Reader, visit: &Section<'_>, is_new: bool) -> SiteVisit {
        SiteVisit {
            booked: reader.optional(visit, "booked", |v| v.boolean()).unwrap_or(false),
            date: reader.optional(visit, "date", |v| v.date()),
            time_slot: reader.optional(visit, "time_slot", |v| v.time_of_day()),
            timezone: reader.optional(visit, "timezone", |v| if is_new { v.zone() } else { v.text(1, 100) }),
        }
    }
}

/// The digest by which a repeated disposition is recognized. It covers the lead and the document; blanks, escapes and
/// the order of members do not change it, the text of a number does.
#[must_use]
pub fn digest(lead_id: &LeadId, document: impl Into<JsonDocument>) -> Digest {
    let mut bytes = lead_id.as_str().as_bytes().to_vec();
    bytes.push(0);
    bytes.extend_from_slice(document.into().root().canonical().as_bytes());
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests;
