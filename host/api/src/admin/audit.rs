//! The audit trail: what was changed through the admin API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::custody::audit::AuditEntry;
use jackfield_domain::id::Digest;

/// An entry of the audit trail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Counted from 1, without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// The id of the operator's token; `unknown` for a request without a valid one, `host` for the host itself.
    pub actor: String,
    /// The token's label.
    pub label: String,
    /// The method and the route.
    pub action: String,
    /// What the request was about: names and ids.
    pub target: String,
    /// The HTTP status of the response; null in the entry that is written when the request starts. Every change has
    /// both entries, with one request id; if the second is missing, the host stopped in between.
    pub status: Option<u16>,
    /// The id of the request, as in its response and in the log.
    pub request_id: String,
    /// The hash of the previous entry.
    pub prev: String,
    /// The hash of this entry.
    pub hash: String,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.event.at,
            actor: entry.event.actor.to_string(),
            label: entry.event.label,
            action: entry.event.action,
            target: entry.event.target,
            status: entry.event.status,
            request_id: entry.event.request,
            prev: entry.prev.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}

/// The hash that a verification looks for.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditVerifyQuery {
    /// The `head` of an earlier verification, stored elsewhere: the trail must contain it.
    #[param(value_type = Option<String>)]
    pub expect: Option<Digest>,
}

/// Whether the trail is intact.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VerifiedView {
    /// Whether no entry was edited, inserted or removed.
    pub intact: bool,
    /// How many entries were found in order, from the first.
    pub entries: i64,
    /// The hash of the last of them. Store it elsewhere and pass it as `expect` later: nothing else reveals that the
    /// trail was truncated, or that all of it was rewritten.
    pub head: Option<String>,
    /// The first problem, such as `entry 7 was edited`.
    pub trouble: Option<String>,
}
