//! `/v1/suppressions`: decisions not to call, and why.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::extract::Query;
use super::listing::{listing, page};
use super::problems::ErrorResponses;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{Listing, SuppressionQuery, SuppressionView};
use jackfield_store::Suppression;

fn suppression_view(suppression: Suppression) -> SuppressionView {
    SuppressionView {
        tenant: suppression.tenant.to_string(),
        lead: suppression.lead.to_string(),
        reason: suppression.reason,
        note: suppression.note,
        at: suppression.at,
        last_at: suppression.last_at,
        times: suppression.times,
    }
}

/// List suppressions, newest first.
#[utoipa::path(get, path = "/v1/suppressions", tag = "leads", params(SuppressionQuery),
    responses((status = 200, description = "A page of suppressions.", body = Listing<SuppressionView>),
        ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(query): Query<SuppressionQuery>,
) -> Result<Json<Listing<SuppressionView>>, Problem> {
    let page = page(query.after, query.limit)?;
    if query.lead.is_some() && query.tenant.is_none() {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "`lead` requires `tenant`: two tenants may have leads with the same id",
        ));
    }
    let page = state
        .store
        .suppressions(query.tenant.as_ref(), query.lead.as_ref(), page)
        .await?;
    Ok(Json(listing(page, suppression_view)))
}
