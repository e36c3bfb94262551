//! `/v1/audit`: what was changed through this API, and whether the audit trail is intact.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::extract::Query;
use super::listing::{listing, page_request};
use super::problems::ErrorResponses;
use crate::problem::Problem;
use jackfield_api::{AuditVerifyQuery, AuditView, Listing, PageQuery, VerifiedView};
use jackfield_domain::custody::audit::ChainVerifier;

/// How many entries a verification reads at once: a few hundred kilobytes.
const CHUNK: u32 = 1000;

/// List the audit trail, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(PageQuery),
    responses((status = 200, description = "A page of the audit trail.", body = Listing<AuditView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AuditView>>, Problem> {
    let page = state.store.audit(page_request(page)?).await?;
    Ok(Json(listing(page, AuditView::from)))
}

/// Verify the audit trail.
///
/// Reads it from the beginning and names the first entry that was edited, inserted or removed.
#[utoipa::path(get, path = "/v1/audit/verify", tag = "audit", params(AuditVerifyQuery),
    responses((status = 200, description = "Whether the trail is intact.", body = VerifiedView), ErrorResponses))]
pub(super) async fn verify(
    State(state): State<AdminState>,
    Query(query): Query<AuditVerifyQuery>,
) -> Result<Json<VerifiedView>, Problem> {
    let mut verifier = ChainVerifier::new(query.expect);
    let mut seq = i64::MIN;
    let trouble = 'read: loop {
        let entries = state.store.audit_after(seq, CHUNK).await?;
        if entries.is_empty() {
            break verifier.finish().err();
        }
        for (next, entry) in &entries {
            if let Err(trouble) = verifier.next(*next, entry.as_ref()) {
                break 'read Some(trouble);
            }
            seq = *next;
        }
    };
    Ok(Json(VerifiedView {
        intact: trouble.is_none(),
        entries: verifier.count(),
        head: verifier.head().map(|head| head.to_string()),
        trouble: trouble.map(|trouble| trouble.to_string()),
    }))
}
