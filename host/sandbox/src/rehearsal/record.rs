//! The contract's records as fixtures write them: JSON, names in snake case, what is optional may be left out.
//!
//! A guest gets what a fixture says, not what the host would make of a document: a fixture may show what an adapter
//! does with a date that does not exist.

use serde::{Deserialize, Serialize};

use super::super::bindings::model;

/// A field that the contract does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureExtension {
    /// An RFC 6901 pointer.
    pub pointer: String,
    /// JSON text.
    pub json: String,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own cases, documented there")]
pub enum FixtureOutcome {
    QualifiedVisitBooked,
    QualifiedNoVisit,
    CallbackRequested,
    NotInterestedBudget,
    NotInterestedLocation,
    NotInterestedTimeline,
    AlreadyPurchased,
    WrongNumber,
    DncRequested,
    NoAnswer,
    InvalidNumber,
    DuplicateSuppressed,
    Other(String),
}

/// What was learned about the lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureQualification {
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureSiteVisit {
    pub booked: bool,
    pub date: Option<String>,
    pub time_slot: Option<String>,
    pub timezone: Option<String>,
}

/// The structured outcome of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureDisposition {
    pub call_id: String,
    pub lead_id: String,
    pub outcome: FixtureOutcome,
    pub accepted_at: String,
    pub duration_seconds: Option<u32>,
    pub recording_url: Option<String>,
    pub transcript_url: Option<String>,
    #[serde(default)]
    pub qualification: FixtureQualification,
    pub site_visit: Option<FixtureSiteVisit>,
    #[serde(default)]
    pub dnc_requested: bool,
    #[serde(default)]
    pub duplicate_detected: bool,
    pub language_used: Option<String>,
    #[serde(default)]
    pub extensions: Vec<FixtureExtension>,
}

/// The CRM's word on whether a lead may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureLeadStatus {
    pub lead_id: String,
    pub callable: bool,
    pub status: String,
    pub dnc: bool,
    pub human_contacted: bool,
    pub last_call_attempt: Option<String>,
    pub extensions: Vec<FixtureExtension>,
}

/// Proof that the CRM holds a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureReceipt {
    /// The CRM's own reference, or empty.
    pub reference: String,
}

/// How urgently a lead wants to be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own cases, documented there")]
pub enum FixturePriority {
    High,
    #[default]
    Normal,
    Low,
}

/// A lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureLead {
    pub id: String,
    pub phone: String,
    pub phone_alt: Option<String>,
    pub name: Option<String>,
    pub source: Option<String>,
    pub campaign_id: Option<String>,
    pub project_interest: Option<String>,
    pub project_id: Option<String>,
    pub language_preference: Option<String>,
    pub created_at: Option<String>,
    pub call_priority: FixturePriority,
    pub extensions: Vec<FixtureExtension>,
}

/// A field that the CRM refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureFieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The CRM refused the request as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own fields, documented there")]
pub struct FixtureRejection {
    pub code: String,
    pub message: String,
    pub fields: Vec<FixtureFieldError>,
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own cases, documented there")]
pub enum FixtureFailure {
    Unavailable,
    Unknown,
    RateLimited(Option<u32>),
    Unauthorized,
    Rejected(FixtureRejection),
    NotFound,
}

fn given(extensions: Vec<FixtureExtension>) -> Vec<model::Extension> {
    let given = extensions.into_iter();
    let given = given.map(|FixtureExtension { pointer, json }| model::Extension { pointer, json });
    given.collect()
}

fn taken(extensions: Vec<model::Extension>) -> Vec<FixtureExtension> {
    let taken = extensions.into_iter();
    let taken = taken.map(|model::Extension { pointer, json }| FixtureExtension { pointer, json });
    taken.collect()
}

impl From<FixtureOutcome> for model::Outcome {
    fn from(outcome: FixtureOutcome) -> Self {
        match outcome {
            FixtureOutcome::QualifiedVisitBooked => Self::QualifiedVisitBooked,
            FixtureOutcome::QualifiedNoVisit => Self::QualifiedNoVisit,
            FixtureOutcome::CallbackRequested => Self::CallbackRequested,
            FixtureOutcome::NotInterestedBudget => Self::NotInterestedBudget,
            FixtureOutcome::NotInterestedLocation => Self::NotInterestedLocation,
            FixtureOutcome::NotInterestedTimeline => Self::NotInterestedTimeline,
            FixtureOutcome::AlreadyPurchased => Self::AlreadyPurchased,
            FixtureOutcome::WrongNumber => Self::WrongNumber,
            FixtureOutcome::DncRequested => Self::DncRequested,
            FixtureOutcome::NoAnswer => Self::NoAnswer,
            FixtureOutcome::InvalidNumber => Self::InvalidNumber,
            FixtureOutcome::DuplicateSuppressed => Self::DuplicateSuppressed,
            FixtureOutcome::Other(words) => Self::Other(words),
        }
    }
}

impl From<FixtureDisposition> for model::Disposition {
    fn from(it: FixtureDisposition) -> Self {
        Self {
            call_id: it.call_id,
            lead_id: it.lead_id,
            outcome: it.outcome.into(),
            accepted_at: it.accepted_at,
            duration_seconds: it.duration_seconds,
            recording_url: it.recording_url,
            transcript_url: it.transcript_url,
            qualification: model::Qualification {
                ai_intent_score: it.qualification.ai_intent_score,
                budget_min: it.qualification.budget_min,
                budget_max: it.qualification.budget_max,
                bhk_preference: it.qualification.bhk_preference,
                possession_timeline: it.qualification.possession_timeline,
                loan_required: it.qualification.loan_required,
                purchase_intent: it.qualification.purchase_intent,
                nri_flag: it.qualification.nri_flag,
            },
            site_visit: it.site_visit.map(|visit| model::SiteVisit {
                booked: visit.booked,
                date: visit.date,
                time_slot: visit.time_slot,
                timezone: visit.timezone,
            }),
            dnc_requested: it.dnc_requested,
            duplicate_detected: it.duplicate_detected,
            language_used: it.language_used,
            extensions: given(it.extensions),
        }
    }
}

impl From<model::LeadStatus> for FixtureLeadStatus {
    fn from(it: model::LeadStatus) -> Self {
        Self {
            lead_id: it.lead_id,
            callable: it.callable,
            status: it.status,
            dnc: it.dnc,
            human_contacted: it.human_contacted,
            last_call_attempt: it.last_call_attempt,
            extensions: taken(it.extensions),
        }
    }
}

impl From<model::Receipt> for FixtureReceipt {
    fn from(it: model::Receipt) -> Self {
        Self {
            reference: it.reference,
        }
    }
}

impl From<model::Lead> for FixtureLead {
    fn from(it: model::Lead) -> Self {
        Self {
            id: it.id,
            phone: it.phone,
            phone_alt: it.phone_alt,
            name: it.name,
            source: it.source,
            campaign_id: it.campaign_id,
            project_interest: it.project_interest,
            project_id: it.project_id,
            language_preference: it.language_preference,
            created_at: it.created_at,
            call_priority: match it.call_priority {
                model::Priority::High => FixturePriority::High,
                model::Priority::Normal => FixturePriority::Normal,
                model::Priority::Low => FixturePriority::Low,
            },
            extensions: taken(it.extensions),
        }
    }
}

impl From<model::Failure> for FixtureFailure {
    fn from(it: model::Failure) -> Self {
        match it {
            model::Failure::Unavailable => Self::Unavailable,
            model::Failure::Unknown => Self::Unknown,
            model::Failure::RateLimited(wish) => Self::RateLimited(wish),
            model::Failure::Unauthorized => Self::Unauthorized,
            model::Failure::Rejected(rejection) => Self::Rejected(FixtureRejection {
                code: rejection.code,
                message: rejection.message,
                fields: rejection
                    .fields
                    .into_iter()
                    .map(|model::FieldError { field, message }| FixtureFieldError { field, message })
                    .collect(),
            }),
            model::Failure::NotFound => Self::NotFound,
        }
    }
}
