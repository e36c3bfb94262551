//! Conversions between the contract's generated types and the records of fixtures, which the domain defines. Nothing is
//! validated: a rehearsed guest gets exactly what the fixture says, and a recording has what the guest returned.

use super::bindings::{http, model};
use super::convert::ReadLeads;
use jackfield_domain::call::disposition::Qualification;
use jackfield_domain::call::outcome::Outcome;
use jackfield_domain::custody::fixture::{
    ExportInput, ExportOutput, ExportResult, FixtureDisposition, FixtureFailure, FixtureFieldError, FixtureLead,
    FixtureLeadStatus, FixtureParsedLead, FixtureReceipt, FixtureRejection, FixtureSendError, FixtureSiteVisit,
};
use jackfield_domain::custody::recording::OmissionReason;
use jackfield_domain::extension::Extension;
use jackfield_domain::lead::Priority;

impl From<FixtureDisposition> for model::Disposition {
    fn from(given: FixtureDisposition) -> Self {
        Self {
            call_id: given.call_id,
            lead_id: given.lead_id,
            outcome: given.outcome.into(),
            accepted_at: given.accepted_at,
            duration_seconds: given.duration_seconds,
            recording_url: given.recording_url,
            transcript_url: given.transcript_url,
            qualification: given.qualification.into(),
            site_visit: given.site_visit.map(Into::into),
            dnc_requested: given.dnc_requested,
            duplicate_detected: given.duplicate_detected,
            language_used: given.language_used,
            extensions: given
                .extensions
                .into_iter()
                .map(|Extension { pointer, json }| model::Extension { pointer, json })
                .collect(),
        }
    }
}

impl From<Outcome> for model::Outcome {
    fn from(given: Outcome) -> Self {
        match given {
            Outcome::QualifiedVisitBooked => Self::QualifiedVisitBooked,
            Outcome::QualifiedNoVisit => Self::QualifiedNoVisit,
            Outcome::CallbackRequested => Self::CallbackRequested,
            Outcome::NotInterestedBudget => Self::NotInterestedBudget,
            Outcome::NotInterestedLocation => Self::NotInterestedLocation,
            Outcome::NotInterestedTimeline => Self::NotInterestedTimeline,
            Outcome::AlreadyPurchased => Self::AlreadyPurchased,
            Outcome::WrongNumber => Self::WrongNumber,
            Outcome::DncRequested => Self::DncRequested,
            Outcome::NoAnswer => Self::NoAnswer,
            Outcome::InvalidNumber => Self::InvalidNumber,
            Outcome::DuplicateSuppressed => Self::DuplicateSuppressed,
            Outcome::Other(word) => Self::Other(word),
        }
    }
}

impl From<Qualification> for model::Qualification {
    fn from(given: Qualification) -> Self {
        Self {
            ai_intent_score: given.ai_intent_score,
            budget_min: given.budget_min,
            budget_max: given.budget_max,
            bhk_preference: given.bhk_preference,
            possession_timeline: given.possession_timeline,
            loan_required: given.loan_required,
            purchase_intent: given.purchase_intent,
            nri_flag: given.nri_flag,
        }
    }
}

impl From<FixtureSiteVisit> for model::SiteVisit {
    fn from(given: FixtureSiteVisit) -> Self {
        Self {
            booked: given.booked,
            date: given.date,
            time_slot: given.time_slot,
            timezone: given.timezone,
        }
    }
}

impl From<model::LeadStatus> for FixtureLeadStatus {
    fn from(given: model::LeadStatus) -> Self {
        Self {
            lead_id: given.lead_id,
            callable: given.callable,
            status: given.status,
            dnc: given.dnc,
            human_contacted: given.human_contacted,
            last_call_attempt: given.last_call_attempt,
            extensions: extensions(given.extensions),
        }
    }
}

impl From<model::Receipt> for FixtureReceipt {
    fn from(model::Receipt { reference }: model::Receipt) -> Self {
        Self { reference }
    }
}

impl From<model::Lead> for FixtureLead {
    fn from(given: model::Lead) -> Self {
        Self {
            id: given.id,
            phone: given.phone,
            phone_alt: given.phone_alt,
            name: given.name,
            source: given.source,
            campaign_id: given.campaign_id,
            project_interest: given.project_interest,
            project_id: given.project_id,
            language_preference: given.language_preference,
            created_at: given.created_at,
            call_priority: match given.call_priority {
                model::Priority::High => Priority::High,
                model::Priority::Normal => Priority::Normal,
                model::Priority::Low => Priority::Low,
            },
            extensions: extensions(given.extensions),
        }
    }
}

impl From<model::Failure> for FixtureFailure {
    fn from(given: model::Failure) -> Self {
        match given {
            model::Failure::Unavailable(reason) => Self::Unavailable(reason),
            model::Failure::Unknown(reason) => Self::Unknown(reason),
            model::Failure::RateLimited(seconds) => Self::RateLimited(seconds),
            model::Failure::Unauthorized(reason) => Self::Unauthorized(reason),
            model::Failure::Conflict(reason) => Self::Conflict(reason),
            model::Failure::Rejected(rejection) => Self::Rejected(rejection.into()),
            model::Failure::NotFound => Self::NotFound,
        }
    }
}

impl From<model::Rejection> for FixtureRejection {
    fn from(given: model::Rejection) -> Self {
        Self {
            code: given.code,
            message: given.message,
            fields: given
                .fields
                .into_iter()
                .map(|model::FieldError { field, message }| FixtureFieldError { field, message })
                .collect(),
        }
    }
}

/// The leads of a webhook.
pub fn parsed_leads(given: ReadLeads) -> ExportOutput {
    let leads = given.into_iter().map(|lead| match lead {
        Ok(lead) => FixtureParsedLead::Lead(Box::new(lead.into())),
        Err(rejection) => FixtureParsedLead::Rejected(rejection.into()),
    });
    ExportOutput::Leads(leads.collect())
}

impl From<&http::Error> for FixtureSendError {
    fn from(error: &http::Error) -> Self {
        match error {
            http::Error::Denied(why) => Self::Denied(why.clone()),
            http::Error::Unreachable(why) => Self::Unreachable(why.clone()),
            http::Error::NoAnswer(why) => Self::NoAnswer(why.clone()),
            http::Error::TooLarge(why) => Self::TooLarge(why.clone()),
        }
    }
}

/// The input of `leads.parse`.
///
/// # Errors
/// The webhook's body is not UTF-8 text, and a fixture can contain nothing else.
pub fn parse_leads(inbound: &model::Inbound) -> Result<ExportInput, OmissionReason> {
    Ok(ExportInput::ParseLeads {
        content_type: inbound.content_type.clone(),
        body: String::from_utf8(inbound.body.clone()).map_err(|_| OmissionReason::NotText)?,
        received_at: inbound.received_at.clone(),
    })
}

/// What an export returned.
pub fn result<T: Clone>(answer: &Result<T, model::Failure>, output: impl FnOnce(T) -> ExportOutput) -> ExportResult {
    answer.clone().map(output).map_err(Into::into)
}

fn extensions(given: Vec<model::Extension>) -> Vec<Extension> {
    let extensions = given.into_iter();
    extensions
        .map(|model::Extension { pointer, json }| Extension { pointer, json })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_keeps_its_name() {
        // The generated variants are named like the contract's words.
        for named in Outcome::NAMED {
            let generated = format!("{:?}", model::Outcome::from(named.clone())).replace(['-', ':'], "");
            assert!(
                generated.to_lowercase().ends_with(&named.word().replace('_', "")),
                "{generated}"
            );
        }
    }

    #[test]
    fn a_webhook_must_be_text() {
        let inbound = |body: &[u8]| model::Inbound {
            content_type: String::new(),
            body: body.to_vec(),
            received_at: String::new(),
        };
        assert!(parse_leads(&inbound("आशा".as_bytes())).is_ok());
        assert_eq!(parse_leads(&inbound(b"\xff")), Err(OmissionReason::NotText));
    }
}
