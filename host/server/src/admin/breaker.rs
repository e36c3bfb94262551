//! `/v1/breakers` and `/v1/tenants/{tenant}/breaker`: the circuit breakers of the tenants' CRMs.
//!
//! What an operator forces is stored and holds on every host, through restarts. What a breaker does by itself is each
//! host's own: another host may have seen another side of the CRM.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path, Query};
use super::listing::{Listing, PageQuery};
use super::refusal::Refusals;
use super::tenants::no_tenant;
use super::{AdminState, to_the_end};
use crate::problem::Problem;
use jackfield_domain::breaker::{BreakerState, Forced, Standing};
use jackfield_domain::id::TenantName;

/// How the breaker of a tenant's CRM stands at the answering host.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BreakerView {
    /// The tenant.
    pub tenant: String,
    /// Where it is.
    pub state: BreakerState,
    /// What an operator made it be, until an operator ends that.
    pub forced: Option<Forced>,
    /// Since when it has not been closed.
    pub since: Option<Timestamp>,
    /// When the next probe may go.
    pub probe_at: Option<Timestamp>,
    /// While ramping: how many dispositions may be in flight.
    pub step: Option<u32>,
    /// While closed: failures in a row.
    pub failures: u32,
}

impl BreakerView {
    fn of(tenant: &TenantName, standing: Standing) -> Self {
        Self {
            tenant: tenant.to_string(),
            state: standing.state,
            forced: standing.forced,
            since: standing.since,
            probe_at: standing.probe_at,
            step: standing.step,
            failures: standing.failures,
        }
    }

    fn now(tenant: &TenantName, state: &AdminState) -> Self {
        Self::of(tenant, state.tenants.breakers.standing(tenant))
    }
}

/// What a breaker is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceBreaker {
    /// `open`: no disposition goes to the CRM, not even a probe. `closed`: all go, whatever the CRM does. Null: it
    /// decides by itself again, and one that was forced open begins with a probe.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    pub force: Option<Forced>,
}

/// List breakers by tenant.
#[utoipa::path(get, path = "/v1/breakers", tag = "breakers", params(PageQuery),
    responses((status = 200, description = "A page of breakers, one of each tenant.", body = Listing<BreakerView>),
        Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Listing<BreakerView>>, Problem> {
    let page = state.store.tenants(page.request()?).await?;
    let view = |record: jackfield_store::TenantRecord| BreakerView::now(&record.name, &state);
    Ok(axum::Json(Listing::of(page, view)))
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
    Ok(axum::Json(BreakerView::now(&tenant, &state)))
}

/// Force a tenant's breaker open or closed, or let it decide by itself again.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/breaker", tag = "breakers", request_body = ForceBreaker,
    params(("tenant" = String, Path, description = "The tenant's name.")),
    responses((status = 200, description = "The breaker as it is now.", body = BreakerView), Refusals))]
pub(super) async fn force(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Json(wish): Json<ForceBreaker>,
) -> Result<axum::Json<BreakerView>, Problem> {
    to_the_end(async move {
        let known = state.store.tenant(&tenant).await?;
        known.ok_or_else(|| no_tenant(&tenant))?;
        let now = state.clock.now();
        state.store.force_breaker(&tenant, wish.force, now).await?;
        state.tenants.breakers.follow(&state.store.breakers().await?, now);
        state.wake.notify_one();
        Ok(axum::Json(BreakerView::now(&tenant, &state)))
    })
    .await?
}
