//! `/v1/tenants/{tenant}/leads/{lead}`: what the host knows of a lead.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::AdminState;
use super::deliveries::delivery_view;
use super::extract::Path;
use super::listing::listing;
use super::problems::{ErrorResponses, not_found};
use crate::problem::Problem;
use jackfield_api::{LeadView, MAX_LIMIT};
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::json::JsonDocument;
use jackfield_store::{DeliveryFilter, PageRequest};

/// Show a lead with its deliveries.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/leads/{lead}", tag = "leads",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("lead" = String, Path, description = "The lead's id in the CRM, percent-encoded.")),
    responses((status = 200, description = "The lead.", body = LeadView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path((tenant, lead)): Path<(TenantName, LeadId)>,
) -> Result<Json<LeadView>, Problem> {
    let record = state.store.lead(&tenant, &lead).await?;
    let record = record.ok_or_else(|| not_found(format!("tenant `{tenant}` has no such lead")))?;
    let filter = DeliveryFilter {
        tenant: Some(tenant),
        lead: Some(lead),
        ..DeliveryFilter::default()
    };
    let first = PageRequest {
        after: None,
        limit: MAX_LIMIT,
    };
    let deliveries = state.store.deliveries(&filter, first).await?;
    Ok(Json(LeadView {
        tenant: record.tenant.to_string(),
        lead: record.lead.to_string(),
        document: record.document.map(|text| {
            // A document that is not JSON is shown as text.
            JsonDocument::parse(text.as_bytes()).unwrap_or_else(|_| Value::String(text).into())
        }),
        priority: record.priority,
        accepted_at: record.accepted_at,
        dnc_since: record.dnc_since,
        manual_since: record.manual_since,
        deliveries: listing(deliveries, delivery_view),
    }))
}
