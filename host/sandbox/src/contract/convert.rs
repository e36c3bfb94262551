//! Conversions between the contract's generated types and the domain's. What a guest returns is validated here and
//! trusted from then on.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::bindings::exports::about;
use super::bindings::model;
use jackfield_domain::custody::fixture::contract_time;
use jackfield_domain::delivery::failure::{Failure, Reason, Rejection};
use jackfield_domain::extension::Extension;
use jackfield_domain::field::FieldError;
use jackfield_domain::id::LeadId;
use jackfield_domain::lead::status::LeadStatus;
use jackfield_domain::tenant::{AdapterNeeds, CredentialNeed, SettingKind, SettingNeed};
use jackfield_domain::time::respelled;
use jackfield_domain::visible_text::{is_visible_text, visible, without_format};

/// Bytes of a CRM's reference.
const MAX_REFERENCE: usize = 256;
/// Bytes of a rejection's code.
const MAX_CODE: usize = 100;
/// Bytes of a rejection's message, and of the message of each of its fields.
const MAX_MESSAGE: usize = 500;
/// Fields of a rejection.
const MAX_FIELDS: usize = 50;
/// Characters of a lead's stage.
const MAX_STATUS: usize = 100;
/// Extensions of a status or a lead.
const MAX_EXTENSIONS: usize = 100;
/// Bytes of all extensions of a status or a lead.
const MAX_EXTENSION_BYTES: usize = 64 << 10;
/// Leads of one webhook.
const MAX_LEADS: usize = 1000;

/// The leads of a webhook as a guest returns them: each one read, or refused alone.
pub type ReadLeads = Vec<Result<model::Lead, model::Rejection>>;

/// A guest returned something that the contract does not allow; the text says what.
#[derive(Debug)]
pub struct ContractViolation(pub String);

/// A lead that an adapter has parsed from the CRM's own format.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedLead {
    /// The lead's members that the contract names, if they are present.
    pub members: Map<String, Value>,
    /// The members that the contract does not name; pointers are relative to the lead.
    pub extensions: Vec<Extension>,
}

/// A guest's failure.
pub fn failure(given: model::Failure) -> Failure {
    match given {
        model::Failure::Unavailable(reason) => Failure::Unavailable(self::reason(reason)),
        model::Failure::Unknown(reason) => Failure::Unknown(self::reason(reason)),
        model::Failure::RateLimited(seconds) => Failure::RateLimited {
            retry_after: seconds.map(|seconds| Duration::from_secs(seconds.into())),
        },
        model::Failure::Unauthorized(reason) => Failure::Unauthorized(self::reason(reason)),
        model::Failure::Conflict(reason) => Failure::Conflict(self::reason(reason)),
        model::Failure::Rejected(given) => Failure::Rejected(rejection(given)),
        model::Failure::NotFound => Failure::NotFound,
    }
}

/// A bad reason is never a fault: it is cut, or dropped.
fn reason(given: Option<String>) -> Option<Reason> {
    given.and_then(|text| Reason::new(&text))
}

fn rejection(given: model::Rejection) -> Rejection {
    Rejection {
        code: truncate(&given.code, MAX_CODE),
        message: truncate(&given.message, MAX_MESSAGE),
        fields: given
            .fields
            .into_iter()
            .take(MAX_FIELDS)
            .map(|error| FieldError::new(truncate(&error.field, MAX_CODE), truncate(&error.message, MAX_MESSAGE)))
            .collect(),
    }
}

/// A guest's answer, or its failure.
pub fn answer<T, U>(
    given: Result<T, model::Failure>,
    read: impl FnOnce(T) -> Result<U, ContractViolation>,
) -> Result<Result<U, Failure>, ContractViolation> {
    match given {
        Ok(given) => read(given).map(Ok),
        Err(given) => Ok(Err(failure(given))),
    }
}

/// The reference of a receipt, truncated if it is too long. It is not refused, because the CRM holds the write, and a
/// refused receipt would make the host write again.
pub fn reference(receipt: &model::Receipt) -> String {
    truncate(&receipt.reference, MAX_REFERENCE)
}

/// The status of the lead `asked`.
pub fn status(given: model::LeadStatus, asked: &LeadId) -> Result<LeadStatus, ContractViolation> {
    if given.lead_id != asked.as_str() {
        return Err(violation(
            "status.query answered for another lead than it was asked for",
        ));
    }
    // A CRM's text may have joiners between its letters, which are not worth a failure that forbids the call.
    let stage = without_format(&given.status);
    if !(1..=MAX_STATUS).contains(&stage.chars().count()) || !is_visible_text(&stage) {
        return Err(violation(format!(
            "status must be 1 to {MAX_STATUS} characters of printable text"
        )));
    }
    let spelled = |time: String| {
        (time.len() <= 64)
            .then(|| respelled(&time))
            .flatten()
            .ok_or_else(|| violation("last-call-attempt must be an RFC 3339 time with an offset"))
    };
    let last_call_attempt = given.last_call_attempt.map(spelled).transpose()?;
    Ok(LeadStatus {
        lead_id: asked.clone(),
        callable: given.callable,
        status: stage,
        dnc: given.dnc,
        human_contacted: Some(given.human_contacted),
        last_call_attempt,
        extensions: extensions(given.extensions)?,
    })
}

fn extensions(given: Vec<model::Extension>) -> Result<Vec<Extension>, ContractViolation> {
    let size: usize = given.iter().map(|e| e.pointer.len() + e.json.len()).sum();
    if given.len() > MAX_EXTENSIONS || size > MAX_EXTENSION_BYTES {
        return Err(violation(format!(
            "at most {MAX_EXTENSIONS} extensions with {MAX_EXTENSION_BYTES} bytes in total are allowed"
        )));
    }
    let check = |model::Extension { pointer, json }: model::Extension| {
        let extension = Extension { pointer, json };
        if extension.is_valid() {
            Ok(extension)
        } else {
            Err(violation(
                "an extension must have a JSON pointer of at most 32 parts, such as `/floor`, and a value in JSON",
            ))
        }
    };
    given.into_iter().map(check).collect()
}

/// The leads of a webhook, each read or refused by the adapter. Their members are validated when the contract's
/// documents are made from them.
pub fn leads(given: ReadLeads) -> Result<Vec<Result<ParsedLead, Rejection>>, ContractViolation> {
    if given.len() > MAX_LEADS {
        return Err(violation(format!(
            "leads.parse returned more than {MAX_LEADS} leads for one webhook"
        )));
    }
    let read = |given: Result<model::Lead, model::Rejection>| match given {
        Ok(given) => lead(given).map(Ok),
        Err(given) => Ok(Err(rejection(given))),
    };
    given.into_iter().map(read).collect()
}

fn lead(given: model::Lead) -> Result<ParsedLead, ContractViolation> {
    let priority = match given.call_priority {
        model::Priority::High => "high",
        model::Priority::Normal => "normal",
        model::Priority::Low => "low",
    };
    let members = [
        ("id", Some(given.id)),
        ("phone", Some(given.phone)),
        ("phone_alt", given.phone_alt),
        ("name", given.name),
        ("source", given.source),
        ("campaign_id", given.campaign_id),
        ("project_interest", given.project_interest),
        ("project_id", given.project_id),
        ("language_preference", given.language_preference),
        ("created_at", given.created_at),
        ("call_priority", Some(priority.to_owned())),
    ];
    Ok(ParsedLead {
        members: members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))))
            .collect(),
        extensions: extensions(given.extensions)?,
    })
}

/// A webhook for a guest.
pub fn inbound(content_type: &str, body: &[u8], received_at: Timestamp) -> model::Inbound {
    model::Inbound {
        content_type: content_type.to_owned(),
        body: body.to_vec(),
        received_at: contract_time(received_at),
    }
}

/// What an adapter's `describe` asks for.
pub fn needs(given: &about::Description) -> AdapterNeeds {
    let kind = |kind| match kind {
        about::SettingKind::Text => SettingKind::Text,
        about::SettingKind::Integer => SettingKind::Integer,
        about::SettingKind::Boolean => SettingKind::Boolean,
        about::SettingKind::Url => SettingKind::Url,
    };
    AdapterNeeds {
        settings: given
            .settings
            .iter()
            .map(|setting| SettingNeed {
                name: setting.name.clone(),
                kind: kind(setting.kind),
                required: setting.required,
                doc: setting.doc.clone(),
            })
            .collect(),
        credentials: given
            .credentials
            .iter()
            .map(|credential| CredentialNeed {
                name: credential.name.clone(),
                kind: credential.kind.clone(),
                doc: credential.doc.clone(),
            })
            .collect(),
        origins: given.origins.clone(),
    }
}

fn violation(detail: impl Into<String>) -> ContractViolation {
    ContractViolation(detail.into())
}

/// At most `limit` bytes of a text: whole characters that people see, on one line.
fn truncate(text: &str, limit: usize) -> String {
    let mut text = visible(text);
    text.truncate(text.floor_char_boundary(limit));
    text
}

#[cfg(test)]
mod tests;
