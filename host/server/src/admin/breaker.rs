//! `/v1/breakers` and `/v1/tenants/{tenant}/breaker`: the circuit breakers of the tenants' CRMs.
//!
//! A state that an operator forces is stored: it applies to every host, and survives restarts. What a breaker decides
//! by itself belongs to its host, because another host may have received other answers from the CRM.

use axum::extract::State;

use super::extract::{Json, Path, Query};
use super::listing::{listing, page_request};
use super::problems::ErrorResponses;
use super::tenants::no_tenant;
use super::{AdminState, run_to_completion};
use crate::problem::Problem;
use jackfield_api::{BreakerView, ForceBreaker, Listing, PageQuery};
use jackfield_domain::id::TenantName;
use jackfield_store::TenantRecord;

fn breaker_view(tenant: &TenantName, state: &AdminState) -> BreakerView {
    BreakerView::of(tenant, state.tenants.breakers.status(tenant))
}

/// List breakers by tenant.
#[utoipa::path(get, path = "/v1/breakers", tag = "breakers", params(PageQuery),
    responses((status = 200, description = "A page of breakers, one for each tenant.", body = Listing<BreakerView>),
        ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Listing<BreakerView>>, Problem> {
    let page = state.store.tenants(page_request(page)?).await?;
    let view = |record: TenantRecord| breaker_view(&record.name, &state);
    Ok(axum::Json(listing(page, view)))
}

/// Show a tenant's breaker.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/breaker", tag = "breakers",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The breaker.", body = BreakerView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<axum::Json<BreakerView>, Problem> {
    let record = state.store.tenant(&tenant).await?;
    record.ok_or_else(no_tenant)?;
    Ok(axum::Json(breaker_view(&tenant, &state)))
}

/// Force a tenant's breaker open or closed, or let it decide by itself again.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/breaker", tag = "breakers", request_body = ForceBreaker,
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The breaker.", body = BreakerView), ErrorResponses))]
pub(super) async fn force(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Json(request): Json<ForceBreaker>,
) -> Result<axum::Json<BreakerView>, Problem> {
    run_to_completion(async move {
        let record = state.store.tenant(&tenant).await?;
        record.ok_or_else(no_tenant)?;
        let now = state.clock.now();
        state.store.force_breaker(&tenant, request.force, now).await?;
        state.tenants.breakers.sync(&state.store.breakers().await?, now);
        state.wake.notify_one();
        Ok(axum::Json(breaker_view(&tenant, &state)))
    })
    .await?
}
