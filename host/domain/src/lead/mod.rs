//! A person to be called, read from what a CRM pushes.

mod fields;
mod priority;
pub mod status;
mod suppression;

use serde::Serialize;
use serde_json::{Map, Value};

pub use fields::LEAD_CREATED;
pub use priority::Priority;
pub use suppression::SuppressionReason;

use crate::extension::Extension;
use crate::field::{FieldError, escape};
use crate::id::{DedupKey, LeadId};
use crate::intake::document::Reader;
use crate::json::{JsonDocument, JsonMembers};
use crate::phone::Country;

/// A lead in the contract's shape: the fields that the host needs, and the whole document to pass on.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// The lead's id in the CRM.
    pub id: LeadId,
    /// How urgent the call is.
    pub priority: Priority,
    /// The `lead.created` document, unknown members included, as it was sent. Only its telephone numbers are in E.164,
    /// and its times in one spelling.
    pub document: JsonDocument,
}

impl Lead {
    /// Reads a `lead.created` document as a CRM pushes it. Numbers without a country code are of `country`.
    ///
    /// # Errors
    /// Every field that is missing, of the wrong type or out of range, or appears twice, each with its pointer.
    pub fn read(document: impl Into<JsonDocument>, country: Option<Country>) -> Result<Self, Vec<FieldError>> {
        let document = document.into();
        let node = document.root();
        let mut reader = Reader::new(&LEAD_CREATED, &node);
        reader.read(&fields::EVENT, |v| v.word());
        let timestamp = reader.read(&fields::TIMESTAMP, |v| v.timestamp());
        reader.read(&fields::IDEMPOTENCY_KEY, |v| v.parsed::<DedupKey>());
        let id = reader.read(&fields::ID, |v| v.parsed::<LeadId>());
        let phone = reader.read(&fields::PHONE, |v| v.phone(country));
        let phone_alt = reader.read(&fields::PHONE_ALT, |v| v.phone(country));
        for text in &fields::TEXTS {
            reader.read(text, |v| v.text());
        }
        let created_at = reader.read(&fields::CREATED_AT, |v| v.timestamp());
        let priority = reader
            .read(&fields::CALL_PRIORITY, |v| v.word())
            .and_then(Priority::from_word);
        reader.refuse_duplicates(&node);

        let errors = reader.finish();
        match id {
            Some(id) if errors.is_empty() => Ok(Self {
                id,
                priority: priority.unwrap_or_default(),
                document: document.with_texts(&[
                    (&["timestamp"], timestamp),
                    (&["lead", "phone"], phone),
                    (&["lead", "phone_alt"], phone_alt),
                    (&["lead", "created_at"], created_at),
                ]),
            }),
            _ => Err(errors),
        }
    }

    /// Builds the `lead.created` document of a lead that an adapter parsed from the CRM's own shape.
    ///
    /// # Errors
    /// As for [`Lead::read`]: an adapter's result is validated like any other document.
    pub fn document_of(
        lead: Map<String, Value>,
        extensions: &[Extension],
        key: &DedupKey,
        received_at: jiff::Timestamp,
    ) -> Result<JsonDocument, Vec<FieldError>> {
        let mut members = JsonMembers::default();
        for (name, value) in lead.into_iter().filter(|(_, value)| !value.is_null()) {
            members.insert(&format!("/{}", escape(&name)), &value.into());
        }
        for extension in extensions {
            extension.merge_into(&mut members);
        }
        let created = LeadCreated {
            event: fields::EVENT_WORD,
            idempotency_key: key,
            lead: members,
            timestamp: received_at,
        };
        let text = serde_json::to_vec(&created).unwrap_or_default();
        JsonDocument::parse(&text).map_err(|error| vec![FieldError::new("", error.to_string())])
    }
}

/// The document of a lead that an adapter parsed.
#[derive(Serialize)]
struct LeadCreated<'a> {
    event: &'static str,
    idempotency_key: &'a DedupKey,
    lead: JsonMembers,
    timestamp: jiff::Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> Value {
        json!({
            "event": "lead.created",
            "timestamp": "2026-07-01T14:32:00+05:30",
            "idempotency_key": "CRM-LEAD-20260701-001234",
            "lead": { "id": "CRM-LEAD-001234", "phone": "+919800000000", "call_priority": "high", "tower": "B" }
        })
    }

    #[test]
    fn reads_the_contracts_example() {
        // Unknown members stay in the document.
        let lead = Lead::read(example(), None).unwrap();
        assert_eq!((lead.id.as_str(), lead.priority), ("CRM-LEAD-001234", Priority::High));
        assert_eq!(lead.document, JsonDocument::from(example()));
    }

    #[test]
    fn priority_is_normal_when_absent() {
        let mut document = example();
        document["lead"].as_object_mut().unwrap().remove("call_priority");
        assert_eq!(Lead::read(document, None).unwrap().priority, Priority::Normal);
    }

    #[test]
    fn names_every_wrong_field() {
        let document = json!({"event": "lead.deleted", "timestamp": "yesterday",
            "lead": {"id": " x", "phone": "call me", "call_priority": "urgent", "created_at": 5}});
        let pointers: Vec<_> = Lead::read(document, None)
            .unwrap_err()
            .into_iter()
            .map(|e| e.pointer)
            .collect();
        assert_eq!(
            pointers,
            [
                "/event",
                "/timestamp",
                "/lead/id",
                "/lead/phone",
                "/lead/created_at",
                "/lead/call_priority"
            ]
        );
    }

    #[test]
    fn a_document_must_be_an_object() {
        assert_eq!(Lead::read(json!([]), None).unwrap_err()[0].pointer, "");
    }

    #[test]
    fn parsed_leads_become_documents() {
        let Value::Object(parsed) = json!({"id": "GW-1", "phone": "+919800000000", "name": null}) else {
            unreachable!("an object literal")
        };
        let extension = Extension {
            pointer: "/tower/B".into(),
            json: "1.10".into(),
        };
        let key = "gw-1".parse().unwrap();
        let document = Lead::document_of(parsed, &[extension], &key, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let lead = Lead::read(document, None).unwrap();
        assert_eq!(
            lead.document.text(),
            concat!(
                r#"{"event":"lead.created","idempotency_key":"gw-1","lead":{"id":"GW-1","phone":"+919800000000","#,
                r#""tower":{"B":1.10}},"timestamp":"1970-01-01T00:00:00Z"}"#
            )
        );
    }

    #[test]
    fn blank_texts_are_absent_and_digits_stay() {
        let body = r#"{"event":"lead.created","timestamp":"","idempotency_key":"K-02",
            "lead":{"id":"L-02","phone":"+919800000000","phone_alt":"","created_at":"","call_priority":" ",
            "budget":1.10}}"#;
        let lead = Lead::read(JsonDocument::parse(body.as_bytes()).unwrap(), None).unwrap();
        assert_eq!((lead.priority, lead.document.text()), (Priority::Normal, body));
    }

    #[test]
    fn duplicate_members_are_named() {
        let body = br#"{"event":"lead.created","lead":{"id":"L-1","phone":"+919800000000","phone":"+919800000001"}}"#;
        let errors = Lead::read(JsonDocument::parse(body).unwrap(), None).unwrap_err();
        assert_eq!(
            errors,
            [FieldError::new("/lead/phone", "appears more than once; send it once")]
        );
    }

    #[test]
    fn phones_are_e164_and_times_alike() {
        // What the host does not name stays as it was sent, blanks included.
        let body = r#"{"event":"lead.created", "timestamp": "2026-11-30t10:00:00+0530","lead":{
            "id":"L-21a", "phone" : "+1 (415) 555-0100","phone_alt":"098765\u00a043210",
            "created_at":"2026-11-30 04:30:00z", "phone_home":"(022) 1234","budget":1.10}}"#;
        let passed_on = r#"{"event":"lead.created", "timestamp": "2026-11-30T10:00:00+05:30","lead":{
            "id":"L-21a", "phone" : "+14155550100","phone_alt":"+919876543210",
            "created_at":"2026-11-30T04:30:00Z", "phone_home":"(022) 1234","budget":1.10}}"#;
        let document = JsonDocument::parse(body.as_bytes()).unwrap();
        let india = "IN".parse().ok();
        assert_eq!(Lead::read(&document, india).unwrap().document.text(), passed_on);
        let errors = Lead::read(&document, None).unwrap_err();
        assert_eq!(errors[0].pointer, "/lead/phone_alt");
        assert!(errors[0].detail.contains("`country`"), "{errors:?}");
    }
}
