//! Every field of a disposition: where it stands, what it has to be, and what it says.

use crate::call::outcome::Outcome;
use crate::intake::document::FieldForm::{Boolean, Date, Id, OpenWord, Text, TimeOfDay, Url, Whole, Zone};
use crate::intake::document::{DocumentSpec, FieldForm, FieldSpec, ObjectSpec};

/// The object about the call itself.
const CALL: &str = "call_metadata";
/// The object with what was learned.
const LEARNED: &str = "qualification";
/// The object about the site visit.
pub(super) const VISIT: &str = "site_visit";
/// The object with the flags.
const FLAGS: &str = "flags";

/// A word or a few; what is longer is no answer to the question.
const SHORT_TEXT: FieldForm = Text { min: 0, max: 100 };
/// Ten thousand crore rupees: more than any flat costs, small enough for every CRM's number type.
const RUPEES: FieldForm = Whole {
    min: 0,
    max: 100_000_000_000,
};

/// The document that the agent posts after a call.
pub static DISPOSITION: DocumentSpec = DocumentSpec {
    meaning: "How a call ended, and what it brought to light. A call can end at any point, so only the call's id and \
              the outcome are required.",
    objects: &[
        ObjectSpec {
            name: CALL,
            required: true,
            meaning: "The call itself.",
        },
        ObjectSpec {
            name: LEARNED,
            required: true,
            meaning: "How the call ended, and what was learned about the lead.",
        },
        ObjectSpec {
            name: VISIT,
            required: false,
            meaning: "The site visit. Leave it out if none was discussed.",
        },
        ObjectSpec {
            name: FLAGS,
            required: false,
            meaning: "Flags, and the language.",
        },
    ],
    fields: &[
        CALL_ID,
        DURATION_SECONDS,
        RECORDING_URL,
        TRANSCRIPT_URL,
        OUTCOME,
        AI_INTENT_SCORE,
        BUDGET_MIN,
        BUDGET_MAX,
        BHK_PREFERENCE,
        POSSESSION_TIMELINE,
        LOAN_REQUIRED,
        PURCHASE_INTENT,
        NRI_FLAG,
        BOOKED,
        DATE,
        TIME_SLOT,
        TIMEZONE,
        DNC_REQUESTED,
        DUPLICATE_DETECTED,
        LANGUAGE_USED,
    ],
};

pub(super) const CALL_ID: FieldSpec = FieldSpec::required(
    CALL,
    "call_id",
    Id,
    r#""CALL-20260701-0001""#,
    "The call's id at the calling platform, and the permanent idempotency key of its disposition: the same document \
     again is a repeat, another one is refused.",
);
pub(super) const DURATION_SECONDS: FieldSpec = FieldSpec::optional(
    CALL,
    "duration_seconds",
    // A day.
    Whole { min: 0, max: 86_400 },
    "306",
    "Length of the call, in seconds.",
);
pub(super) const RECORDING_URL: FieldSpec = FieldSpec::optional(
    CALL,
    "recording_url",
    Url,
    r#""https://agent.example/recordings/CALL-20260701-0001.mp3""#,
    "Where the recording can be fetched.",
);
pub(super) const TRANSCRIPT_URL: FieldSpec = FieldSpec::optional(
    CALL,
    "transcript_url",
    Url,
    r#""https://agent.example/transcripts/CALL-20260701-0001.json""#,
    "Where the transcript can be fetched.",
);

pub(super) const OUTCOME: FieldSpec = FieldSpec::required(
    LEARNED,
    "outcome",
    OpenWord {
        words: &Outcome::WORDS,
        max: 100,
    },
    r#""qualified_visit_booked""#,
    "How the call ended. The words are read in whatever case, and with `-` or blanks for `_`; any other text goes to \
     the CRM's adapter as it is. `dnc_requested` is a wish not to be called.",
);
pub(super) const AI_INTENT_SCORE: FieldSpec = FieldSpec::optional(
    LEARNED,
    "ai_intent_score",
    Whole { min: 0, max: 100 },
    "82",
    "How likely the lead is to buy, in the platform's judgement.",
);
pub(super) const BUDGET_MIN: FieldSpec = FieldSpec::optional(
    LEARNED,
    "budget_min",
    RUPEES,
    "8500000",
    "Lower limit of the budget, in whole rupees.",
);
pub(super) const BUDGET_MAX: FieldSpec = FieldSpec::optional(
    LEARNED,
    "budget_max",
    RUPEES,
    "12000000",
    "Upper limit of the budget, in whole rupees; not below `budget_min`.",
);
pub(super) const BHK_PREFERENCE: FieldSpec =
    FieldSpec::optional(LEARNED, "bhk_preference", SHORT_TEXT, r#""3BHK""#, "Size of the flat.");
pub(super) const POSSESSION_TIMELINE: FieldSpec = FieldSpec::optional(
    LEARNED,
    "possession_timeline",
    SHORT_TEXT,
    r#""18_months""#,
    "When possession is wanted.",
);
pub(super) const LOAN_REQUIRED: FieldSpec =
    FieldSpec::optional(LEARNED, "loan_required", Boolean, "true", "Whether a loan is needed.");
pub(super) const PURCHASE_INTENT: FieldSpec = FieldSpec::optional(
    LEARNED,
    "purchase_intent",
    SHORT_TEXT,
    r#""end_use""#,
    "Purpose, such as `end_use` or `investment`.",
);
pub(super) const NRI_FLAG: FieldSpec = FieldSpec::optional(
    LEARNED,
    "nri_flag",
    Boolean,
    "false",
    "Whether the lead is a non-resident Indian.",
);

pub(super) const BOOKED: FieldSpec = FieldSpec::optional(
    VISIT,
    "booked",
    Boolean,
    "true",
    "Whether it is booked; if absent, it is not.",
);
pub(super) const DATE: FieldSpec = FieldSpec::optional(VISIT, "date", Date, r#""2026-07-05""#, "Local date.");
pub(super) const TIME_SLOT: FieldSpec = FieldSpec::optional(
    VISIT,
    "time_slot",
    TimeOfDay,
    r#""11:00""#,
    "Local time of day, of 24 hours.",
);
pub(super) const TIMEZONE: FieldSpec = FieldSpec::optional(
    VISIT,
    "timezone",
    Zone,
    r#""Asia/Kolkata""#,
    "Time zone of `date` and `time_slot`. Abbreviations such as `IST` mean several zones and are refused.",
);

pub(super) const DNC_REQUESTED: FieldSpec = FieldSpec::optional(
    FLAGS,
    "dnc_requested",
    Boolean,
    "false",
    "The lead asked not to be called again. Once the host has answered, every status query for the lead says no.",
);
pub(super) const DUPLICATE_DETECTED: FieldSpec = FieldSpec::optional(
    FLAGS,
    "duplicate_detected",
    Boolean,
    "false",
    "The platform considers the lead a duplicate.",
);
pub(super) const LANGUAGE_USED: FieldSpec = FieldSpec::optional(
    FLAGS,
    "language_used",
    SHORT_TEXT,
    r#""hindi""#,
    "Language of the call.",
);
