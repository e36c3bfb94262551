//! Who may go: one delivery of a lead at a time, in order of acceptance, a do-not-call before all.

use crate::{ClaimedDelivery, SharedStore};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::lead::Priority;

use super::fixture::{
    accept_call, accept_dnc, accept_lead, acme, at, claim, claim_of, claim_one, disposition_of, due, finish, ids, new,
    zenith,
};

fn keys(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.key.as_str()).collect()
}

/// In order of acceptance, and never two at once.
pub async fn dispositions_of_one_lead_go_one_by_one(store: SharedStore) {
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

/// A failed one is tried again before its successors; a dead one lets them pass.
pub async fn an_earlier_one_that_waits_holds_back_the_later(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_call(&*store, "C-2", "L-1", at(1)).await;
    let first = claim_one(&*store, at(1)).await;
    finish(&*store, &first, Err(Failure::Unavailable), at(1)).await;
    assert_eq!(claim(&*store, 9, at(30)).await, []);
    let again = claim_one(&*store, at(31)).await;
    assert_eq!(again.key.as_str(), "C-1");
    finish(&*store, &again, Err(Failure::NotFound), at(31)).await;
    assert_eq!(claim_one(&*store, at(31)).await.key.as_str(), "C-2");
}

/// Before everything of its lead that has not begun, and of its tenant.
pub async fn a_do_not_call_overtakes(store: SharedStore) {
    accept_lead(&*store, "L-9", Priority::High, at(0)).await;
    accept_call(&*store, "C-1", "L-1", at(1)).await;
    let dnc = accept_dnc(&*store, "C-2", "L-1", at(2)).await;
    let claimed = claim(&*store, 1, at(9)).await;
    assert_eq!(ids(&claimed), [dnc]);
    assert_eq!(keys(&claim(&*store, 9, at(9)).await), ["key:L-9"], "C-1 waits for it");
    finish(&*store, &claimed[0], Err(Failure::Unavailable), at(9)).await;
    assert_eq!(
        claim(&*store, 9, at(10)).await,
        [],
        "also while it waits for its next attempt"
    );
    let again = claim_one(&*store, at(39)).await;
    finish(&*store, &again, Ok("R"), at(39)).await;
    assert_eq!(claim_one(&*store, at(39)).await.key.as_str(), "C-1");
}

/// Not even a do-not-call.
pub async fn nothing_goes_beside_a_leased_one(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let first = claim_one(&*store, at(0)).await;
    accept_dnc(&*store, "C-2", "L-1", at(1)).await;
    assert_eq!(claim(&*store, 9, at(1)).await, []);
    finish(&*store, &first, Err(Failure::Unavailable), at(1)).await;
    assert_eq!(claim_one(&*store, at(99)).await.key.as_str(), "C-2");
}

/// The same lead id at another tenant is another lead; pushing a lead and writing its disposition do not meet.
pub async fn tenants_and_directions_do_not_wait_for_each_other(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_lead(&*store, "L-1", Priority::Normal, at(1)).await;
    let other = disposition_of(&zenith(), "C-1", "L-1", "no_answer", at(2));
    new(store.accept_disposition(other).await.unwrap());
    let claimed = store.claim(claim_of("w", &[acme(), zenith()], 9, at(9))).await.unwrap();
    assert_eq!(keys(&claimed), ["C-1", "key:L-1", "C-1"]);
}

/// Do-not-call, high, normal, low; then by due time.
pub async fn the_most_urgent_goes_first_then_the_longest_due(store: SharedStore) {
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

/// A host that is told of it would look again and again.
pub async fn what_cannot_go_is_not_due(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    accept_call(&*store, "C-2", "L-1", at(0)).await;
    assert_eq!(due(&*store, 0).await, ["acme disposition"]);
    let first = claim_one(&*store, at(0)).await;
    assert_eq!(due(&*store, 0).await, [""; 0]);
    finish(&*store, &first, Ok("R"), at(0)).await;
    assert_eq!(due(&*store, 0).await, ["acme disposition"]);
}
