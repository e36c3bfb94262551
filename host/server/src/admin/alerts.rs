//! `/v1/alerts`: what a person must be told.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{Listing, page};
use super::refusal::{Refusals, not_found};
use crate::problem::Problem;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::id::{AlertId, TenantName};
use jackfield_store::Alert;

/// An alert.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// Such as `alr_7`.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// Why.
    pub kind: AlertKind,
    /// The delivery it is about.
    pub delivery: Option<String>,
    /// The lead it is about.
    pub lead: Option<String>,
    /// One line, without personal data.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// When a person marked it as seen.
    pub acknowledged_at: Option<Timestamp>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        Self {
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
}

/// Which alerts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantName>,
    /// Only those that nobody has acknowledged.
    #[serde(default)]
    open: bool,
    /// The `next` of the page before.
    after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// List alerts, newest first.
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", params(AlertQuery),
    responses((status = 200, description = "A page of alerts.", body = Listing<AlertView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Listing<AlertView>>, Problem> {
    let page = page(query.after, query.limit)?;
    let page = state.store.alerts(query.tenant.as_ref(), query.open, page).await?;
    Ok(Json(Listing::of(page, AlertView::from)))
}

/// An alert was acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AcknowledgedView {
    /// The alert's id.
    pub id: String,
    /// Always true.
    pub acknowledged: bool,
}

/// Mark an alert as seen.
#[utoipa::path(post, path = "/v1/alerts/{id}/ack", tag = "alerts",
    params(("id" = String, Path, description = "Such as `alr_7`.")),
    responses((status = 200, description = "It is marked.", body = AcknowledgedView), Refusals))]
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
