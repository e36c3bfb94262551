//! `/v1/alerts`: what a person must know.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{listing, page};
use super::problems::{ErrorResponses, not_found};
use crate::problem::Problem;
use jackfield_api::{AcknowledgedView, AlertQuery, AlertView, Listing};
use jackfield_domain::id::AlertId;
use jackfield_store::Alert;

fn alert_view(alert: Alert) -> AlertView {
    AlertView {
        id: alert.id.to_string(),
        tenant: alert.tenant.to_string(),
        kind: alert.kind,
        delivery: alert.delivery.map(|id| id.to_string()),
        lead: alert.lead.map(Into::into),
        message: alert.message,
        at: alert.at,
        acknowledged_at: alert.acknowledged_at,
    }
}

/// List alerts, newest first.
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", params(AlertQuery),
    responses((status = 200, description = "A page of alerts.", body = Listing<AlertView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Listing<AlertView>>, Problem> {
    let page = page(query.after, query.limit)?;
    let page = state.store.alerts(query.tenant.as_ref(), query.open, page).await?;
    Ok(Json(listing(page, alert_view)))
}

/// Mark an alert as seen.
#[utoipa::path(post, path = "/v1/alerts/{id}/ack", tag = "alerts",
    params(("id" = String, Path, description = "Such as `alr_7`.")),
    responses((status = 200, description = "It is marked as seen.", body = AcknowledgedView), ErrorResponses))]
pub(super) async fn acknowledge(
    State(state): State<AdminState>,
    Path(id): Path<AlertId>,
) -> Result<Json<AcknowledgedView>, Problem> {
    if !state.store.acknowledge_alert(id, state.clock.now()).await? {
        return Err(not_found(format!("there is no alert `{id}`")));
    }
    Ok(Json(AcknowledgedView {
        id: id.to_string(),
        acknowledged: true,
    }))
}
