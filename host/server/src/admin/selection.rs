//! The stopped deliveries that a replay or a discard is about, selected by id or by filter.

use super::problems::invalid_field;
use crate::problem::Problem;
use jackfield_api::{MAX_LIMIT, StoppedDeliveryFilter};
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{DeliveryFilter, PageRequest, SharedStore};

/// How many deliveries a request may be about: a few seconds' work, and more than an operator should decide about at
/// once. The answer says whether there are more.
const MAX_SELECTED: usize = 10_000;

/// The store's filter, if the request is about stopped deliveries only.
fn delivery_filter(filter: StoppedDeliveryFilter) -> Result<DeliveryFilter, Problem> {
    let state = filter.state.unwrap_or(DeliveryState::Dead);
    if !state.is_stopped() {
        return Err(invalid_field(
            "/filter/state",
            "must be dead or review: a delivery in another state has not stopped",
        ));
    }
    Ok(DeliveryFilter {
        tenant: filter.tenant,
        states: vec![state],
        kind: filter.kind,
        lead: filter.lead,
        key: None,
        reason: filter.reason,
        class: filter.class,
        since: filter.since,
        until: filter.until,
    })
}

/// The deliveries that a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DeliverySelection {
    /// In order of acceptance.
    pub ids: Vec<DeliveryId>,
    /// Whether the filter matches more deliveries than one request may be about.
    pub more: bool,
}

/// Finds the deliveries that `ids` or `filter` select. Exactly one of them must be given, so that omitting both does
/// not select every delivery.
pub(super) async fn select(
    store: &SharedStore,
    ids: Option<Vec<DeliveryId>>,
    filter: Option<StoppedDeliveryFilter>,
) -> Result<DeliverySelection, Problem> {
    match (ids, filter) {
        (Some(ids), None) => by_ids(ids),
        (None, Some(filter)) => by_filter(store, &delivery_filter(filter)?).await,
        _ => Err(invalid_field(
            "",
            "must have either `ids` or `filter`; an empty filter matches every dead delivery",
        )),
    }
}

fn by_ids(mut ids: Vec<DeliveryId>) -> Result<DeliverySelection, Problem> {
    if ids.len() > MAX_SELECTED {
        return Err(invalid_field("/ids", format!("must be at most {MAX_SELECTED}")));
    }
    sort_oldest_first(&mut ids);
    Ok(DeliverySelection { ids, more: false })
}

async fn by_filter(store: &SharedStore, filter: &DeliveryFilter) -> Result<DeliverySelection, Problem> {
    let mut ids = vec![];
    let mut after = None;
    loop {
        let page = store
            .deliveries(
                filter,
                PageRequest {
                    after,
                    limit: MAX_LIMIT,
                },
            )
            .await?;
        ids.extend(page.items.iter().map(|summary| summary.id));
        after = page.next;
        if after.is_none() || ids.len() >= MAX_SELECTED {
            break;
        }
    }
    let more = after.is_some() || ids.len() > MAX_SELECTED;
    ids.truncate(MAX_SELECTED);
    sort_oldest_first(&mut ids);
    Ok(DeliverySelection { ids, more })
}

/// Sorts by acceptance, oldest first, and removes duplicates. Listings are newest first.
fn sort_oldest_first(ids: &mut Vec<DeliveryId>) {
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use jackfield_domain::call::disposition::{Disposition, digest};
    use jackfield_domain::delivery::failure::AttemptClass;
    use jackfield_domain::delivery::{DeliveryKind, DeliveryVerdict, NextStep, StopReason};
    use jackfield_domain::id::{LeadId, ReleaseNumber, TenantName};
    use jackfield_store::{
        AcceptDisposition, AttemptDetail, ClaimRequest, FinishAttempt, LEASE, RawRequest, TenantShare,
    };
    use jackfield_store_sqlite::SqliteStore;

    #[test]
    fn only_stopped_deliveries_can_be_selected() {
        // Without a state, dead ones are.
        let states = |state| {
            let filter = StoppedDeliveryFilter {
                state,
                ..StoppedDeliveryFilter::default()
            };
            delivery_filter(filter).map(|filter| filter.states)
        };
        assert_eq!(states(None).unwrap(), [DeliveryState::Dead]);
        for state in DeliveryState::ALL {
            assert_eq!(states(Some(state)).is_ok(), state.is_stopped(), "{state}");
        }
    }

    #[test]
    fn ids_are_sorted_and_unique() {
        let selection = by_ids([3, 1, 3, 2].map(DeliveryId).into()).unwrap();
        assert_eq!(selection.ids, [1, 2, 3].map(DeliveryId));
        assert!(by_ids(vec![DeliveryId(1); MAX_SELECTED + 1]).is_err());
    }

    /// A store with `count` dead dispositions.
    async fn store_with_dead(folder: &tempfile::TempDir, count: i64) -> SharedStore {
        let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
        let store: SharedStore = Arc::new(store);
        let now = Timestamp::UNIX_EPOCH;
        let tenant: TenantName = "dwarka-homes".parse().unwrap();
        let accepts = (0..count).map(|n| {
            let lead: LeadId = format!("L-{n}").parse().unwrap();
            let document =
                json!({"call_metadata": {"call_id": format!("C-{n}")}, "qualification": {"outcome": "no_answer"}});
            store.accept_disposition(AcceptDisposition {
                request: RawRequest {
                    tenant: tenant.clone(),
                    received_at: now,
                    headers: "[]".into(),
                    body: document.to_string().into_bytes(),
                },
                payload: None,
                digest: digest(&lead, &document),
                disposition: Disposition::read(lead, &document).unwrap(),
                due: now,
            })
        });
        futures_util::future::try_join_all(accepts).await.unwrap();
        let claim = ClaimRequest {
            owner: "test".into(),
            now,
            lease: LEASE,
            tenants: vec![TenantShare {
                tenant,
                limit: u32::try_from(count).unwrap(),
                kinds: vec![(DeliveryKind::Disposition, u32::MAX)],
                last: vec![],
                release: ReleaseNumber(1),
            }],
        };
        let claimed = store.claim(claim).await.unwrap();
        let ends = claimed.into_iter().map(|claimed| {
            store.finish(FinishAttempt {
                lease: claimed.lease,
                now,
                verdict: DeliveryVerdict {
                    class: AttemptClass::Unavailable,
                    step: NextStep::Dead(StopReason::AttemptsUsedUp),
                    alert: None,
                    history: claimed.history,
                },
                detail: AttemptDetail::default(),
                leads: vec![],
                refused: vec![],
                breaker: None,
            })
        });
        futures_util::future::try_join_all(ends).await.unwrap();
        store
    }

    #[tokio::test]
    async fn filter_selects_from_every_page() {
        let folder = tempfile::tempdir().unwrap();
        let store = store_with_dead(&folder, 250).await;
        let all = select(&store, None, Some(StoppedDeliveryFilter::default()))
            .await
            .unwrap();
        assert_eq!(all.ids, (1..=250).map(DeliveryId).collect::<Vec<_>>());
        assert!(!all.more);
        let reviewed = StoppedDeliveryFilter {
            state: Some(DeliveryState::Review),
            ..StoppedDeliveryFilter::default()
        };
        assert_eq!(select(&store, None, Some(reviewed)).await.unwrap().ids, []);
    }

    #[tokio::test]
    async fn either_ids_or_a_filter_is_required() {
        let folder = tempfile::tempdir().unwrap();
        let store = store_with_dead(&folder, 1).await;
        assert!(select(&store, None, None).await.is_err());
        let both = select(
            &store,
            Some(vec![DeliveryId(1)]),
            Some(StoppedDeliveryFilter::default()),
        )
        .await;
        assert!(both.is_err());
    }
}
