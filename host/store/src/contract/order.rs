//! The order of claims: one delivery of a lead at a time, in order of acceptance, do-not-calls first.

use crate::{ClaimedDelivery, SharedStore};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::lead::Priority;

use super::fixture::{
    accept_call, accept_dnc, accept_lead, acme, at, claim, claim_of, claim_one, disposition_of, due, expect_new,
    finish, ids, zenith,
};

fn keys(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.key.as_str()).collect()
}

/// They are claimed in order of acceptance.
pub async fn a_lead_has_one_disposition_in_flight(store: SharedStore) {
    for n in 0..3 {
        accept_call(&*store, &format!("C-{n}"), "L-1", at(n)).await;
    }
    accept_call(&*store, "D-1", "L-2", at(3)).await;
    let claimed = claim(&*store, 9, at(9)).await;
    assert_eq!(keys(&claimed), ["C-0", "D-1"]);
    assert_eq!(claim(&*store, 9, at(9)).await, []);
    finish(&*store, &claimed[0], Ok("R"), at(9)).await;
    let next = claim_one(&*store, at(9)).await;
    assert_eq!(next.key.as_str(), "C-1");
}

/// A failed disposition is retried before its successors; a dead one no longer blocks them.
pub async fn a_waiting_disposition_blocks_later_ones(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_call(&*store, "C-2", "L-1", at(1)).await;
    let first = claim_one(&*store, at(1)).await;
    finish(&*store, &first, Err(Failure::Unavailable(None)), at(1)).await;
    assert_eq!(claim(&*store, 9, at(30)).await, []);
    let again = claim_one(&*store, at(31)).await;
    assert_eq!(again.key.as_str(), "C-1");
    finish(&*store, &again, Err(Failure::NotFound), at(31)).await;
    assert_eq!(claim_one(&*store, at(31)).await.key.as_str(), "C-2");
}

/// It goes before every other delivery of its lead that is not in flight, and of its tenant.
pub async fn a_do_not_call_overtakes(store: SharedStore) {
    accept_lead(&*store, "L-9", Priority::High, at(0)).await;
    accept_call(&*store, "C-1", "L-1", at(1)).await;
    let dnc = accept_dnc(&*store, "C-2", "L-1", at(2)).await;
    let claimed = claim(&*store, 1, at(9)).await;
    assert_eq!(ids(&claimed), [dnc]);
    assert_eq!(keys(&claim(&*store, 9, at(9)).await), ["key:L-9"], "C-1 waits for it");
    finish(&*store, &claimed[0], Err(Failure::Unavailable(None)), at(9)).await;
    assert_eq!(
        claim(&*store, 9, at(10)).await,
        [],
        "also while the do-not-call waits for its next attempt"
    );
    let again = claim_one(&*store, at(39)).await;
    finish(&*store, &again, Ok("R"), at(39)).await;
    assert_eq!(claim_one(&*store, at(39)).await.key.as_str(), "C-1");
}

/// Even a do-not-call waits until the leased disposition ends.
pub async fn a_leased_disposition_blocks_do_not_calls(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let first = claim_one(&*store, at(0)).await;
    accept_dnc(&*store, "C-2", "L-1", at(1)).await;
    assert_eq!(claim(&*store, 9, at(1)).await, []);
    finish(&*store, &first, Err(Failure::Unavailable(None)), at(1)).await;
    assert_eq!(claim_one(&*store, at(99)).await.key.as_str(), "C-2");
}

/// The same lead id at another tenant is another lead; a lead's push and its disposition do not wait for each other.
pub async fn order_is_per_tenant_and_kind(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_lead(&*store, "L-1", Priority::Normal, at(1)).await;
    let other = disposition_of(&zenith(), "C-1", "L-1", "no_answer", at(2));
    expect_new(store.accept_disposition(other).await.unwrap());
    let claimed = store.claim(claim_of("w", &[acme(), zenith()], 9, at(9))).await.unwrap();
    assert_eq!(keys(&claimed), ["C-1", "key:L-1", "C-1"]);
}

/// The ranks are do-not-call, high, normal, low; within a rank, the due time decides.
pub async fn claims_follow_rank_then_due_time(store: SharedStore) {
    accept_lead(&*store, "low", Priority::Low, at(0)).await;
    accept_lead(&*store, "normal", Priority::Normal, at(2)).await;
    accept_call(&*store, "call", "L-1", at(1)).await;
    accept_lead(&*store, "late", Priority::High, at(4)).await;
    accept_lead(&*store, "high", Priority::High, at(3)).await;
    accept_dnc(&*store, "dnc", "L-2", at(5)).await;
    let mut order = vec![];
    while let Some(next) = claim(&*store, 1, at(9)).await.pop() {
        order.push(next.key.to_string());
    }
    assert_eq!(order, ["dnc", "key:high", "key:late", "call", "key:normal", "key:low"]);
}

/// Otherwise a host would try to claim them again and again.
pub async fn blocked_deliveries_are_not_due(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_call(&*store, "C-2", "L-1", at(0)).await;
    assert_eq!(due(&*store, 0).await, ["acme disposition"]);
    let first = claim_one(&*store, at(0)).await;
    assert_eq!(due(&*store, 0).await, [""; 0]);
    finish(&*store, &first, Ok("R"), at(0)).await;
    assert_eq!(due(&*store, 0).await, ["acme disposition"]);
}
