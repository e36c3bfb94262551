//! Accepting requests: none is stored twice, and none partially.

use crate::{
    Accept, AcceptedWork, DeliveryEdit, DeliveryFilter, LeadCursor, RefusedDoNotCall, SharedStore, StatusRefusal, Store,
};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState};
use jackfield_domain::id::LeadId;
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Priority;
use jackfield_domain::lead::SuppressionReason;
use jiff::SignedDuration;

use super::fixture::{
    accept_call, accept_lead, acme, at, call, claim, claim_one, detail, disposition_of, dnc, expect_new, key, lead_id,
    page, raw_webhook, send_to_review, webhook, zenith,
};

async fn deliveries(store: &dyn Store) -> usize {
    let all = store.deliveries(&DeliveryFilter::default(), page(None, 500)).await;
    all.unwrap().items.len()
}

/// Everything that was accepted can be read again.
pub async fn a_lead_is_stored_with_its_delivery(store: SharedStore) {
    let webhook = webhook(&acme(), "key:K", "L-1", Priority::High, at(0));
    let body = webhook.request.body.clone();
    let receipt = expect_new(store.accept_lead(webhook).await.unwrap());
    assert_eq!(
        (receipt.lead.clone(), receipt.accepted_at),
        (Some(lead_id("L-1")), at(0))
    );

    let delivery = detail(&*store, receipt.delivery).await;
    assert_eq!(
        (delivery.summary.kind, delivery.summary.state),
        (DeliveryKind::Lead, DeliveryState::Ready)
    );
    assert_eq!(
        (delivery.summary.key, delivery.summary.due),
        (key("key:K"), Some(at(0)))
    );
    assert_eq!((delivery.payload, delivery.attempts), (body.clone(), vec![]));

    let lead = store.lead(&acme(), &lead_id("L-1")).await.unwrap().unwrap();
    assert_eq!(lead.document.unwrap().into_bytes(), body);
    assert_eq!((lead.priority, lead.accepted_at), (Priority::High, Some(at(0))));
    assert_eq!((lead.dnc_since, lead.manual_since), (None, None));
    assert_eq!(store.lead(&zenith(), &lead_id("L-1")).await.unwrap(), None);
}

/// A repeat gets the first receipt, for leads, webhooks and dispositions.
pub async fn the_same_request_gets_the_first_receipt(store: SharedStore) {
    let lead = |second| webhook(&acme(), "key:K", "L-1", Priority::High, at(second));
    let raw = |second| raw_webhook(&acme(), "key:R", "<lead/>", at(second));
    let first = [
        expect_new(store.accept_lead(lead(0)).await.unwrap()),
        expect_new(store.accept_lead(raw(0)).await.unwrap()),
        expect_new(store.accept_disposition(call("C-1", "L-1", at(0))).await.unwrap()),
    ];
    let again = [
        store.accept_lead(lead(9)).await.unwrap(),
        store.accept_lead(raw(9)).await.unwrap(),
        store.accept_disposition(call("C-1", "L-1", at(9))).await.unwrap(),
    ];
    assert_eq!(again, first.map(Accept::Repeat));
    assert_eq!(deliveries(&*store).await, 3);
}

/// A key belongs to one body.
pub async fn key_with_another_body_is_a_conflict(store: SharedStore) {
    // The same key with another body is a conflict and stores nothing.
    accept_lead(&*store, "L-1", Priority::High, at(0)).await;
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    let lead = webhook(&acme(), "key:L-1", "L-2", Priority::High, at(1));
    assert_eq!(store.accept_lead(lead).await, Ok(Accept::Conflict));
    assert_eq!(
        store.accept_disposition(dnc("C-1", "L-1", at(1))).await,
        Ok(Accept::Conflict)
    );
    let other_lead = call("C-1", "L-2", at(1));
    assert_eq!(store.accept_disposition(other_lead).await, Ok(Accept::Conflict));
    assert_eq!(deliveries(&*store).await, 2);
    assert_eq!(store.lead(&acme(), &lead_id("L-2")).await, Ok(None));
    assert_eq!(store.dnc_recorded(&acme(), &lead_id("L-1")).await, Ok(false));
}

/// A webhook may have a message id and a key; each of them identifies a repeat.
pub async fn any_of_several_keys_makes_a_repeat(store: SharedStore) {
    let webhook = |id: &str, named: &str, lead| {
        let mut webhook = webhook(&acme(), id, lead, Priority::Normal, at(0));
        webhook.keys.push(key(named));
        webhook
    };
    let first = expect_new(store.accept_lead(webhook("id:1", "key:A", "L-1")).await.unwrap());
    let repeat = Ok(Accept::Repeat(first));
    assert_eq!(store.accept_lead(webhook("id:1", "key:B", "L-1")).await, repeat);
    assert_eq!(store.accept_lead(webhook("id:2", "key:A", "L-1")).await, repeat);
    assert_eq!(
        store.accept_lead(webhook("id:3", "key:A", "L-2")).await,
        Ok(Accept::Conflict)
    );
    expect_new(store.accept_lead(webhook("id:3", "key:B", "L-2")).await.unwrap());
}

/// The senders of two tenants may use the same keys.
pub async fn tenants_do_not_share_keys(store: SharedStore) {
    for tenant in [acme(), zenith()] {
        let lead = webhook(&tenant, "key:K", "L-1", Priority::High, at(0));
        expect_new(store.accept_lead(lead).await.unwrap());
        let disposition = disposition_of(&tenant, "C-1", "L-1", "no_answer", at(0));
        expect_new(store.accept_disposition(disposition).await.unwrap());
    }
    assert_eq!(deliveries(&*store).await, 4);
}

/// After the window, a request with the key is new, whether or not the key was removed; its delivery gets a new key.
pub async fn keys_expire_after_their_window(store: SharedStore) {
    let lead = |second, id: &str| webhook(&acme(), "key:K", id, Priority::High, at(second));
    let week = 7 * 24 * 3600;
    let first = expect_new(store.accept_lead(lead(0, "L-1")).await.unwrap());
    assert_eq!(
        store.accept_lead(lead(week - 1, "L-1")).await,
        Ok(Accept::Repeat(first.clone()))
    );
    let second = expect_new(store.accept_lead(lead(week, "L-2")).await.unwrap());
    assert_eq!(store.accept_lead(lead(week, "L-1")).await, Ok(Accept::Conflict));
    assert_eq!(
        store.accept_lead(lead(week, "L-2")).await,
        Ok(Accept::Repeat(second.clone()))
    );

    assert_eq!(store.forget_keys(at(2 * week - 1)).await, Ok(0));
    assert_eq!(store.forget_keys(at(2 * week)).await, Ok(1));
    let third = expect_new(store.accept_lead(lead(2 * week, "L-1")).await.unwrap());

    let mut keys = vec![];
    for receipt in [first, second, third] {
        keys.push(detail(&*store, receipt.delivery).await.summary.key);
    }
    assert_eq!(keys[0], key("key:K"));
    keys.dedup();
    assert_eq!(
        keys.len(),
        3,
        "a destination that remembers keys accepts each: {keys:?}"
    );
}

/// There is nothing to push, and the agent can pull the lead.
pub async fn a_lead_to_be_pulled_is_done_at_once(store: SharedStore) {
    let mut webhook = webhook(&acme(), "key:K", "L-1", Priority::High, at(0));
    if let AcceptedWork::Lead { push, .. } = &mut webhook.work {
        *push = false;
    }
    let receipt = expect_new(store.accept_lead(webhook).await.unwrap());
    assert_eq!(
        detail(&*store, receipt.delivery).await.summary.state,
        DeliveryState::Done
    );
    assert_eq!(claim(&*store, 10, at(9)).await, []);
    let pulled = store.leads_after(&acme(), LeadCursor::default(), 10).await.unwrap();
    assert_eq!(pulled.leads.len(), 1);
}

/// The adapter gets the bytes and their content type.
pub async fn an_unparsed_webhook_is_stored_unchanged(store: SharedStore) {
    let receipt = expect_new(
        store
            .accept_lead(raw_webhook(&acme(), "key:R", "\u{0}<lead/>", at(0)))
            .await
            .unwrap(),
    );
    assert_eq!(receipt.lead, None);
    let claimed = claim_one(&*store, at(0)).await;
    assert_eq!(
        (claimed.kind, claimed.content_type.as_str()),
        (DeliveryKind::Inbound, "text/xml")
    );
    assert_eq!((claimed.payload.as_slice(), claimed.lead), (&b"\0<lead/>"[..], None));
    assert_eq!(detail(&*store, receipt.delivery).await.content_type, "text/xml");
}

/// A late replay by the agent is safe.
pub async fn call_ids_never_expire(store: SharedStore) {
    let first = expect_new(store.accept_disposition(call("C-1", "L-1", at(0))).await.unwrap());
    let years = at(0) + SignedDuration::from_hours(24 * 365 * 10);
    store.forget_keys(years).await.unwrap();
    let again = store.accept_disposition(call("C-1", "L-1", years)).await;
    assert_eq!(again, Ok(Accept::Repeat(first)));
}

/// Of many concurrent requests for one call, one is new, and all others get its receipt.
pub async fn concurrent_repeats_are_accepted_once(store: SharedStore) {
    let mut callers = tokio::task::JoinSet::new();
    for second in 0..100 {
        let store = store.clone();
        callers.spawn(async move { store.accept_disposition(call("C-1", "L-1", at(second))).await.unwrap() });
    }
    let (mut first, mut repeats) = (vec![], vec![]);
    for answer in callers.join_all().await {
        match answer {
            Accept::New(receipt) => first.push(receipt),
            Accept::Repeat(receipt) => repeats.push(receipt),
            Accept::Conflict => panic!("all bodies are the same"),
        }
    }
    assert_eq!((first.len(), repeats.len()), (1, 99));
    assert!(repeats.iter().all(|receipt| *receipt == first[0]));
    assert_eq!(deliveries(&*store).await, 1);
}

/// It counts from the acknowledgement on, whether or not the CRM has it.
pub async fn an_accepted_do_not_call_is_recorded(store: SharedStore) {
    let lead = lead_id("L-1");
    assert_eq!(store.dnc_recorded(&acme(), &lead).await, Ok(false));
    accept_call(&*store, "C-1", "L-1", at(0)).await;
    assert_eq!(store.dnc_recorded(&acme(), &lead).await, Ok(false));
    for (call, second) in [("C-2", 1), ("C-3", 2)] {
        store.accept_disposition(dnc(call, "L-1", at(second))).await.unwrap();
        assert_eq!(store.dnc_recorded(&acme(), &lead).await, Ok(true));
    }
    assert_eq!(store.dnc_recorded(&zenith(), &lead).await, Ok(false));
    accept_call(&*store, "C-4", "L-1", at(3)).await;
    let record = store.lead(&acme(), &lead).await.unwrap().unwrap();
    assert_eq!((record.dnc_since, record.document), (Some(at(1)), None));

    let recorded = store
        .suppressions(Some(&acme()), Some(&lead), page(None, 10))
        .await
        .unwrap();
    let [suppression] = &recorded.items[..] else {
        panic!("one: {recorded:?}")
    };
    assert_eq!(
        (suppression.reason, suppression.times),
        (SuppressionReason::DncRequested, 0)
    );
    assert_eq!((suppression.note.as_str(), suppression.at), ("call C-2", at(1)));
}

/// The corrected disposition is new, and closes the alert of the refused one.
pub async fn a_refused_do_not_call_is_recorded(store: SharedStore) {
    let (lead, other) = (lead_id("L-1"), lead_id("L-2"));
    let refused = |lead: &LeadId, second| RefusedDoNotCall {
        tenant: acme(),
        lead: lead.clone(),
        note: "call C-1".into(),
        message: "refused".into(),
        at: at(second),
    };
    for (lead, second) in [(&lead, 1), (&lead, 2), (&other, 3)] {
        store.record_do_not_call(refused(lead, second)).await.unwrap();
        assert_eq!(store.dnc_recorded(&acme(), lead).await, Ok(true));
    }
    assert_eq!(store.dnc_recorded(&zenith(), &lead).await, Ok(false));
    assert_eq!(deliveries(&*store).await, 0);
    let record = store.lead(&acme(), &lead).await.unwrap().unwrap();
    assert_eq!((record.dnc_since, record.document), (Some(at(1)), None));
    let recorded = store
        .suppressions(None, Some(&lead), page(None, 10))
        .await
        .unwrap()
        .items;
    let rows: Vec<_> = recorded
        .iter()
        .map(|s| (s.reason, s.note.as_str(), s.at, s.times))
        .collect();
    assert_eq!(rows, [(SuppressionReason::DncRequested, "call C-1", at(1), 0)]);

    let open = async || {
        let alerts = store.alerts(Some(&acme()), true, page(None, 10)).await.unwrap().items;
        assert!(alerts.iter().all(|alert| alert.kind == AlertKind::DoNotCall));
        alerts.into_iter().filter_map(|alert| alert.lead).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [other.clone(), lead.clone()]);
    expect_new(store.accept_disposition(call("C-0", "L-1", at(4))).await.unwrap());
    assert_eq!(open().await.len(), 2, "that call said nothing of the wish");
    expect_new(store.accept_disposition(dnc("C-1", "L-1", at(5))).await.unwrap());
    assert_eq!(open().await, std::slice::from_ref(&other));

    let alert = store.alerts(Some(&acme()), true, page(None, 1)).await.unwrap().items[0].id;
    assert_eq!(store.acknowledge_alert(alert, at(6)).await, Ok(true));
    for lead in [&lead, &other] {
        store.record_do_not_call(refused(lead, 7)).await.unwrap();
    }
    assert_eq!(open().await, [], "a wish that is recorded raises no alert");
}

/// The edited disposition brings the do-not-call to the CRM.
pub async fn an_edit_with_the_wish_closes_its_alert(store: SharedStore) {
    let id = accept_call(&*store, "C-1", "L-1", at(0)).await;
    send_to_review(&*store, at(0)).await;
    let refused = RefusedDoNotCall {
        tenant: acme(),
        lead: lead_id("L-1"),
        note: "call C-1".into(),
        message: "refused".into(),
        at: at(1),
    };
    store.record_do_not_call(refused).await.unwrap();
    for (do_not_call, open) in [(false, true), (true, false)] {
        let edit = DeliveryEdit {
            id,
            payload: b"{}".into(),
            lead: None,
            do_not_call,
            now: at(2),
        };
        assert_eq!(store.edit(edit).await, Ok(true));
        let alerts = store.alerts(None, true, page(None, 9)).await.unwrap().items;
        let is_open = alerts.iter().any(|alert| alert.kind == AlertKind::DoNotCall);
        assert_eq!(is_open, open);
    }
}

/// What is delivered is the mended document; what is stored of the request is what came.
pub async fn a_mended_document_is_the_payload(store: SharedStore) {
    let mut disposition = call("C-1", "L-1", at(0));
    let document = disposition.request.body.clone();
    disposition.payload = Some(JsonDocument::parse(&document).unwrap());
    disposition.request.body.splice(0..0, *b"\xef\xbb\xbf");
    let receipt = expect_new(store.accept_disposition(disposition).await.unwrap());
    assert_eq!(detail(&*store, receipt.delivery).await.payload, document);

    let mut webhook = webhook(&acme(), "key:K", "L-1", Priority::High, at(0));
    let document = webhook.request.body.clone();
    webhook.request.body.splice(0..0, *b"\xef\xbb\xbf");
    let receipt = expect_new(store.accept_lead(webhook).await.unwrap());
    assert_eq!(detail(&*store, receipt.delivery).await.payload, document);
    let pulled = store.leads_after(&acme(), LeadCursor::default(), 10).await.unwrap();
    assert_eq!(pulled.leads[0].document.as_ref().unwrap().as_bytes(), document);
}

/// A delivery is not claimed before its first attempt is due.
pub async fn a_delivery_waits_for_its_first_attempt(store: SharedStore) {
    let mut disposition = call("C-1", "L-1", at(0));
    disposition.due = at(30);
    let receipt = expect_new(store.accept_disposition(disposition).await.unwrap());
    assert_eq!(detail(&*store, receipt.delivery).await.summary.due, Some(at(30)));
    assert_eq!(claim(&*store, 10, at(29)).await, []);
    claim_one(&*store, at(30)).await;
}

/// There is one row for each lead and reason, with its first and last time and its count.
pub async fn refusals_are_counted(store: SharedStore) {
    let refusal = |reason, status: &str, second| StatusRefusal {
        tenant: acme(),
        lead: lead_id("L-1"),
        reason,
        status: status.into(),
        at: at(second),
    };
    store.accept_disposition(dnc("C-1", "L-1", at(0))).await.unwrap();
    for (reason, status, second) in [
        (SuppressionReason::CrmNotCallable, "sold", 1),
        (SuppressionReason::CrmNotCallable, "lost", 2),
        (SuppressionReason::DncRequested, "new", 3),
    ] {
        store.record_refusal(refusal(reason, status, second)).await.unwrap();
    }
    let recorded = store.suppressions(None, None, page(None, 10)).await.unwrap().items;
    let rows: Vec<_> = recorded
        .iter()
        .map(|s| (s.reason, s.note.as_str(), s.at, s.last_at, s.times))
        .collect();
    assert_eq!(
        rows,
        [
            (SuppressionReason::CrmNotCallable, "lost", at(1), at(2), 2),
            (SuppressionReason::DncRequested, "call C-1", at(0), at(3), 1),
        ]
    );
}
