//! Recordings of real calls: how much is recorded, and how a call becomes a fixture that replays anywhere and holds no
//! credential.
//!
//! A call is taken down where the adapter stands: its requests as it gave them, before the host added credentials, and
//! the answers after redaction. What still leads to a secret is replaced: signatures by those of a test key
//! ([`signed`]), tokens and cookies that the CRM handed out by made-up ones, and, unless the operator wants them, the
//! personal data that can be told ([`mask`]). Everything that replaces a text replaces it in the whole call, so that
//! the adapter that is asked again asks the same.
//!
//! The fixture's form is the one of `adapters/*/fixtures`, described in `sdk/rust/src/testing/replay.rs`.

mod body;
mod bounds;
mod fixture;
mod mask;
mod members;
mod phone;
mod signed;

use jiff::Timestamp;
use serde_json::Value;

pub use bounds::{RecordedFixture, RecordingBounds, RecordingBuffer, RecordingPhase, RecordingStatus};
pub use fixture::fixture;
pub use mask::Mask;

/// Which function of the contract was called.
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

impl ExportKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Status, Self::Write, Self::Find, Self::Webhook];

    /// The word for it, as files of fixtures begin with it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Write => "write",
            Self::Find => "find",
            Self::Webhook => "webhook",
        }
    }

    /// What it is, for people.
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

/// A call as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedInvocation {
    /// Which function.
    pub kind: ExportKind,
    /// Where it happened: the release and its adapter.
    pub by: String,
    /// The release's settings.
    pub settings: Vec<(String, String)>,
    /// What the adapter took for the time, throughout.
    pub now: Timestamp,
    /// The fixture's `call`.
    pub asked: Value,
    /// What was signed for it, in order.
    pub signed: Vec<RecordedSignature>,
    /// What it sent and got, in order.
    pub exchanges: Vec<RecordedExchange>,
    /// The fixture's `returns`.
    pub returns: Value,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSignature {
    /// The credential.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The signature with the real key.
    pub signature: Vec<u8>,
}

/// A request and what came of it.
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
    /// The answer, or the fixture's `fails`.
    pub answer: Result<RecordedResponse, Value>,
}

/// What the adapter got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResponse {
    /// The status code.
    pub status: u16,
    /// Without the credentials that the CRM had echoed.
    pub headers: Vec<(String, String)>,
    /// Without the credentials that the CRM had echoed.
    pub body: Vec<u8>,
}

/// Why a call is not part of the cassette.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LeftOut)]
pub enum OmissionReason {
    /// The adapter was stopped, or its answer is none that the contract allows: a fixture says what an adapter answers.
    Fault,
    /// A body is no UTF-8 text, which is all that a fixture can hold.
    NotText,
    /// Something was signed and the signature is not to be found in the call, so it cannot be replaced.
    SignatureNotFound,
    /// A secret of the tenant is in it.
    Secret,
    /// It is larger than one call may be, or than what the recording has left.
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
