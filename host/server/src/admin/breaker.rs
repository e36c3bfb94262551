//! `/v1/breakers` and `/v1/tenants/{tenant}/breaker`: the circuit breakers of the tenants' CRMs.
//!
//! What an operator forces is stored and holds on every host, through restarts. What a breaker does by itself is each
//! host's own: another host may have seen another side of the CRM.

use axum::extract::State;

use super::extract::{Json, Path, Query};
use super::listing::{listing, page_request};
use super::refusal::Refusals;
use super::tenants::no_tenant;
use super::{AdminState, to_the_end};
use crate::problem::Problem;
use jackfield_api::{BreakerView, ForceBreaker, Listing, PageQuery};
use jackfield_domain::id::TenantName;
use jackfield_store::TenantRecord;

fn breaker_view(tenant: &TenantName, state: &AdminState) -> BreakerView {
    BreakerView::of(tenant, state.tenants.breakers.status(tenant))
}

/// List breakers by tenant.
#[utoipa::path(get, path = "/v1/breakers", tag = "breakers", params(PageQuery),
    responses((status = 200, description = "A page of breakers, one of each tenant.", body = Listing<BreakerView>),
        Refusals))]
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
    responses((status = 200, description = "The breaker.", body = BreakerView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
) -> Result<axum::Json<BreakerView>, Problem> {
    let known = state.store.tenant(&tenant).await?;
    known.ok_or_else(|| no_tenant(&tenant))?;
    Ok(axum::Json(breaker_view(&tenant, &state)))
}

/// Force a tenant's breaker open or closed, or let it decide by itself again.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/breaker", tag = "breakers", request_body = ForceBreaker,
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The breaker as it is now.", body = BreakerView), Refusals))]
pub(super) async fn force(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Json(request): Json<ForceBreaker>,
) -> Result<axum::Json<BreakerView>, Problem> {
    to_the_end(async move {
        let known = state.store.tenant(&tenant).await?;
        known.ok_or_else(|| no_tenant(&tenant))?;
        let now = state.clock.now();
        state.store.force_breaker(&tenant, request.force, now).await?;
        state.tenants.breakers.follow(&state.store.breakers().await?, now);
        state.wake.notify_one();
        Ok(axum::Json(breaker_view(&tenant, &state)))
    })
    .await?
}
