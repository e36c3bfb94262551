//! `/v1/tenants`: the tenants, and the releases that serve them.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{listing, page_request};
use super::problems::{ErrorResponses, not_found};
use crate::problem::Problem;
use crate::tenants::TenantSlot;
use jackfield_api::{Listing, PageQuery, ReleaseView, TenantDetailView, TenantView};
use jackfield_domain::id::TenantName;
use jackfield_store::{StoreError, TenantRecord};

fn tenant_view(record: &TenantRecord, state: &AdminState) -> TenantView {
    let (serving, trouble) = match state.tenants.slot(&record.name) {
        Some(TenantSlot::Serving(tenant)) => (Some(tenant.release().number.to_string()), None),
        Some(TenantSlot::Broken { reason, .. }) => (None, Some(reason.to_string())),
        None => (None, None),
    };
    TenantView {
        name: record.name.to_string(),
        active: record.active.to_string(),
        serving,
        trouble,
        newest: record.newest.to_string(),
        created_at: record.created_at,
        activated_at: record.activated_at,
    }
}

/// List tenants by name.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(PageQuery),
    responses((status = 200, description = "A page of tenants.", body = Listing<TenantView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<TenantView>>, Problem> {
    let page = state.store.tenants(page_request(page)?).await?;
    Ok(Json(listing(page, |record| tenant_view(&record, &state))))
}

/// Show a tenant with its active release.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The tenant.", body = TenantDetailView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<Json<TenantDetailView>, Problem> {
    let record = state.store.tenant(&tenant).await?;
    let record = record.ok_or_else(no_tenant)?;
    let release = match state.store.release(&tenant, record.active).await {
        // The operator reads this to learn what is wrong; `trouble` says it.
        Err(StoreError::Corrupt(_)) => None,
        release => release?,
    };
    Ok(Json(TenantDetailView {
        tenant: tenant_view(&record, &state),
        release: release.as_ref().map(ReleaseView::from),
    }))
}

/// The problem that there is no such tenant. It does not repeat the name, which may be anything.
pub(super) fn no_tenant() -> Problem {
    not_found("there is no such tenant; GET /v1/tenants lists all")
}
