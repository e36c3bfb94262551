//! Every field of a `lead.created` document: where it stands, what it has to be, and what it says.

use super::Priority;
use crate::intake::document::FieldForm::{Id, Phone, Text, Timestamp, Word};
use crate::intake::document::{DocumentSpec, FieldForm, FieldSpec, ObjectSpec};

/// The event that a lead is announced by.
pub(super) const EVENT_WORD: &str = "lead.created";

/// The document itself.
const ROOT: &str = "";
/// The object with the lead.
const LEAD: &str = "lead";

/// A name, a place, an id.
const SHORT_TEXT: FieldForm = Text { min: 0, max: 500 };

/// The document that a CRM sends of a new lead, and that the agent gets.
pub static LEAD_CREATED: DocumentSpec = DocumentSpec {
    meaning: "A new lead, in the contract's own shape.",
    objects: &[ObjectSpec {
        name: LEAD,
        required: true,
        meaning: "The lead.",
    }],
    fields: &[
        EVENT,
        TIMESTAMP,
        IDEMPOTENCY_KEY,
        ID,
        PHONE,
        PHONE_ALT,
        NAME,
        SOURCE,
        CAMPAIGN_ID,
        PROJECT_INTEREST,
        PROJECT_ID,
        LANGUAGE_PREFERENCE,
        CREATED_AT,
        CALL_PRIORITY,
    ],
};

/// The texts that the host checks and does not use.
pub(super) const TEXTS: [FieldSpec; 6] = [
    NAME,
    SOURCE,
    CAMPAIGN_ID,
    PROJECT_INTEREST,
    PROJECT_ID,
    LANGUAGE_PREFERENCE,
];

pub(super) const EVENT: FieldSpec = FieldSpec::required(
    ROOT,
    "event",
    Word(&[EVENT_WORD]),
    r#""lead.created""#,
    "Other events are refused.",
);
pub(super) const TIMESTAMP: FieldSpec = FieldSpec::optional(
    ROOT,
    "timestamp",
    Timestamp,
    r#""2026-07-01T14:32:00+05:30""#,
    "When the CRM sent it.",
);
pub(super) const IDEMPOTENCY_KEY: FieldSpec = FieldSpec::optional(
    ROOT,
    "idempotency_key",
    Id,
    r#""CRM-LEAD-20260701-001234""#,
    "The same document again under this key is a repeat; another one is refused. The key is remembered for the \
     tenant's `idempotency_hours`.",
);

pub(super) const ID: FieldSpec = FieldSpec::required(
    LEAD,
    "id",
    Id,
    r#""CRM-LEAD-001234""#,
    "The lead's id in the CRM, under which the agent asks for its status and posts dispositions.",
);
pub(super) const PHONE: FieldSpec = FieldSpec::required(
    LEAD,
    "phone",
    Phone,
    r#""+919800000000""#,
    "Telephone number. One without a country code is of the tenant's `country`. The agent gets it in E.164.",
);
pub(super) const PHONE_ALT: FieldSpec = FieldSpec::optional(
    LEAD,
    "phone_alt",
    Phone,
    r#""+919700000000""#,
    "A second number, treated as the first.",
);
const NAME: FieldSpec = FieldSpec::optional(LEAD, "name", SHORT_TEXT, r#""Asha Verma""#, "Name.");
const SOURCE: FieldSpec = FieldSpec::optional(LEAD, "source", SHORT_TEXT, r#""99acres""#, "Where the lead came from.");
const CAMPAIGN_ID: FieldSpec = FieldSpec::optional(
    LEAD,
    "campaign_id",
    SHORT_TEXT,
    r#""META-JUN26-DWK""#,
    "Marketing campaign.",
);
const PROJECT_INTEREST: FieldSpec = FieldSpec::optional(
    LEAD,
    "project_interest",
    SHORT_TEXT,
    r#""Dwarka Expressway 3BHK""#,
    "What the lead is interested in.",
);
const PROJECT_ID: FieldSpec = FieldSpec::optional(
    LEAD,
    "project_id",
    SHORT_TEXT,
    r#""PROJ-DWK-PHASE2""#,
    "The project's id.",
);
const LANGUAGE_PREFERENCE: FieldSpec = FieldSpec::optional(
    LEAD,
    "language_preference",
    SHORT_TEXT,
    r#""hindi""#,
    "Language to call in.",
);
pub(super) const CREATED_AT: FieldSpec = FieldSpec::optional(
    LEAD,
    "created_at",
    Timestamp,
    r#""2026-07-01T14:31:55+05:30""#,
    "When the lead was created in the CRM.",
);
pub(super) const CALL_PRIORITY: FieldSpec = FieldSpec::optional(
    LEAD,
    "call_priority",
    Word(&Priority::WORDS),
    r#""high""#,
    "How urgent the call is; if absent, normal.",
);
