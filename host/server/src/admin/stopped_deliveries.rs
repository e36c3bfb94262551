//! `/v1/deliveries/replay`, `/discard` and `/landed`: what an operator decides about stopped deliveries, which are dead
//! or in review.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};

use super::AdminState;
use super::deliveries::find;
use super::extract::{Json as JsonBody, Path};
use super::guard::AuditTarget;
use super::problems::{ErrorResponses, invalid_field};
use super::selection::select;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{
    DiscardRequest, DiscardView, LandedRequest, LandedView, REPLAY_RATES, ReplayRequest, ReplayView, ReplayedView,
};
use jackfield_clock::after;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{ReplayDeliveries, Replayed};

/// How many deliveries one transaction replays: few enough that requests that are accepted meanwhile hardly wait.
const BATCH: usize = 500;

/// Bytes of a destination's reference, as in the adapter contract.
const MAX_REFERENCE: usize = 256;

fn replayed_view(replayed: &Replayed) -> ReplayedView {
    ReplayedView {
        id: replayed.id.to_string(),
        due: replayed.due,
    }
}

/// Replay dead deliveries or those in review.
///
/// They keep their keys, so that a CRM that knows a key creates no second record. A delivery that may have landed is
/// looked up first, or returns to review if it cannot be looked up, unless `not_landed` is set.
#[utoipa::path(post, path = "/v1/deliveries/replay", tag = "deliveries", request_body = ReplayRequest,
    responses((status = 200, description = "What was replayed.", body = ReplayView), ErrorResponses))]
pub(super) async fn replay(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> Result<(Extension<AuditTarget>, Json<ReplayView>), Problem> {
    let spacing = spacing(request.rate_per_second)?;
    let selection = select(&state.store, request.ids, request.filter).await?;
    let now = state.clock.now();
    let mut replayed = vec![];
    for ids in selection.ids.chunks(BATCH) {
        let replay = ReplayDeliveries {
            ids: ids.to_vec(),
            not_landed: request.not_landed,
            now: after(now, spacing * u32::try_from(replayed.len()).unwrap_or(u32::MAX)),
            spacing,
        };
        replayed.extend(state.store.replay(replay).await?);
        state.wake.notify_one();
    }
    let replayed_ids: HashSet<_> = replayed.iter().map(|replayed| replayed.id).collect();
    let skipped = selection.ids.iter().filter(|id| !replayed_ids.contains(id));
    let view = ReplayView {
        skipped: skipped.map(ToString::to_string).collect(),
        replayed: replayed.iter().map(replayed_view).collect(),
        more: selection.more,
    };
    Ok((Extension(delivery_count(view.replayed.len())), Json(view)))
}

/// The time between two deliveries at a rate.
fn spacing(rate_per_second: Option<f64>) -> Result<Duration, Problem> {
    match rate_per_second {
        None => Ok(Duration::ZERO),
        Some(rate) if REPLAY_RATES.contains(&rate) => Ok(Duration::from_secs_f64(1.0 / rate)),
        Some(_) => Err(invalid_field(
            "/rate_per_second",
            format!("must be {} to {}", REPLAY_RATES.start(), REPLAY_RATES.end()),
        )),
    }
}

/// How many deliveries a request changed, for the audit trail. The deliveries themselves show which they are.
fn delivery_count(deliveries: usize) -> AuditTarget {
    AuditTarget(vec![("deliveries", deliveries.to_string())])
}

/// Discard dead deliveries or those in review.
///
/// They are never sent again. Their documents and attempts are kept.
#[utoipa::path(post, path = "/v1/deliveries/discard", tag = "deliveries", request_body = DiscardRequest,
    responses((status = 200, description = "What was discarded.", body = DiscardView), ErrorResponses))]
pub(super) async fn discard(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<DiscardRequest>,
) -> Result<(Extension<AuditTarget>, Json<DiscardView>), Problem> {
    let selection = select(&state.store, request.ids, request.filter).await?;
    let mut view = DiscardView {
        discarded: vec![],
        skipped: vec![],
        more: selection.more,
    };
    for id in selection.ids {
        if state.store.discard(id, state.clock.now()).await? {
            view.discarded.push(id.to_string());
        } else {
            view.skipped.push(id.to_string());
        }
    }
    Ok((Extension(delivery_count(view.discarded.len())), Json(view)))
}

/// Discard one delivery that is dead or in review.
///
/// It is never sent again. Its document and attempts are kept.
#[utoipa::path(post, path = "/v1/deliveries/{id}/discard", tag = "deliveries",
    params(("id" = String, Path, description = "Such as `dlv_42`.")),
    responses((status = 200, description = "It was discarded.", body = DiscardView), ErrorResponses))]
pub(super) async fn discard_one(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
) -> Result<Json<DiscardView>, Problem> {
    if !state.store.discard(id, state.clock.now()).await? {
        let now = find(&state, id).await?.summary.state;
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("`{id}` is {now}; only a delivery that is dead or in review can be discarded"),
        ));
    }
    Ok(Json(DiscardView {
        discarded: vec![id.to_string()],
        skipped: vec![],
        more: false,
    }))
}

/// Mark a delivery that is dead or in review as landed: the destination holds it, or somebody entered it by hand.
///
/// It is done and never sent again. The lead's flag for manual entry is cleared.
#[utoipa::path(post, path = "/v1/deliveries/{id}/landed", tag = "deliveries", request_body = LandedRequest,
    params(("id" = String, Path, description = "Such as `dlv_42`.")),
    responses((status = 200, description = "It is done.", body = LandedView), ErrorResponses))]
pub(super) async fn landed(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
    JsonBody(request): JsonBody<LandedRequest>,
) -> Result<Json<LandedView>, Problem> {
    let is_valid = |reference: &String| (1..=MAX_REFERENCE).contains(&reference.len());
    if !request.reference.as_ref().is_none_or(is_valid) {
        let detail = format!("must be 1 to {MAX_REFERENCE} bytes, or omitted");
        return Err(invalid_field("/reference", detail));
    }
    if !state.store.settle(id, request.reference, state.clock.now()).await? {
        let summary = find(&state, id).await?.summary;
        let (kind, now) = (summary.kind, summary.state);
        let detail = if kind.rules().may_be_settled {
            format!("`{id}` is {now}; only a delivery that is dead or in review can be marked as landed")
        } else {
            format!("`{id}` is a webhook that was not parsed, so its leads cannot have landed; replay or discard it")
        };
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    Ok(Json(LandedView { id: id.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_is_the_inverse_of_the_rate() {
        assert_eq!(spacing(None).unwrap(), Duration::ZERO);
        assert_eq!(spacing(Some(5.0)).unwrap(), Duration::from_millis(200));
        assert_eq!(spacing(Some(0.5)).unwrap(), Duration::from_secs(2));
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            assert!(spacing(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
