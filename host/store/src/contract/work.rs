//! Claiming deliveries and ending attempts: one worker at a time, and its report is stored completely or not at all.

use crate::{AttemptDetail, DeliveryFilter, FinishOutcome, NewLead, RefusedLead, SharedStore};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::failure::{AttemptClass, Failure, Rejection};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::ReleaseNumber;
use jackfield_domain::lead::Priority;
use jiff::SignedDuration;

use super::fixture::{
    accept_call, accept_lead, acme, at, claim, claim_of, claim_one, detail, disposition_of, due, exhaust_attempts,
    expect_new, finish, finish_attempt, ids, key, lead, lead_id, manual_since, page, raw_webhook, replay,
    send_to_review, zenith,
};

/// Both are durable before the first byte is sent.
pub async fn a_claim_is_a_lease_and_an_attempt(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    let claimed = claim_one(&*store, at(5)).await;
    assert_eq!(
        (claimed.lease.id, claimed.kind, claimed.key.as_str()),
        (id, DeliveryKind::Disposition, "C-1")
    );
    assert_eq!((claimed.tenant, claimed.lead), (acme(), Some(lead_id("L-1"))));
    assert_eq!((claimed.accepted_at, claimed.content_type.as_str()), (at(0), ""));

    let delivery = detail(&*store, id).await;
    assert_eq!(claimed.payload, delivery.payload);
    assert_eq!(
        (delivery.summary.state, delivery.summary.changed_at),
        (DeliveryState::Leased, at(5))
    );
    let [attempt] = &delivery.attempts[..] else {
        panic!("one: {delivery:?}")
    };
    assert_eq!(
        (attempt.fence, attempt.release),
        (claimed.lease.fence, ReleaseNumber(7))
    );
    assert_eq!(
        (attempt.started_at, attempt.ended_at, attempt.class),
        (at(5), None, None)
    );
}

/// Only due deliveries are claimed, and no tenant gets more than its share.
pub async fn claims_respect_due_times_and_shares(store: SharedStore) {
    for n in 0..5 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        let other = disposition_of(&zenith(), &format!("C-{n}"), &format!("L-{n}"), "no_answer", at(n));
        expect_new(store.accept_disposition(other).await.unwrap());
    }
    assert_eq!(claim(&*store, 10, at(2)).await.len(), 3);
    let claimed = store.claim(claim_of("w", &[acme(), zenith()], 2, at(9))).await.unwrap();
    let of = |tenant| claimed.iter().filter(|claimed| claimed.tenant == tenant).count();
    assert_eq!((of(acme()), of(zenith())), (2, 2));
    assert_eq!(store.claim(claim_of("w", &[], 9, at(9))).await, Ok(vec![]));
    assert_eq!(claim(&*store, 0, at(9)).await, []);
}

/// Concurrent claims divide the deliveries.
pub async fn nothing_is_claimed_twice(store: SharedStore) {
    for n in 0..60 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(0)).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..10 {
        let store = store.clone();
        let claim = claim_of(&format!("w{n}"), &[acme()], 9, at(1));
        workers.spawn(async move { store.claim(claim).await.unwrap() });
    }
    let mut claimed: Vec<_> = workers
        .join_all()
        .await
        .iter()
        .flat_map(|claimed| ids(claimed))
        .collect();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 60);
}

/// The record contains the destination's reference.
pub async fn success_is_recorded(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let claimed = claim_one(&*store, at(0)).await;
    finish(&*store, &claimed, Ok("CRM-77"), at(1)).await;
    let delivery = detail(&*store, claimed.lease.id).await;
    assert_eq!(
        (delivery.summary.state, delivery.summary.reference.as_deref()),
        (DeliveryState::Done, Some("CRM-77"))
    );
    assert_eq!(
        (delivery.summary.class, delivery.summary.due),
        (Some(AttemptClass::Committed), None)
    );
    assert_eq!(delivery.attempts[0].ended_at, Some(at(1)));
    assert_eq!(delivery.attempts[0].detail.message, "seen");
    assert_eq!(claim(&*store, 9, at(1_000_000)).await, []);
}

/// The next attempt starts with the history of the last one.
pub async fn a_retry_waits_and_keeps_its_history(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let first = claim_one(&*store, at(0)).await;
    finish(&*store, &first, Err(Failure::Unknown(None)), at(1)).await;
    assert_eq!(claim(&*store, 9, at(30)).await, []);
    let second = claim_one(&*store, at(31)).await;
    assert!(second.lease.fence > first.lease.fence);
    assert_eq!((second.history.counted, second.history.ambiguous), (1, true));
    finish(
        &*store,
        &second,
        Err(Failure::RateLimited { retry_after: None }),
        at(32),
    )
    .await;
    let third = claim_one(&*store, at(33)).await;
    assert_eq!((third.history.counted, third.history.throttles), (1, 1));
    assert_eq!(third.history.throttled_since, Some(at(32)));
    assert_eq!(detail(&*store, third.lease.id).await.attempts.len(), 3);
}

/// All three are written in one transaction.
pub async fn a_dead_letter_raises_an_alert_and_a_flag(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    exhaust_attempts(&*store, Failure::Unavailable(None), at(0)).await;
    let died = at(4 * 3600);
    let delivery = detail(&*store, id).await;
    assert_eq!(delivery.summary.state, DeliveryState::Dead);
    assert_eq!(delivery.summary.reason, Some(StopReason::AttemptsUsedUp));
    assert_eq!((delivery.summary.counted, delivery.attempts.len()), (5, 5));
    let alerts = store.unannounced_alerts().await.unwrap();
    let [alert] = &alerts[..] else {
        panic!("one: {alerts:?}")
    };
    assert_eq!(
        (alert.kind, alert.delivery, alert.lead.clone()),
        (AlertKind::DeadLetter, Some(id), Some(lead_id("L-1")))
    );
    assert_eq!((alert.tenant.clone(), alert.at), (acme(), died));
    assert_eq!(
        alert.message,
        "disposition dlv_1 is dead: attempts-used-up, last attempt unavailable; repair the destination, then replay it"
    );
    assert_eq!(manual_since(&*store, "L-1").await, Some(died));
}

/// Nobody enters a lead by hand that cannot be pushed.
pub async fn only_dispositions_in_review_set_the_flag(store: SharedStore) {
    accept_lead(&*store, "L-1", Priority::High, at(0)).await;
    send_to_review(&*store, at(0)).await;
    assert_eq!(manual_since(&*store, "L-1").await, None);
    accept_call(&*store, "C-1", "L-1", at(1)).await;
    let id = send_to_review(&*store, at(2)).await;
    assert_eq!(manual_since(&*store, "L-1").await, Some(at(2)));
    let alerts = store.alerts(Some(&acme()), true, page(None, 9)).await.unwrap().items;
    assert_eq!(
        (alerts.len(), alerts[0].kind, alerts[0].delivery),
        (2, AlertKind::Review, Some(id))
    );
}

/// The flag stays as long as a delivery has to be entered by hand.
pub async fn the_last_stopped_delivery_clears_the_flag(store: SharedStore) {
    let mut stopped = vec![];
    for n in 0..2 {
        accept_call(&*store, &format!("C-{n}"), "L-1", at(n)).await;
        stopped.push(send_to_review(&*store, at(n)).await);
    }
    for (n, id) in (10..).zip(stopped) {
        assert_eq!(manual_since(&*store, "L-1").await, Some(at(0)));
        store.replay(replay(&[id], at(n))).await.unwrap();
        assert_eq!(
            manual_since(&*store, "L-1").await,
            Some(at(0)),
            "it may still have to be entered"
        );
        let claimed = claim_one(&*store, at(n)).await;
        finish(&*store, &claimed, Ok("R"), at(n)).await;
    }
    assert_eq!(manual_since(&*store, "L-1").await, None);
}

/// Every delivery of the tenant meets the refusal; one alert is enough until somebody acknowledges it.
pub async fn refused_credentials_alert_once_an_hour(store: SharedStore) {
    let refuse = async |n: i64| {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        let claimed = claim_one(&*store, at(n)).await;
        finish(&*store, &claimed, Err(Failure::Unauthorized(None)), at(n)).await;
        let done = claim(&*store, 9, at(n) + SignedDuration::from_secs(30)).await;
        for again in done {
            finish(&*store, &again, Ok("R"), at(n)).await;
        }
        store.unannounced_alerts().await.unwrap().len()
    };
    assert_eq!(refuse(0).await, 1);
    assert_eq!(refuse(3000).await, 1);
    assert_eq!(refuse(3600).await, 2);
    let seen = store.unannounced_alerts().await.unwrap();
    assert_eq!(seen[1].kind, AlertKind::Unauthorized);
    assert_eq!(store.acknowledge_alert(seen[1].id, at(3700)).await, Ok(true));
    assert_eq!(refuse(3800).await, 3);
}

/// The leads, their deliveries and the end of the webhook are one transaction, and repeated keys are dropped.
pub async fn a_parsed_webhook_becomes_leads(store: SharedStore) {
    let webhook = raw_webhook(&acme(), "key:R", "<leads/>", at(0));
    expect_new(store.accept_lead(webhook).await.unwrap());
    let claimed = claim_one(&*store, at(1)).await;
    let new_lead = |id: &str, priority, push| NewLead {
        lead: lead(id, priority),
        key: key(&format!("key:R.{id}")),
        push,
    };
    let mut finish = finish_attempt(&claimed, Ok(""), at(2));
    finish.leads = vec![
        new_lead("L-1", Priority::Low, true),
        new_lead("L-2", Priority::High, true),
        new_lead("L-2", Priority::High, true),
        new_lead("L-3", Priority::High, false),
    ];
    assert_eq!(store.finish(finish).await, Ok(FinishOutcome::Stored { leads: 2 }));
    let pushed = claim(&*store, 9, at(2)).await;
    let leads: Vec<_> = pushed
        .iter()
        .map(|claimed| (claimed.kind, claimed.lead.clone()))
        .collect();
    assert_eq!(
        leads,
        [
            (DeliveryKind::Lead, Some(lead_id("L-2"))),
            (DeliveryKind::Lead, Some(lead_id("L-1")))
        ]
    );
    assert_eq!(
        pushed[0].payload,
        lead("L-2", Priority::High).document.to_string().into_bytes()
    );
    assert_eq!((pushed[0].accepted_at, pushed[0].key.as_str()), (at(0), "key:R.L-2"));
    let record = store.lead(&acme(), &lead_id("L-3")).await.unwrap().unwrap();
    assert_eq!(record.document, Some(lead("L-3", Priority::High).document.to_string()));
}

/// A lead that the adapter refused is in review with its rejection, and the others are delivered. Parsing again changes
/// nothing.
pub async fn a_refused_lead_is_in_review(store: SharedStore) {
    let webhook = raw_webhook(&acme(), "key:R", "<leads/>", at(0));
    expect_new(store.accept_lead(webhook).await.unwrap());
    let claimed = claim_one(&*store, at(1)).await;
    let rejection = Rejection {
        code: "no-phone".into(),
        message: "the second lead has no phone".into(),
        fields: vec![],
    };
    let mut finish = finish_attempt(&claimed, Ok(""), at(2));
    finish.leads = vec![NewLead {
        lead: lead("L-1", Priority::Low),
        key: key("dlv_1/0"),
        push: true,
    }];
    finish.refused = (1..3)
        .map(|_| RefusedLead {
            key: key("dlv_1/1"),
            document: r#"{"event":"lead.created","lead":{}}"#.into(),
            rejection: rejection.clone(),
        })
        .collect();
    assert_eq!(store.finish(finish).await, Ok(FinishOutcome::Stored { leads: 1 }));
    let filter = DeliveryFilter {
        states: vec![DeliveryState::Review],
        ..DeliveryFilter::default()
    };
    let stopped = store.deliveries(&filter, page(None, 10)).await.unwrap().items;
    assert_eq!(stopped.len(), 1, "a lead is refused once");
    let refused = detail(&*store, stopped[0].id).await;
    assert_eq!(
        (refused.summary.kind, refused.summary.lead, refused.summary.reason),
        (DeliveryKind::Lead, None, Some(StopReason::Rejected))
    );
    assert_eq!(refused.attempts.len(), 1);
    assert_eq!(refused.attempts[0].detail.rejection, Some(rejection));
    assert_eq!(refused.payload, br#"{"event":"lead.created","lead":{}}"#);
    let alerts = store.alerts(None, false, page(None, 10)).await.unwrap().items;
    assert_eq!(alerts.len(), 1);
    assert_eq!(claim(&*store, 9, at(2)).await.len(), 1);
}

/// A host sleeps until there is due work.
pub async fn due_work_is_listed(store: SharedStore) {
    assert_eq!(store.next_due(at(0)).await, Ok(None));
    assert_eq!(due(&*store, 0).await, [""; 0]);
    accept_lead(&*store, "L-1", Priority::Low, at(50)).await;
    let other = disposition_of(&zenith(), "C-1", "L-1", "no_answer", at(40));
    expect_new(store.accept_disposition(other).await.unwrap());
    assert_eq!(store.next_due(at(0)).await, Ok(Some(at(40))));
    assert_eq!(store.next_due(at(40)).await, Ok(Some(at(50))));
    assert_eq!(store.next_due(at(50)).await, Ok(None));
    assert_eq!(due(&*store, 39).await, [""; 0]);
    assert_eq!(due(&*store, 40).await, ["zenith disposition"]);
    assert_eq!(due(&*store, 50).await, ["acme lead", "zenith disposition"]);
    claim_one(&*store, at(60)).await;
    assert_eq!(due(&*store, 60).await, ["zenith disposition"]);
    assert_eq!(store.next_due(at(60)).await, Ok(Some(at(60 + 240))), "the lease's end");
}

/// The count is for daily limits. Released attempts do not count.
pub async fn attempts_are_counted_by_time(store: SharedStore) {
    for n in 0..4 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        let claimed = claim_one(&*store, at(n)).await;
        if n == 3 {
            store.release_leases(&[claimed.lease]).await.unwrap();
        } else {
            let mut finish = finish_attempt(&claimed, Ok("R"), at(n));
            finish.detail = AttemptDetail::default();
            store.finish(finish).await.unwrap();
        }
    }
    assert_eq!(store.attempts_since(&acme(), at(0)).await, Ok(3));
    assert_eq!(store.attempts_since(&acme(), at(2)).await, Ok(1));
    assert_eq!(store.attempts_since(&zenith(), at(0)).await, Ok(0));
}
