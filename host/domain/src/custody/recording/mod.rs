//! Recordings of real invocations: how much is recorded, and how an invocation becomes a fixture that replays anywhere
//! and contains no credentials.
//!
//! An invocation is recorded as the adapter sees it: its requests before the host adds credentials, and the responses
//! after redaction. What could still reveal a secret is replaced: signatures by those of a test key ([`signed`]),
//! tokens and cookies that the CRM issued by generated ones, and recognizable personal data too, unless the operator
//! wants it ([`mask`]). A text is replaced in the whole invocation, so that the adapter sends the same requests when
//! the fixture is replayed.
//!
//! The fixture's format is that of `adapters/*/fixtures`, defined in `custody/fixture/`.

pub(super) mod address;
mod body;
mod bounds;
mod fixture;
mod mask;
mod members;
pub(super) mod phone;
mod signed;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::custody::fixture::{ExportInput, ExportResult, FixtureSendError};
use crate::phone::Country;
use crate::word::words;

pub use bounds::{RecordedFixture, RecordingBounds, RecordingBuffer, RecordingPhase, RecordingStatus};
pub use fixture::fixture;
pub use mask::Mask;
pub use signed::SignatureTexts;

/// Which export of the contract was invoked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// `status.query`
    Status,
    /// `dispositions.write`
    Write,
    /// `lookup.find`
    Find,
    /// `leads.parse`
    Webhook,
}

// The names of fixture files begin with these words.
words!(ExportKind {
    Status = "status",
    Write = "write",
    Find = "find",
    Webhook = "webhook",
});

impl ExportKind {
    /// The export that was invoked.
    #[must_use]
    pub const fn of(call: &ExportInput) -> Self {
        match call {
            ExportInput::QueryStatus { .. } => Self::Status,
            ExportInput::WriteDisposition { .. } => Self::Write,
            ExportInput::Find { .. } => Self::Find,
            ExportInput::ParseLeads { .. } => Self::Webhook,
        }
    }

    /// A title for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Status => "A status query",
            Self::Write => "A write",
            Self::Find => "A look-up",
            Self::Webhook => "A webhook",
        }
    }
}

/// An invocation as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedInvocation {
    /// The release that made it, and its adapter.
    pub by: String,
    /// The release's settings.
    pub settings: BTreeMap<String, String>,
    /// The country of telephone numbers without a country code.
    pub country: Option<Country>,
    /// The time that the adapter saw during the whole invocation.
    pub now: Timestamp,
    /// What was invoked.
    pub call: ExportInput,
    /// The signatures made for it, in order.
    pub signed: Vec<RecordedSignature>,
    /// Its requests and responses, in order.
    pub exchanges: Vec<RecordedExchange>,
    /// What it returned.
    pub returns: ExportResult,
}

/// A signature that the host made for an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSignature {
    /// The credential's name.
    pub name: String,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// The signature with the real key.
    pub signature: Vec<u8>,
}

/// A request and its response.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedExchange {
    /// `GET` and so on.
    pub method: String,
    /// As the adapter gave it.
    pub url: String,
    /// As the adapter gave them.
    pub headers: Vec<(String, String)>,
    /// As the adapter gave it.
    pub body: Vec<u8>,
    /// The response, or why there was none.
    pub answer: Result<RecordedResponse, FixtureSendError>,
}

/// A response as the adapter received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResponse {
    /// The status code.
    pub status: u16,
    /// Without the credentials that the CRM had echoed.
    pub headers: Vec<(String, String)>,
    /// Without the credentials that the CRM had echoed.
    pub body: Vec<u8>,
}

/// Why an invocation is not part of the cassette.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LeftOut)]
pub enum OmissionReason {
    /// The adapter was stopped, or its answer is not valid by the contract: a fixture holds an adapter's answer.
    Fault,
    /// A body is not UTF-8 text, and a fixture can hold nothing else.
    NotText,
    /// A signature does not appear in the invocation, so it cannot be replaced.
    SignatureNotFound,
    /// A secret of the tenant is in it.
    Secret,
    /// It exceeds the size of one invocation, or the space left in the recording.
    TooLarge,
}

impl OmissionReason {
    /// Why, for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Fault => "the adapter did not answer",
            Self::NotText => "a body is no UTF-8 text",
            Self::SignatureNotFound => "a signature is in no form that can be found and replaced",
            Self::Secret => "a secret of the tenant is in it",
            Self::TooLarge => "it is larger than the recording has room for",
        }
    }
}

#[cfg(test)]
mod tests;
