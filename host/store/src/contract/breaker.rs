//! A store's part in breakers: the recorded opening, the operator's override, the expiry of held deliveries, and claims
//! without the kinds that the breaker holds back.

use crate::{BreakerRecord, ClaimedDelivery, ExpireHeld, FinishAttempt, SharedStore, Store};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::breaker::{BreakerChange, BreakerOverride, BreakerState};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::DeliveryId;
use jackfield_domain::lead::Priority;

use super::fixture::{
    accept_call, accept_dnc, accept_lead, acme, at, claim, claim_of, claim_one, detail, disposition_of, expect_new,
    finish, finish_attempt, ids, manual_since, zenith,
};

async fn kinds(store: &dyn Store) -> Vec<AlertKind> {
    let alerts = store.unannounced_alerts().await.unwrap();
    alerts.iter().map(|alert| alert.kind).collect()
}

fn record(forced: Option<BreakerOverride>, open_since: Option<i64>) -> Vec<BreakerRecord> {
    vec![BreakerRecord {
        tenant: acme(),
        forced,
        open_since: open_since.map(at),
    }]
}

/// This includes the report of a worker that lost its lease: what it observed about the CRM is still true.
pub async fn an_opening_is_recorded_until_it_closes(store: SharedStore) {
    use BreakerState::{Closed, HalfOpen, Open, Ramping};
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    assert_eq!(store.breakers().await, Ok(vec![]));
    let claimed = claim_one(&*store, at(1)).await;
    let lost = FinishAttempt {
        breaker: Some(BreakerChange { from: Closed, to: Open }),
        ..finish_attempt(&claimed, Err(Failure::Unavailable(None)), at(1))
    };
    store.reap(at(1000), None).await.unwrap();
    store.finish(lost).await.unwrap();
    assert_eq!(store.breakers().await, Ok(record(None, Some(1))));
    assert_eq!(kinds(&*store).await, [AlertKind::BreakerOpen]);
    let message = store.unannounced_alerts().await.unwrap().remove(0).message;
    assert!(
        message.contains("unavailable") && message.contains("breaker show acme"),
        "{message}"
    );

    let steps = [
        (HalfOpen, Open),
        (HalfOpen, Ramping),
        (Ramping, Open),
        (Closed, Open),
        (Ramping, Closed),
    ];
    for (from, to) in steps {
        let last = to == Closed;
        let claimed = claim_one(&*store, at(1000)).await;
        let finish = FinishAttempt {
            breaker: Some(BreakerChange { from, to }),
            ..finish_attempt(&claimed, Err(Failure::RateLimited { retry_after: None }), at(1000))
        };
        store.finish(finish).await.unwrap();
        assert_eq!(
            store.breakers().await,
            Ok(record(None, (!last).then_some(1))),
            "{from} to {to}"
        );
        assert_eq!(
            kinds(&*store).await.len(),
            1,
            "another host's opening is the same outage"
        );
        let again = store.next_due(at(1000)).await.unwrap().unwrap();
        store.reap(again, None).await.unwrap();
        // The rate-limited delivery is not due, so the next step needs a new one.
        accept_call(&*store, &format!("C-{from}-{to}"), &format!("L-{from}-{to}"), at(1000)).await;
    }
    let claimed = claim_one(&*store, at(1000)).await;
    let again = FinishAttempt {
        breaker: Some(BreakerChange { from: Closed, to: Open }),
        ..finish_attempt(&claimed, Err(Failure::Unknown(None)), at(1000))
    };
    store.finish(again).await.unwrap();
    assert_eq!(kinds(&*store).await, [AlertKind::BreakerOpen; 2]);
}

/// `open_since` is the time of the first override to open, until deliveries flow again.
pub async fn an_override_is_stored(store: SharedStore) {
    let steps = [
        (
            Some(BreakerOverride::Open),
            5,
            record(Some(BreakerOverride::Open), Some(5)),
        ),
        (
            Some(BreakerOverride::Open),
            6,
            record(Some(BreakerOverride::Open), Some(5)),
        ),
        (None, 7, record(None, Some(5))),
        (
            Some(BreakerOverride::Closed),
            8,
            record(Some(BreakerOverride::Closed), None),
        ),
        (
            Some(BreakerOverride::Open),
            9,
            record(Some(BreakerOverride::Open), Some(9)),
        ),
        (
            Some(BreakerOverride::Closed),
            10,
            record(Some(BreakerOverride::Closed), None),
        ),
        (None, 11, record(None, None)),
    ];
    for (forced, second, expected) in steps {
        store.force_breaker(&acme(), forced, at(second)).await.unwrap();
        assert_eq!(store.breakers().await, Ok(expected), "{forced:?} at {second}");
    }
    assert_eq!(kinds(&*store).await, [], "an override raises no alert");
}

fn expiry(due_by: i64, limit: u32) -> ExpireHeld {
    ExpireHeld {
        tenant: acme(),
        due_by: at(due_by),
        now: at(1000),
        limit,
    }
}

async fn state(store: &dyn Store, id: DeliveryId) -> DeliveryState {
    detail(store, id).await.summary.state
}

/// Only the tenant's dispositions expire that were due and not in flight.
pub async fn expired_dispositions_become_dead_letters(store: SharedStore) {
    let leased = accept_call(&*store, "C-0", "L-0", at(0)).await;
    claim_one(&*store, at(0)).await;
    let held = accept_call(&*store, "C-1", "L-1", at(1)).await;
    let behind = accept_call(&*store, "C-2", "L-1", at(2)).await;
    let young = accept_call(&*store, "C-3", "L-3", at(50)).await;
    let lead = accept_lead(&*store, "L-1", Priority::High, at(0)).await;
    let other = disposition_of(&zenith(), "C-1", "L-1", "no_answer", at(0));
    let other = expect_new(store.accept_disposition(other).await.unwrap()).delivery;

    assert_eq!(store.expire_held(expiry(0, 9)).await, Ok(0));
    assert_eq!(store.expire_held(expiry(49, 9)).await, Ok(2));
    assert_eq!(store.expire_held(expiry(49, 9)).await, Ok(0));
    for id in [held, behind] {
        let found = detail(&*store, id).await;
        assert_eq!(
            (found.summary.state, found.summary.reason, found.attempts.len()),
            (DeliveryState::Dead, Some(StopReason::HeldTooLong), 0)
        );
    }
    for (id, expected) in [
        (leased, DeliveryState::Leased),
        (young, DeliveryState::Ready),
        (lead, DeliveryState::Ready),
        (other, DeliveryState::Ready),
    ] {
        assert_eq!(state(&*store, id).await, expected, "{id}");
    }
    assert_eq!(kinds(&*store).await, [AlertKind::DeadLetter; 2]);
    let message = store.unannounced_alerts().await.unwrap().remove(0).message;
    assert!(
        message.contains("held-too-long") && message.contains("max_hold"),
        "{message}"
    );
    assert_eq!(manual_since(&*store, "L-1").await, Some(at(1000)));
}

/// They expire in batches, in the order in which they would have been sent: do-not-calls first, then the oldest.
pub async fn held_dispositions_expire_in_order(store: SharedStore) {
    let mut expected = vec![];
    for n in 0..6 {
        expected.push(accept_call(&*store, &format!("C-{n}"), "L-1", at(n)).await);
    }
    expected.insert(0, accept_dnc(&*store, "C-9", "L-1", at(9)).await);
    let mut expired = vec![];
    loop {
        match store.expire_held(expiry(9, 3)).await.unwrap() {
            0 => break,
            n => expired.push(n),
        }
    }
    assert_eq!(expired, [3, 3, 1]);
    let alerts = store.unannounced_alerts().await.unwrap();
    let order: Vec<_> = alerts.iter().filter_map(|alert| alert.delivery).collect();
    assert_eq!(order, expected);
}

fn keys(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.key.as_str()).collect()
}

/// Deliveries to the agent continue while the CRM's breaker is open.
pub async fn a_claim_is_limited_to_its_kinds(store: SharedStore) {
    for n in 0..4 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
    }
    accept_dnc(&*store, "D", "L-9", at(4)).await;
    accept_lead(&*store, "L-1", Priority::Normal, at(5)).await;
    let limited = async |kinds: &[(DeliveryKind, u32)], limit| {
        let mut claim = claim_of("worker", &[acme()], limit, at(9));
        claim.tenants[0].kinds = kinds.to_vec();
        store.claim(claim).await.unwrap()
    };
    assert_eq!(limited(&[], 9).await, []);
    assert_eq!(
        limited(&[(DeliveryKind::Disposition, 0), (DeliveryKind::Inbound, 9)], 9).await,
        []
    );
    let claimed = limited(&[(DeliveryKind::Disposition, 2), (DeliveryKind::Lead, 9)], 9).await;
    assert_eq!(keys(&claimed), ["D", "C-0", "key:L-1"]);
    assert!(
        claimed
            .iter()
            .all(|claimed| claimed.due >= at(0) && claimed.due <= at(5))
    );
    assert_eq!(keys(&limited(&[(DeliveryKind::Disposition, 9)], 1).await), ["C-1"]);
}

/// One delivery that the CRM cannot accept does not block all others.
pub async fn last_deliveries_are_claimed_last(store: SharedStore) {
    let dnc = accept_dnc(&*store, "D", "L-9", at(0)).await;
    let call = accept_call(&*store, "C-1", "L-1", at(1)).await;
    let claim_with_last = async |last: &[DeliveryId]| {
        let mut claim = claim_of("worker", &[acme()], 1, at(9));
        claim.tenants[0].last = last.to_vec();
        store.claim(claim).await.unwrap()
    };
    let first = claim_with_last(&[dnc]).await;
    assert_eq!(ids(&first), [call]);
    finish(&*store, &first[0], Ok("R"), at(9)).await;
    assert_eq!(ids(&claim_with_last(&[dnc, call]).await), [dnc]);
    assert_eq!(claim(&*store, 9, at(9)).await, []);
}
