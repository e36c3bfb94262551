//! Operators' actions on stopped deliveries, which are dead or in review.

use std::time::Duration;

use crate::{Accept, DeliveryEdit, DeliveryFilter, LeadCursor, RefusedLead, ReplayDeliveries, Replayed, SharedStore};
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::delivery::{AttemptHistory, DeliveryState};
use jackfield_domain::id::{DeliveryId, LeadId};
use jackfield_domain::lead::Priority;

use super::fixture::{
    accept_call, acme, at, call, claim, claim_one, detail, exhaust_attempts, expect_new, finish, finish_attempt, key,
    lead_id, manual_since, page, raw_webhook, replay, send_to_review,
};

/// By the key, the destination recognizes the delivery.
pub async fn a_replay_keeps_only_the_key(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let late = exhaust_attempts(&*store, Failure::Unavailable(None), at(0)).await;
    let replayed = store.replay(replay(&[id], late)).await;
    assert_eq!(replayed, Ok(vec![Replayed { id, due: late }]));
    let claimed = claim_one(&*store, late).await;
    assert_eq!(
        (claimed.key.as_str(), claimed.history),
        ("C-1", AttemptHistory::default())
    );
    let delivery = detail(&*store, id).await;
    assert_eq!((delivery.summary.generation, delivery.summary.reason), (1, None));
    assert_eq!(delivery.attempts.len(), 6, "the earlier attempts stay");
    finish(&*store, &claimed, Ok("R"), late).await;
    let again = store.accept_disposition(call("C-1", "L-1", late)).await;
    assert!(matches!(again, Ok(Accept::Repeat(_))));
}

/// Also if the last attempt may have been written; unless the operator knows that it was not.
pub async fn a_replay_keeps_the_ambiguity(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let mut now = exhaust_attempts(&*store, Failure::Unknown(None), at(0)).await;
    for (not_landed, ambiguous) in [(false, true), (true, false)] {
        let order = ReplayDeliveries {
            not_landed,
            ..replay(&[id], now)
        };
        store.replay(order).await.unwrap();
        assert_eq!(detail(&*store, id).await.summary.ambiguous, ambiguous);
        now = exhaust_attempts(&*store, Failure::Unavailable(None), now).await;
    }
    assert_eq!(detail(&*store, id).await.summary.generation, 2);
}

/// Spacing spares the destination; a skipped delivery takes no slot.
pub async fn replays_are_spaced(store: SharedStore) {
    let mut stopped = vec![];
    for n in 0..3 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        stopped.push(send_to_review(&*store, at(n)).await);
    }
    store.discard(stopped[1], at(5)).await.unwrap();
    let order = ReplayDeliveries {
        spacing: Duration::from_secs(7),
        ..replay(&stopped, at(10))
    };
    let replayed = store.replay(order).await.unwrap();
    let due: Vec<_> = replayed.iter().map(|replayed| (replayed.id, replayed.due)).collect();
    assert_eq!(due, [(stopped[0], at(10)), (stopped[2], at(17))]);
    assert_eq!(claim_one(&*store, at(16)).await.lease.id, stopped[0]);
    assert_eq!(claim_one(&*store, at(17)).await.lease.id, stopped[2]);
}

/// The engine works on the others.
pub async fn only_stopped_deliveries_are_replayed(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let refused = async || {
        assert_eq!(store.replay(replay(&[id, DeliveryId(99)], at(1))).await, Ok(vec![]));
        assert_eq!(store.discard(id, at(1)).await, Ok(false));
        assert_eq!(store.edit(edit(id, b"{}", None)).await, Ok(false));
    };
    refused().await;
    let claimed = claim_one(&*store, at(0)).await;
    refused().await;
    finish(&*store, &claimed, Ok("R"), at(0)).await;
    refused().await;
    assert_eq!(detail(&*store, id).await.summary.generation, 0);
}

/// The engine ignores it from now on, and nobody has to enter it by hand.
pub async fn a_discarded_delivery_stays_discarded(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let id = send_to_review(&*store, at(0)).await;
    assert_eq!(store.discard(id, at(1)).await, Ok(true));
    assert_eq!(store.discard(id, at(2)).await, Ok(false));
    assert_eq!(detail(&*store, id).await.summary.state, DeliveryState::Discarded);
    assert_eq!(store.replay(replay(&[id], at(3))).await, Ok(vec![]));
    assert_eq!(claim(&*store, 9, at(9)).await, []);
    assert_eq!(manual_since(&*store, "L-1").await, None);
}

/// An operator marks it as done; it is no longer ambiguous.
pub async fn a_settled_delivery_is_done(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let id = send_to_review(&*store, at(0)).await;
    assert_eq!(store.settle(id, Some("R-7".into()), at(1)).await, Ok(true));
    assert_eq!(store.settle(id, None, at(2)).await, Ok(false));
    let summary = detail(&*store, id).await.summary;
    assert_eq!(
        (summary.state, summary.reference.as_deref(), summary.ambiguous),
        (DeliveryState::Done, Some("R-7"), false)
    );
    assert_eq!(store.replay(replay(&[id], at(3))).await, Ok(vec![]));
    assert_eq!(claim(&*store, 9, at(9)).await, []);
    assert_eq!(manual_since(&*store, "L-1").await, None);
    assert_eq!(store.settle(DeliveryId(999), None, at(3)).await, Ok(false));
}

/// The next attempt sends the new payload; repeats are still recognized by the accepted one.
pub async fn an_edit_replaces_the_payload_of_a_review(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    send_to_review(&*store, at(0)).await;
    for payload in [&b"{\"a\":1}"[..], b"{\"a\":2}"] {
        assert_eq!(store.edit(edit(id, payload, None)).await, Ok(true));
        assert_eq!(detail(&*store, id).await.payload, payload);
    }
    store.replay(replay(&[id], at(2))).await.unwrap();
    assert_eq!(claim_one(&*store, at(2)).await.payload, b"{\"a\":2}");
    let again = store.accept_disposition(call("C-1", "L-1", at(3))).await;
    assert!(matches!(again, Ok(Accept::Repeat(_))));
}

/// A lead that its adapter refused is no lead until a person names it; from then on it is pulled like any other.
pub async fn a_refused_lead_is_replayed_once_named(store: SharedStore) {
    let webhook = raw_webhook(&acme(), "key:R", "<leads/>", at(0));
    expect_new(store.accept_lead(webhook).await.unwrap());
    let claimed = claim_one(&*store, at(1)).await;
    let mut finish = finish_attempt(&claimed, Ok(""), at(2));
    finish.refused = vec![RefusedLead {
        key: key("dlv_1/0"),
        document: r#"{"lead":{}}"#.into(),
        rejection: Rejection {
            code: "no-id".into(),
            message: "the lead has no id".into(),
            fields: vec![],
        },
    }];
    store.finish(finish).await.unwrap();
    let in_review = DeliveryFilter {
        states: vec![DeliveryState::Review],
        ..DeliveryFilter::default()
    };
    let id = store.deliveries(&in_review, page(None, 1)).await.unwrap().items[0].id;
    assert_eq!(store.replay(replay(&[id], at(3))).await, Ok(vec![]));
    let document = br#"{"lead":{"id":"L-2"}}"#;
    let lead = (lead_id("L-2"), Priority::High);
    for _ in 0..2 {
        assert_eq!(store.edit(edit(id, document, Some(lead.clone()))).await, Ok(true));
    }
    assert_eq!(detail(&*store, id).await.summary.lead, Some(lead.0));
    let pulled = store
        .leads_after(&acme(), LeadCursor::default(), 9)
        .await
        .unwrap()
        .leads;
    let pulled: Vec<_> = pulled.iter().map(|lead| (lead.lead.as_str(), lead.priority)).collect();
    assert_eq!(pulled, [("L-2", Priority::High)]);
    assert_eq!(store.replay(replay(&[id], at(3))).await.unwrap().len(), 1);
    assert_eq!(claim_one(&*store, at(3)).await.payload, document);
}

fn edit(id: DeliveryId, payload: &[u8], lead: Option<(LeadId, Priority)>) -> DeliveryEdit {
    DeliveryEdit {
        id,
        payload: payload.to_vec(),
        lead,
        do_not_call: false,
        now: at(1),
    }
}
