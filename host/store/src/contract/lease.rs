//! Leases: held, released, lost.

use crate::{FinishOutcome, SharedStore};
use jackfield_domain::delivery::failure::{AttemptClass, Failure};
use jackfield_domain::delivery::{DeliveryState, MAX_LOST_LEASES, StopReason};
use jiff::SignedDuration;

use super::fixture::{
    LEASE, accept_call, acme, at, claim, claim_of, claim_one, detail, finish, finish_attempt, key, manual_since,
    rejected,
};

/// Another worker has the delivery; the first worker's report is still recorded.
pub async fn a_lost_lease_changes_only_the_attempt(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let first = claim_one(&*store, at(0)).await;
    let expired = at(0) + SignedDuration::try_from(LEASE).unwrap();
    assert_eq!(store.reap(expired, None).await, Ok(1));
    let before = detail(&*store, id).await;
    assert_eq!(
        store.finish(finish_attempt(&first, Err(rejected()), expired)).await,
        Ok(FinishOutcome::LeaseLost)
    );
    let after = detail(&*store, id).await;
    assert_eq!(after.summary, before.summary);
    assert_eq!(
        (after.attempts[0].class, after.attempts[0].ended_at),
        (Some(AttemptClass::Rejected), Some(expired))
    );

    let second = claim_one(&*store, expired).await;
    assert_eq!(
        store.finish(finish_attempt(&first, Ok("late"), expired)).await,
        Ok(FinishOutcome::LeaseLost)
    );
    assert_eq!(detail(&*store, id).await.summary.state, DeliveryState::Leased);
    finish(&*store, &second, Ok("R"), expired).await;
    assert_eq!(detail(&*store, id).await.summary.reference.as_deref(), Some("R"));
    assert_eq!(store.unannounced_alerts().await, Ok(vec![]));
    assert_eq!(manual_since(&*store, "L-1").await, None);
}

/// A report that is sent twice is stored once.
pub async fn a_finish_counts_once(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let claimed = claim_one(&*store, at(0)).await;
    finish(&*store, &claimed, Err(Failure::Unavailable(None)), at(1)).await;
    let before = detail(&*store, claimed.lease.id).await;
    assert_eq!(
        store.finish(finish_attempt(&claimed, Ok("R"), at(2))).await,
        Ok(FinishOutcome::LeaseLost)
    );
    assert_eq!(detail(&*store, claimed.lease.id).await, before);
}

/// Its request may have been sent.
pub async fn a_reaped_delivery_is_ambiguous(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    claim_one(&*store, at(0)).await;
    assert_eq!(store.reap(at(239), None).await, Ok(0));
    assert_eq!(store.reap(at(240), None).await, Ok(1));
    assert_eq!(store.reap(at(240), None).await, Ok(0));
    let delivery = detail(&*store, id).await;
    assert_eq!(
        (delivery.summary.state, delivery.summary.due),
        (DeliveryState::Ready, Some(at(240)))
    );
    assert!(delivery.summary.ambiguous);
    assert_eq!(
        (delivery.attempts[0].class, delivery.attempts[0].ended_at),
        (Some(AttemptClass::Unknown), None)
    );
    assert!(!delivery.attempts[0].detail.message.is_empty());
    assert_eq!(claim_one(&*store, at(240)).await.history.lost_leases, 1);
}

/// A restarted host does not wait until its own leases expire.
pub async fn a_restarted_host_reaps_its_own_leases(store: SharedStore) {
    for (n, owner) in ["me/1", "other/1"].iter().enumerate() {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(0)).await;
        store.claim(claim_of(owner, &[acme()], 9, at(0))).await.unwrap();
    }
    assert_eq!(store.reap(at(1), Some("me")).await, Ok(1));
    assert_eq!(claim_one(&*store, at(1)).await.key, key("C-0"));
}

/// A host is identified by its complete id.
pub async fn another_host_keeps_its_leases(store: SharedStore) {
    let owners = ["m_/1", "mx/1", "m_x/1", "x/m_/1", "m_", "m_/2", "M_/1"];
    for (n, owner) in owners.iter().enumerate() {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(0)).await;
        store.claim(claim_of(owner, &[acme()], 9, at(0))).await.unwrap();
    }
    for nobody in ["", "%", "m", "_"] {
        assert_eq!(store.reap(at(1), Some(nobody)).await, Ok(0), "{nobody}");
    }
    assert_eq!(store.reap(at(1), Some("m_")).await, Ok(2));
    let claimed = claim(&*store, 9, at(1)).await;
    let keys: Vec<_> = claimed.into_iter().map(|claimed| claimed.key).collect();
    assert_eq!(keys, [key("C-0"), key("C-5")]);
    assert_eq!(
        store.reap(at(240), Some("m_")).await,
        Ok(5),
        "any host reaps expired leases"
    );
}

/// A poison pill does not kill the process forever.
pub async fn lost_leases_end_in_a_dead_letter(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    for n in 0..MAX_LOST_LEASES {
        assert_eq!(claim_one(&*store, at(n.into())).await.history.lost_leases, n);
        assert_eq!(store.reap(at(n.into()), Some("worker")).await, Ok(1));
    }
    let delivery = detail(&*store, id).await.summary;
    assert_eq!(
        (delivery.state, delivery.reason),
        (DeliveryState::Dead, Some(StopReason::WorkersLost))
    );
    assert!(delivery.ambiguous, "a replay has to look it up");
    assert_eq!(store.unannounced_alerts().await.unwrap().len(), 1);
}

/// A claim whose attempt did not start leaves the delivery as if it had not been claimed.
pub async fn a_released_lease_leaves_no_trace(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let first = claim_one(&*store, at(1)).await;
    store.release_leases(&[first.lease]).await.unwrap();
    let delivery = detail(&*store, id).await;
    assert_eq!(
        (delivery.summary.state, delivery.summary.due),
        (DeliveryState::Ready, Some(at(0)))
    );
    assert_eq!((delivery.summary.ambiguous, delivery.attempts), (false, vec![]));
    let second = claim_one(&*store, at(1)).await;
    assert_eq!(second.history, first.history);
    store.release_leases(&[first.lease]).await.unwrap();
    assert_eq!(
        detail(&*store, id).await.summary.state,
        DeliveryState::Leased,
        "the first lease is gone"
    );
    assert_eq!(
        store.finish(finish_attempt(&first, Ok("R"), at(1))).await,
        Ok(FinishOutcome::LeaseLost)
    );
}
