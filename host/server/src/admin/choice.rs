//! Choosing stuck deliveries, by id or by filter, for an order about many of them.

use super::refusal::wrong;
use crate::problem::Problem;
use jackfield_api::StuckFilter;
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{DeliveryFilter, PageRequest, SharedStore};

/// One order is about at most this many deliveries: a few seconds' work, and more than an operator should decide on in
/// one go. The answer says whether there are more.
pub const MAX_CHOSEN: usize = 10_000;

/// The store's filter, if it is about stuck deliveries.
fn delivery_filter(filter: StuckFilter) -> Result<DeliveryFilter, Problem> {
    let state = filter.state.unwrap_or(DeliveryState::Dead);
    if !state.is_stuck() {
        return Err(wrong("/filter/state", "must be dead or review: no other is stuck"));
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

/// The deliveries that an order is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// In order of acceptance.
    pub ids: Vec<DeliveryId>,
    /// Whether the filter takes more than one order is about.
    pub more: bool,
}

/// Finds what `ids` or `filter` mean; exactly one of them is given, so that nothing is chosen by leaving things out.
pub(super) async fn choose(
    store: &SharedStore,
    ids: Option<Vec<DeliveryId>>,
    filter: Option<StuckFilter>,
) -> Result<Chosen, Problem> {
    match (ids, filter) {
        (Some(ids), None) => named(ids),
        (None, Some(filter)) => filtered(store, &delivery_filter(filter)?).await,
        _ => Err(wrong(
            "",
            "must have either `ids` or `filter`; an empty filter takes every dead delivery",
        )),
    }
}

fn named(mut ids: Vec<DeliveryId>) -> Result<Chosen, Problem> {
    if ids.len() > MAX_CHOSEN {
        return Err(wrong("/ids", format!("must be at most {MAX_CHOSEN}")));
    }
    in_order(&mut ids);
    Ok(Chosen { ids, more: false })
}

async fn filtered(store: &SharedStore, filter: &DeliveryFilter) -> Result<Chosen, Problem> {
    let mut ids = vec![];
    let mut after = None;
    loop {
        let page = store.deliveries(filter, PageRequest { after, limit: 200 }).await?;
        ids.extend(page.items.iter().map(|summary| summary.id));
        after = page.next;
        if after.is_none() || ids.len() >= MAX_CHOSEN {
            break;
        }
    }
    let more = after.is_some() || ids.len() > MAX_CHOSEN;
    ids.truncate(MAX_CHOSEN);
    in_order(&mut ids);
    Ok(Chosen { ids, more })
}

/// Listings are newest first; what was accepted first goes first.
fn in_order(ids: &mut Vec<DeliveryId>) {
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

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
    fn only_stuck_deliveries_can_be_chosen_and_dead_ones_by_default() {
        let states = |state| {
            let filter = StuckFilter {
                state,
                ..StuckFilter::default()
            };
            delivery_filter(filter).map(|filter| filter.states)
        };
        assert_eq!(states(None).unwrap(), [DeliveryState::Dead]);
        for state in DeliveryState::ALL {
            assert_eq!(states(Some(state)).is_ok(), state.is_stuck(), "{state}");
        }
    }

    #[test]
    fn named_ones_go_once_each_and_in_order_of_acceptance() {
        let chosen = named([3, 1, 3, 2].map(DeliveryId).into()).unwrap();
        assert_eq!(chosen.ids, [1, 2, 3].map(DeliveryId));
        assert!(named(vec![DeliveryId(1); MAX_CHOSEN + 1]).is_err());
    }

    /// A store with `count` dead dispositions.
    async fn graveyard(folder: &tempfile::TempDir, count: i64) -> SharedStore {
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
                    progress: claimed.progress,
                },
                detail: AttemptDetail::default(),
                leads: vec![],
                breaker: None,
            })
        });
        futures_util::future::try_join_all(ends).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_filter_takes_every_page_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = graveyard(&folder, 250).await;
        let all = choose(&store, None, Some(StuckFilter::default())).await.unwrap();
        assert_eq!(all.ids, (1..=250).map(DeliveryId).collect::<Vec<_>>());
        assert!(!all.more);
        let reviewed = StuckFilter {
            state: Some(DeliveryState::Review),
            ..StuckFilter::default()
        };
        assert_eq!(choose(&store, None, Some(reviewed)).await.unwrap().ids, []);
    }

    #[tokio::test]
    async fn nothing_is_chosen_by_leaving_everything_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = graveyard(&folder, 1).await;
        assert!(choose(&store, None, None).await.is_err());
        let both = choose(&store, Some(vec![DeliveryId(1)]), Some(StuckFilter::default())).await;
        assert!(both.is_err());
    }
}
