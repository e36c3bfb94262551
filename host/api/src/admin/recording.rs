//! Recordings: invocations of a tenant's adapter, as fixtures for its author.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use jackfield_domain::custody::recording::{ExportKind, OmissionReason, RecordingPhase, RecordingStatus};
use jackfield_domain::id::TenantName;

/// How much to record.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginRecording {
    /// How many invocations: 1 to 500.
    #[serde(default = "default_calls")]
    #[schema(default = 20, minimum = 1, maximum = 500)]
    pub calls: u32,
    /// For how many minutes: 1 to 60.
    #[serde(default = "default_minutes")]
    #[schema(default = 10, minimum = 1, maximum = 60)]
    pub minutes: u32,
    /// Whether phone numbers, e-mail addresses and names stay unchanged. Otherwise the host replaces those that it
    /// recognizes before it stores anything.
    #[serde(default)]
    pub unmasked: bool,
}

impl BeginRecording {
    /// How many invocations are recorded when a request does not say: a cassette that a person can still read through.
    pub const DEFAULT_CALLS: u32 = 20;
    /// For how many minutes, when a request does not say.
    pub const DEFAULT_MINUTES: u32 = 10;
}

const fn default_calls() -> u32 {
    BeginRecording::DEFAULT_CALLS
}

const fn default_minutes() -> u32 {
    BeginRecording::DEFAULT_MINUTES
}

/// A recording's status. Contains no data of leads.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordingView {
    /// The tenant.
    pub tenant: String,
    /// Its state.
    pub state: RecordingPhase,
    /// The requested number of invocations.
    pub wanted: u32,
    /// The number of recorded invocations, by kind: `status`, `write`, `find` and `webhook`.
    pub recorded: BTreeMap<ExportKind, u32>,
    /// The number of omitted invocations, by reason.
    pub left_out: BTreeMap<OmissionReason, u32>,
    /// Bytes of the recorded invocations.
    pub bytes: usize,
    /// Whether it contains unmasked personal data.
    pub unmasked: bool,
    /// When it started.
    pub begun_at: Timestamp,
    /// When its time is over.
    pub ends_at: Timestamp,
    /// When the host deletes its contents, unless somebody takes them before.
    pub forgotten_at: Timestamp,
}

impl RecordingView {
    /// A tenant's recording.
    #[must_use]
    pub fn of(tenant: &TenantName, status: RecordingStatus, unmasked: bool) -> Self {
        Self {
            tenant: tenant.to_string(),
            state: status.phase,
            wanted: status.requested,
            recorded: status.recorded,
            left_out: status.omitted,
            bytes: status.bytes,
            unmasked,
            begun_at: status.started_at,
            ends_at: status.ends_at,
            forgotten_at: status.expires_at,
        }
    }
}

/// A recorded invocation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecordedCall {
    /// Which function of the adapter was invoked.
    pub kind: ExportKind,
    /// The invocation as a fixture: a file of a cassette.
    #[schema(value_type = Object)]
    pub fixture: Value,
}

/// A finished recording with its contents.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TakenView)]
pub struct TakenRecordingView {
    /// The recording's status when it was taken.
    pub recording: RecordingView,
    /// The invocations, in the order in which they ended.
    pub calls: Vec<RecordedCall>,
}
