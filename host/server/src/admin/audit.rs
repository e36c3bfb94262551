//! `/v1/audit`: what was done by this API, and whether the record of it is whole.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::extract::Query;
use super::listing::{Listing, PageQuery};
use super::refusal::Refusals;
use crate::problem::Problem;
use jackfield_domain::audit::{Entry, Verifier};
use jackfield_domain::id::Digest;

/// Entries that are read at once: a few hundred kilobytes.
const CHUNK: u32 = 1000;

/// An entry of the audit trail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Counted from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The id of the operator's token; `unknown` for whoever had no valid one, `host` for the host itself.
    pub actor: String,
    /// The note that the token has.
    pub label: String,
    /// The method and the route.
    pub action: String,
    /// What it was about: names and ids.
    pub target: String,
    /// The HTTP status of the answer; null where the request was only begun. Every change has both entries, with one
    /// request id; where the second is missing, the host stopped in between.
    pub status: Option<u16>,
    /// The id of the request, as in its answer and in the log.
    pub request_id: String,
    /// The hash of the entry before.
    pub prev: String,
    /// The hash of this entry.
    pub hash: String,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
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

/// List what was done, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(PageQuery),
    responses((status = 200, description = "A page of the audit trail.", body = Listing<AuditView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AuditView>>, Problem> {
    let page = state.store.audit(page.request()?).await?;
    Ok(Json(Listing::of(page, AuditView::from)))
}

/// What the trail is held against.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// A hash that a verification gave as `head` before, kept elsewhere: the trail must hold it.
    #[param(value_type = Option<String>)]
    expect: Option<Digest>,
}

/// Whether the trail is whole.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VerifiedView {
    /// Nothing is wrong with it.
    pub intact: bool,
    /// How many entries were found in order, from the first.
    pub entries: i64,
    /// The hash of the last of them. Keep it elsewhere, and expect it later: only so is it noticed when entries are cut
    /// off at the end, or all of them written anew.
    pub head: Option<String>,
    /// The first thing that is wrong, such as `entry 7 was edited`.
    pub trouble: Option<String>,
}

/// Verify the audit trail.
///
/// Reads it from its beginning and names the first entry that was edited, inserted or left out.
#[utoipa::path(get, path = "/v1/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, description = "Whether it is whole.", body = VerifiedView), Refusals))]
pub(super) async fn verify(
    State(state): State<AdminState>,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<VerifiedView>, Problem> {
    let mut verifier = Verifier::new(query.expect);
    let mut seq = i64::MIN;
    let trouble = 'read: loop {
        let part = state.store.audit_after(seq, CHUNK).await?;
        if part.is_empty() {
            break verifier.end().err();
        }
        for (next, entry) in &part {
            if let Err(trouble) = verifier.next(*next, entry.as_ref()) {
                break 'read Some(trouble);
            }
            seq = *next;
        }
    };
    Ok(Json(VerifiedView {
        intact: trouble.is_none(),
        entries: verifier.read(),
        head: verifier.head().map(|head| head.to_string()),
        trouble: trouble.map(|trouble| trouble.to_string()),
    }))
}
