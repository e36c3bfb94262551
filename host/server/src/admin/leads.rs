//! `/v1/tenants/{tenant}/leads/{lead}`: what the host knows of a lead.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::AdminState;
use super::deliveries::DeliveryView;
use super::extract::Path;
use super::listing::{Listing, MAX_LIMIT};
use super::refusal::{Refusals, not_found};
use crate::problem::Problem;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::Priority;
use jackfield_store::{DeliveryFilter, PageRequest};

/// A lead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeadView {
    /// Whose it is.
    pub tenant: String,
    /// Its id in the CRM.
    pub lead: String,
    /// Its newest `lead.created` document; null if only a disposition ever named it.
    #[schema(value_type = Option<Object>)]
    pub document: Option<Value>,
    /// How urgently it wants to be called.
    pub priority: Priority,
    /// When its newest document was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Since when it must not be called, by its own wish.
    pub dnc_since: Option<Timestamp>,
    /// Since when a disposition of it needs to be entered by hand: its delivery is dead or in review.
    pub manual_since: Option<Timestamp>,
    /// Its deliveries, newest first: the first page, as of `GET /v1/deliveries?tenant=…&lead=…`.
    pub deliveries: Listing<DeliveryView>,
}

/// Show a lead with its deliveries.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/leads/{lead}", tag = "leads",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("lead" = String, Path, description = "The lead's id in the CRM, percent-encoded.")),
    responses((status = 200, description = "The lead.", body = LeadView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path((tenant, lead)): Path<(TenantName, LeadId)>,
) -> Result<Json<LeadView>, Problem> {
    let record = state.store.lead(&tenant, &lead).await?;
    let record = record.ok_or_else(|| not_found(format!("tenant `{tenant}` has no lead `{lead}`")))?;
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
            // A text that is no JSON is still shown.
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }),
        priority: record.priority,
        accepted_at: record.accepted_at,
        dnc_since: record.dnc_since,
        manual_since: record.manual_since,
        deliveries: Listing::of(deliveries, DeliveryView::from),
    }))
}
