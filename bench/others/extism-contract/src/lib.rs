//! The data that crosses the boundary of an Extism plug-in: JSON, as in Extism's documentation. The records are those
//! of the contract's `model` interface.

use serde::{Deserialize, Serialize};

/// A field that the contract does not know.
#[derive(Debug, Serialize, Deserialize)]
pub struct Extension {
    /// Its JSON pointer.
    pub pointer: String,
    /// Its value as JSON text.
    pub json: String,
}

/// What the call revealed about the lead.
#[derive(Debug, Serialize, Deserialize)]
pub struct Qualification {
    pub ai_intent_score: Option<u32>,
    pub budget_min: Option<i64>,
    pub budget_max: Option<i64>,
    pub bhk_preference: Option<String>,
    pub possession_timeline: Option<String>,
    pub loan_required: Option<bool>,
    pub purchase_intent: Option<String>,
    pub nri_flag: Option<bool>,
}

/// A site visit.
#[derive(Debug, Serialize, Deserialize)]
pub struct SiteVisit {
    pub booked: bool,
    pub date: Option<String>,
    pub time_slot: Option<String>,
    pub timezone: Option<String>,
}

/// The structured outcome of one call.
#[derive(Debug, Serialize, Deserialize)]
pub struct Disposition {
    pub call_id: String,
    pub lead_id: String,
    /// One of the twelve outcomes; the benchmark sends one without a payload.
    pub outcome: String,
    pub accepted_at: String,
    pub duration_seconds: Option<u32>,
    pub recording_url: Option<String>,
    pub transcript_url: Option<String>,
    pub qualification: Qualification,
    pub site_visit: Option<SiteVisit>,
    pub dnc_requested: bool,
    pub duplicate_detected: bool,
    pub language_used: Option<String>,
    pub extensions: Vec<Extension>,
}

/// The argument of `write`: Extism's functions have one argument.
#[derive(Debug, Serialize, Deserialize)]
pub struct Write {
    pub disposition: Disposition,
    pub idempotency_key: String,
}

/// The CRM's answer whether a lead may be called now.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LeadStatus {
    pub lead_id: String,
    pub callable: bool,
    pub status: String,
    pub dnc: bool,
    pub human_contacted: bool,
    pub last_call_attempt: Option<String>,
    pub extensions: Vec<Extension>,
}

/// The CRM's confirmation of a write.
#[derive(Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub reference: String,
}
