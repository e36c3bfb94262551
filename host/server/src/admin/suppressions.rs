//! `/v1/suppressions`: decisions not to call, and why.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::extract::Query;
use super::listing::{Listing, page};
use super::refusal::Refusals;
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::status::SuppressionReason;
use jackfield_store::Suppression;

/// A decision not to call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SuppressionView {
    /// Whose lead.
    pub tenant: String,
    /// Which lead.
    pub lead: String,
    /// Why.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead as answered, or the call that asked for it.
    pub note: String,
    /// When it was first decided.
    pub at: Timestamp,
    /// When it was last said to the agent.
    pub last_at: Timestamp,
    /// How often it was said to the agent.
    pub times: u64,
}

impl From<Suppression> for SuppressionView {
    fn from(suppression: Suppression) -> Self {
        Self {
            tenant: suppression.tenant.to_string(),
            lead: suppression.lead.to_string(),
            reason: suppression.reason,
            note: suppression.note,
            at: suppression.at,
            last_at: suppression.last_at,
            times: suppression.times,
        }
    }
}

/// Which suppressions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppressionQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantName>,
    /// Of this lead of the tenant.
    #[param(value_type = Option<String>)]
    lead: Option<LeadId>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// List suppressions, newest first.
#[utoipa::path(get, path = "/v1/suppressions", tag = "leads", params(SuppressionQuery),
    responses((status = 200, description = "A page of suppressions.", body = Listing<SuppressionView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(query): Query<SuppressionQuery>,
) -> Result<Json<Listing<SuppressionView>>, Problem> {
    let page = page(query.after, query.limit)?;
    if query.lead.is_some() && query.tenant.is_none() {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "`lead` needs `tenant` beside it: lead ids are the tenant's own",
        ));
    }
    let page = state
        .store
        .suppressions(query.tenant.as_ref(), query.lead.as_ref(), page)
        .await?;
    Ok(Json(Listing::of(page, SuppressionView::from)))
}
