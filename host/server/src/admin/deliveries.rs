//! `/v1/deliveries`: what was accepted, its state, and every attempt. Dead letters and what waits for review are
//! deliveries too, in their states.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{listing, page};
use super::problems::{ErrorResponses, not_found};
use crate::problem::Problem;
use jackfield_api::{
    AttemptDetailView, AttemptView, BreakerView, DeliveryDetailView, DeliveryQuery, DeliveryShowQuery, DeliveryView,
    Listing, PayloadView,
};
use jackfield_domain::delivery::breaker::BreakerStatus;
use jackfield_domain::delivery::{DeliveryState, DocumentShape};
use jackfield_domain::id::DeliveryId;
use jackfield_domain::json::JsonDocument;
use jackfield_store::{AttemptDetail, AttemptRecord, DeliveryDetail, DeliveryFilter, DeliverySummary};

pub(super) fn delivery_view(summary: DeliverySummary) -> DeliveryView {
    DeliveryView {
        id: summary.id.to_string(),
        tenant: summary.tenant.to_string(),
        kind: summary.kind,
        lead: summary.lead.map(Into::into),
        key: summary.key.to_string(),
        state: summary.state,
        reason: summary.reason,
        class: summary.class,
        counted: summary.counted,
        ambiguous: summary.ambiguous,
        generation: summary.generation,
        due: summary.due,
        reference: summary.reference,
        accepted_at: summary.accepted_at,
        changed_at: summary.changed_at,
    }
}

fn attempt_view(attempt: AttemptRecord) -> AttemptView {
    let AttemptDetail {
        http_status,
        request,
        reference,
        rejection,
        fault,
        message,
        reason,
        host_reason,
        warning,
        looked_up,
    } = attempt.detail;
    AttemptView {
        number: attempt.fence.0,
        release: attempt.release.to_string(),
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        class: attempt.class,
        detail: AttemptDetailView {
            http_status,
            request,
            reference,
            rejection,
            fault,
            message,
            reason,
            host_reason,
            warning,
            looked_up,
        },
    }
}

/// A delivery's document: as JSON if it is a document of the contract, else as text if it is UTF-8, else as base64.
pub(super) fn payload_view(detail: &DeliveryDetail) -> PayloadView {
    let document = match detail.summary.kind.rules().document {
        DocumentShape::Raw => None,
        DocumentShape::Lead | DocumentShape::Disposition => JsonDocument::parse(&detail.payload).ok(),
    };
    match (document, std::str::from_utf8(&detail.payload)) {
        (Some(document), _) => PayloadView::Json(document),
        (None, Ok(text)) => PayloadView::Text(text.to_owned()),
        (None, Err(_)) => PayloadView::Base64(STANDARD.encode(&detail.payload)),
    }
}

fn detail_view(detail: DeliveryDetail, with_payload: bool, breaker: BreakerStatus) -> DeliveryDetailView {
    let payload = with_payload.then(|| payload_view(&detail));
    let summary = &detail.summary;
    let is_held = summary.state == DeliveryState::Ready && summary.kind.rules().breaker && breaker.state.holds();
    DeliveryDetailView {
        held_by: is_held.then(|| BreakerView::of(&summary.tenant, breaker)),
        delivery: delivery_view(detail.summary),
        attempts: detail.attempts.into_iter().map(attempt_view).collect(),
        payload,
    }
}

/// List deliveries, newest first.
#[utoipa::path(get, path = "/v1/deliveries", tag = "deliveries", params(DeliveryQuery),
    responses((status = 200, description = "A page of deliveries.", body = Listing<DeliveryView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Listing<DeliveryView>>, Problem> {
    let page = page(query.after, query.limit)?;
    let filter = DeliveryFilter {
        tenant: query.tenant,
        states: query.state.0,
        kind: query.kind,
        lead: query.lead,
        key: query.key,
        reason: query.reason,
        class: query.class,
        since: query.since,
        until: query.until,
    };
    let page = state.store.deliveries(&filter, page).await?;
    Ok(Json(listing(page, delivery_view)))
}

/// Show a delivery with its attempts.
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Such as `dlv_42`."), DeliveryShowQuery),
    responses((status = 200, description = "The delivery.", body = DeliveryDetailView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
    Query(query): Query<DeliveryShowQuery>,
) -> Result<Json<DeliveryDetailView>, Problem> {
    let detail = find(&state, id).await?;
    let breaker = state.tenants.breakers.status(&detail.summary.tenant);
    Ok(Json(detail_view(detail, query.payload, breaker)))
}

/// The delivery with this id, or the problem that there is none.
pub(super) async fn find(state: &AdminState, id: DeliveryId) -> Result<DeliveryDetail, Problem> {
    let detail = state.store.delivery(id).await?;
    detail.ok_or_else(|| not_found(format!("there is no delivery `{id}`")))
}
