//! `/v1/tenants`: who is served, and by which release.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{Listing, PageQuery};
use super::refusal::{Refusals, not_found};
use super::releases::ReleaseView;
use crate::problem::Problem;
use crate::tenants::Slot;
use jackfield_domain::id::TenantName;
use jackfield_store::TenantRecord;

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TenantView {
    /// Its name.
    pub name: String,
    /// The active release, such as `r3`.
    pub active: String,
    /// The release that the answering host serves. Another than the active one means that the host could not load it,
    /// or is about to; null, that it serves none.
    pub serving: Option<String>,
    /// Why it serves none.
    pub trouble: Option<String>,
    /// The newest release.
    pub newest: String,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When the active release became active.
    pub activated_at: Timestamp,
}

impl TenantView {
    fn of(record: &TenantRecord, state: &AdminState) -> Self {
        let (serving, trouble) = match state.tenants.slot(&record.name) {
            Some(Slot::Serving(tenant)) => (Some(tenant.release().number.to_string()), None),
            Some(Slot::Broken { reason, .. }) => (None, Some(reason.to_string())),
            None => (None, None),
        };
        Self {
            name: record.name.to_string(),
            active: record.active.to_string(),
            serving,
            trouble,
            newest: record.newest.to_string(),
            created_at: record.created_at,
            activated_at: record.activated_at,
        }
    }
}

/// A tenant with its active release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TenantDetailView {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: TenantView,
    /// The active release.
    pub release: Option<ReleaseView>,
}

/// List tenants by name.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(PageQuery),
    responses((status = 200, description = "A page of tenants.", body = Listing<TenantView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<TenantView>>, Problem> {
    let page = state.store.tenants(page.request()?).await?;
    Ok(Json(Listing::of(page, |record| TenantView::of(&record, &state))))
}

/// Show a tenant with its active release.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The tenant.", body = TenantDetailView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<Json<TenantDetailView>, Problem> {
    let record = state.store.tenant(&tenant).await?;
    let record = record.ok_or_else(|| no_tenant(&tenant))?;
    let release = state.store.release(&tenant, record.active).await?;
    Ok(Json(TenantDetailView {
        tenant: TenantView::of(&record, &state),
        release: release.as_ref().map(ReleaseView::of),
    }))
}

pub(super) fn no_tenant(tenant: &TenantName) -> Problem {
    not_found(format!(
        "there is no tenant `{tenant}`; GET /v1/tenants lists those there are"
    ))
}
