//! The structured outcome of one call, read from what the agent posts.

mod fields;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::do_not_call;
use super::outcome::Outcome;
use crate::delivery::DeliveryRank;
use crate::extension::Extension;
use crate::field::FieldError;
use crate::id::{CallId, Digest, LeadId};
use crate::intake::document::Reader;
use crate::json::JsonDocument;

pub use fields::DISPOSITION;

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
        let mut reader = Reader::new(&DISPOSITION, &document);
        let call_id = reader.read(&fields::CALL_ID, |v| v.parsed::<CallId>());
        let outcome = reader
            .read(&fields::OUTCOME, |v| v.text())
            .map(|word| Outcome::from_word(&word));
        let duration_seconds = reader.read(&fields::DURATION_SECONDS, |v| v.whole());
        let recording_url = reader.read(&fields::RECORDING_URL, |v| v.url());
        let transcript_url = reader.read(&fields::TRANSCRIPT_URL, |v| v.url());
        let qualification = Self::qualification(&mut reader);
        let site_visit = reader.has(fields::VISIT).then(|| Self::visit(&mut reader, is_new));
        let dnc_flag = reader.read(&fields::DNC_REQUESTED, |v| v.boolean()).unwrap_or(false);
        let duplicate_detected = reader
            .read(&fields::DUPLICATE_DETECTED, |v| v.boolean())
            .unwrap_or(false);
        let language_used = reader.read(&fields::LANGUAGE_USED, |v| v.text());
        let extensions = reader.extensions();
        if is_new {
            reader.refuse_misplaced();
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

    fn qualification(reader: &mut Reader<'_>) -> Qualification {
        let score = reader.read(&fields::AI_INTENT_SCORE, |v| v.whole());
        let budget_min = reader.read(&fields::BUDGET_MIN, |v| v.whole());
        let budget_max = reader.read(&fields::BUDGET_MAX, |v| v.whole());
        if let (Some(min), Some(max)) = (budget_min, budget_max)
            && min > max
        {
            reader.refuse(&fields::BUDGET_MAX, "must not be below budget_min");
        }
        Qualification {
            ai_intent_score: score.and_then(|s| u32::try_from(s).ok()),
            budget_min,
            budget_max,
            bhk_preference: reader.read(&fields::BHK_PREFERENCE, |v| v.text()),
            possession_timeline: reader.read(&fields::POSSESSION_TIMELINE, |v| v.text()),
            loan_required: reader.read(&fields::LOAN_REQUIRED, |v| v.boolean()),
            purchase_intent: reader.read(&fields::PURCHASE_INTENT, |v| v.text()),
            nri_flag: reader.read(&fields::NRI_FLAG, |v| v.boolean()),
        }
    }

    fn visit(reader: &mut Reader<'_>, is_new: bool) -> SiteVisit {
        SiteVisit {
            booked: reader.read(&fields::BOOKED, |v| v.boolean()).unwrap_or(false),
            date: reader.read(&fields::DATE, |v| v.date()),
            time_slot: reader.read(&fields::TIME_SLOT, |v| v.time_of_day()),
            timezone: reader.read(&fields::TIMEZONE, |v| if is_new { v.zone() } else { v.text() }),
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
