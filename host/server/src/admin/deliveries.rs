//! `/v1/deliveries`: what was accepted, where it is, and every attempt. Dead letters and reviews are deliveries, by
//! state.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::extract::{Path, Query};
use super::listing::{Listing, page};
use super::payload::PayloadView;
use super::refusal::{Refusals, not_found};
use crate::problem::Problem;
use jackfield_domain::delivery::{Kind, State as DeliveryState, StopReason};
use jackfield_domain::failure::Class;
use jackfield_domain::id::{DedupKey, DeliveryId, LeadId, TenantName};
use jackfield_store::{Attempt, AttemptDetail, DeliveryDetail, DeliveryFilter, DeliverySummary};

/// A delivery, without its payload.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Such as `dlv_42`.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// What it is.
    pub kind: Kind,
    /// The lead; null for a webhook that is yet to be parsed.
    pub lead: Option<String>,
    /// The key that goes with every attempt and replay.
    pub key: String,
    /// Where it is.
    pub state: DeliveryState,
    /// Why it stopped, for a dead one or one in review.
    pub reason: Option<StopReason>,
    /// How its last attempt ended.
    pub class: Option<Class>,
    /// Counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Whether an attempt may have landed unseen.
    pub ambiguous: bool,
    /// Replays.
    pub generation: u32,
    /// When the next attempt is due, for a ready one.
    pub due: Option<Timestamp>,
    /// The destination's reference, for a done one.
    pub reference: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

impl From<DeliverySummary> for DeliveryView {
    fn from(summary: DeliverySummary) -> Self {
        Self {
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
}

/// One try.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// Counts up with every claim.
    pub number: i64,
    /// Under which release.
    pub release: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; null while it runs, or if its worker was lost.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub class: Option<Class>,
    /// More of it.
    #[serde(flatten)]
    pub detail: AttemptDetail,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.fence.0,
            release: attempt.release.to_string(),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            class: attempt.class,
            detail: attempt.detail,
        }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetailView {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
    /// What is delivered; only when asked for, since it is personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadView>,
}

impl DeliveryDetailView {
    fn of(detail: DeliveryDetail, with_payload: bool) -> Self {
        let payload = with_payload.then(|| PayloadView::of(&detail));
        Self {
            delivery: detail.summary.into(),
            attempts: detail.attempts.into_iter().map(Into::into).collect(),
            payload,
        }
    }
}

/// One or several states, written with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct States(Vec<DeliveryState>);

impl FromStr for States {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let state = |word: &str| DeliveryState::from_word(word.trim()).ok_or_else(|| unknown_state(word));
        text.split(',').map(state).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for States {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

fn unknown_state(word: &str) -> String {
    let known = DeliveryState::ALL.map(DeliveryState::word).join(", ");
    format!("`{word}` is not a state; there are {known}")
}

impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|state| state.word()).collect();
        f.write_str(&words.join(","))
    }
}

/// Which deliveries. What is left out takes all.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantName>,
    /// In one of these states, with commas between them: `dead,review`.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    state: States,
    /// Of this kind.
    kind: Option<Kind>,
    /// Of this lead.
    #[param(value_type = Option<String>)]
    lead: Option<LeadId>,
    /// With this key, such as a call's id.
    #[param(value_type = Option<String>)]
    key: Option<DedupKey>,
    /// Stopped for this reason.
    reason: Option<StopReason>,
    /// Whose last attempt ended so.
    class: Option<Class>,
    /// Changed at this time or later.
    since: Option<Timestamp>,
    /// Changed before this time.
    until: Option<Timestamp>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// List deliveries, newest first.
#[utoipa::path(get, path = "/v1/deliveries", tag = "deliveries", params(DeliveryQuery),
    responses((status = 200, description = "A page of deliveries.", body = Listing<DeliveryView>), Refusals))]
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
    Ok(Json(Listing::of(page, DeliveryView::from)))
}

/// How much of a delivery to show.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowQuery {
    /// With the document itself.
    #[serde(default)]
    payload: bool,
}

/// Show a delivery with its attempts.
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Such as `dlv_42`."), ShowQuery),
    responses((status = 200, description = "The delivery.", body = DeliveryDetailView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(id): Path<DeliveryId>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<DeliveryDetailView>, Problem> {
    let detail = find(&state, id).await?;
    Ok(Json(DeliveryDetailView::of(detail, query.payload)))
}

pub(super) async fn find(state: &AdminState, id: DeliveryId) -> Result<DeliveryDetail, Problem> {
    let detail = state.store.delivery(id).await?;
    detail.ok_or_else(|| not_found(format!("there is no delivery `{id}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_from_a_list() {
        let states: States = "dead,review".parse().unwrap();
        assert_eq!(states, States(vec![DeliveryState::Dead, DeliveryState::Review]));
        assert_eq!(states.to_string(), "dead,review");
        let error = "lost".parse::<States>().unwrap_err();
        assert_eq!(
            error,
            "`lost` is not a state; there are ready, leased, done, dead, review, discarded"
        );
    }
}
