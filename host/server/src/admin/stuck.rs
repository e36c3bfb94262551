//! `/v1/deliveries/replay`, `/discard` and `/landed`: a person's decision on dead and reviewed deliveries.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};

use super::AdminState;
use super::choice::choose;
use super::deliveries::find;
use super::extract::{Json as JsonBody, Path};
use super::guard::Touched;
use super::refusal::{Refusals, wrong};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{DiscardRequest, DiscardView, LandedRequest, LandedView, ReplayRequest, ReplayView, ReplayedView};
use jackfield_clock::after;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{ReplayDeliveries, Replayed};

/// Deliveries that one transaction puts back: few enough not to hold up what is being accepted meanwhile.
const TRANSACTION: usize = 500;

/// Bytes of a destination's reference, as in the adapter contract.
const MAX_REFERENCE: usize = 256;

fn replayed_view(replayed: &Replayed) -> ReplayedView {
    ReplayedView {
        id: replayed.id.to_string(),
        due: replayed.due,
    }
}

/// Put dead or reviewed deliveries back to work.
///
/// They keep their keys, so that a CRM that knows the key makes no second record. One that may have landed is looked up
/// first, or goes back to review where nobody can tell, unless `not_landed` is set.
#[utoipa::path(post, path = "/v1/deliveries/replay", tag = "deliveries", request_body = ReplayRequest,
    responses((status = 200, description = "What was put back.", body = ReplayView), Refusals))]
pub(super) async fn replay(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> Result<(Extension<Touched>, Json<ReplayView>), Problem> {
    let spacing = spacing(request.rate_per_second)?;
    let chosen = choose(&state.store, request.ids, request.filter).await?;
    let now = state.clock.now();
    let mut replayed = vec![];
    for ids in chosen.ids.chunks(TRANSACTION) {
        let order = ReplayDeliveries {
            ids: ids.to_vec(),
            not_landed: request.not_landed,
            now: after(now, spacing * u32::try_from(replayed.len()).unwrap_or(u32::MAX)),
            spacing,
        };
        replayed.extend(state.store.replay(order).await?);
        state.wake.notify_one();
    }
    let done: HashSet<_> = replayed.iter().map(|replayed| replayed.id).collect();
    let skipped = chosen.ids.iter().filter(|id| !done.contains(id));
    let view = ReplayView {
        skipped: skipped.map(ToString::to_string).collect(),
        replayed: replayed.iter().map(replayed_view).collect(),
        more: chosen.more,
    };
    Ok((Extension(several(view.replayed.len())), Json(view)))
}

/// The time between two deliveries at a rate.
fn spacing(rate_per_second: Option<f64>) -> Result<Duration, Problem> {
    match rate_per_second {
        None => Ok(Duration::ZERO),
        Some(rate) if (0.001..=1000.0).contains(&rate) => Ok(Duration::from_secs_f64(1.0 / rate)),
        Some(_) => Err(wrong("/rate_per_second", "must be 0.001 to 1000")),
    }
}

/// How many deliveries an order reached, for the audit trail; which ones, the deliveries themselves tell.
fn several(deliveries: usize) -> Touched {
    Touched(vec![("deliveries", deliveries.to_string())])
}

/// Give up dead or reviewed deliveries.
///
/// They are never sent again; what is known of them stays.
#[utoipa::path(post, path = "/v1/deliveries/discard", tag = "deliveries", request_body = DiscardRequest,
    responses((status = 200, description = "What was given up.", body = DiscardView), Refusals))]
pub(super) async fn discard(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<DiscardRequest>,
) -> Result<(Extension<Touched>, Json<DiscardView>), Problem> {
    let chosen = choose(&state.store, request.ids, request.filter).await?;
    let mut view = DiscardView {
        discarded: vec![],
        skipped: vec![],
        more: chosen.more,
    };
    for id in chosen.ids {
        if state.store.discard(id, state.clock.now()).await? {
            view.discarded.push(id.to_string());
        } else {
            view.skipped.push(id.to_string());
        }
    }
    Ok((Extension(several(view.discarded.len())), Json(view)))
}

/// Give up one dead or reviewed delivery.
///
/// It is never sent again; what is known of it stays.
#[utoipa::path(post, path = "/v1/deliveries/{id}/discard", tag = "deliveries",
    params(("id" = String, Path, description = "Such as `dlv_42`.")),
    responses((status = 200, description = "It was given up.", body = DiscardView), Refusals))]
pub(super) async fn discard_one(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
) -> Result<Json<DiscardView>, Problem> {
    if !state.store.discard(id, state.clock.now()).await? {
        let now = find(&state, id).await?.summary.state;
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("`{id}` is {now}; only a dead or reviewed delivery can be discarded"),
        ));
    }
    Ok(Json(DiscardView {
        discarded: vec![id.to_string()],
        skipped: vec![],
        more: false,
    }))
}

/// Say that a dead or reviewed delivery landed: the destination holds it, or somebody has entered it there.
///
/// It is done and never sent again; the lead's flag for manual work is taken away.
#[utoipa::path(post, path = "/v1/deliveries/{id}/landed", tag = "deliveries", request_body = LandedRequest,
    params(("id" = String, Path, description = "Such as `dlv_42`.")),
    responses((status = 200, description = "It is done.", body = LandedView), Refusals))]
pub(super) async fn landed(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
    JsonBody(request): JsonBody<LandedRequest>,
) -> Result<Json<LandedView>, Problem> {
    let fits = |reference: &String| (1..=MAX_REFERENCE).contains(&reference.len());
    if !request.reference.as_ref().is_none_or(fits) {
        let detail = format!("must be 1 to {MAX_REFERENCE} bytes, or left out");
        return Err(wrong("/reference", detail));
    }
    if !state.store.settle(id, request.reference, state.clock.now()).await? {
        let summary = find(&state, id).await?.summary;
        let (kind, now) = (summary.kind, summary.state);
        let detail = if kind.rules().may_be_settled {
            format!("`{id}` is {now}; only a dead or reviewed delivery can be marked as landed")
        } else {
            format!("`{id}` is a webhook that was not parsed; its leads cannot have landed. Replay or discard it")
        };
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    Ok(Json(LandedView { id: id.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_becomes_the_time_between_two() {
        assert_eq!(spacing(None).unwrap(), Duration::ZERO);
        assert_eq!(spacing(Some(5.0)).unwrap(), Duration::from_millis(200));
        assert_eq!(spacing(Some(0.5)).unwrap(), Duration::from_secs(2));
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            assert!(spacing(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
