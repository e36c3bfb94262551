//! Listings for people and programs.

use std::collections::BTreeMap;

use crate::{DeliveryFilter, LeadCursor, LeadRecord, SharedStore, StatusRefusal, StoreError};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::DeliveryId;
use jackfield_domain::lead::Priority;
use jackfield_domain::lead::SuppressionReason;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::fixture::{
    accept_call, accept_lead, acme, at, claim_one, disposition_of, expect_new, finish, key, lead_id, page,
    send_to_review, webhook, zenith,
};

/// Newest first, each exactly once, with every page size.
pub async fn pages_contain_each_delivery_once(store: SharedStore) {
    for n in 0..7 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
    }
    for limit in [1, 2, 3, 6, 7, 8, 500, u32::MAX] {
        let (mut seen, mut after) = (vec![], None);
        loop {
            let part = store
                .deliveries(&DeliveryFilter::default(), page(after, limit))
                .await
                .unwrap();
            assert!(part.items.len() <= limit as usize);
            seen.extend(part.items.iter().map(|delivery| delivery.accepted_at));
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..7).rev().map(at).collect::<Vec<_>>(), "in pages of {limit}");
    }
    let least = store
        .deliveries(&DeliveryFilter::default(), page(None, 0))
        .await
        .unwrap();
    assert_eq!(least.items.len(), 1, "no page is empty while there are more rows");
}

/// The API answers with 400.
pub async fn a_wrong_cursor_is_an_error(store: SharedStore) {
    let wrong = || page(Some("'; drop table".into()), 9);
    let all = DeliveryFilter::default();
    assert_eq!(store.deliveries(&all, wrong()).await, Err(StoreError::BadCursor));
    assert_eq!(
        store.suppressions(None, None, wrong()).await,
        Err(StoreError::BadCursor)
    );
    assert_eq!(store.alerts(None, false, wrong()).await, Err(StoreError::BadCursor));
    assert_eq!(store.adapters(wrong()).await, Err(StoreError::BadCursor));
    assert_eq!(store.releases(&acme(), wrong()).await, Err(StoreError::BadCursor));
    assert_eq!(store.tenants(wrong()).await, Err(StoreError::BadCursor));
    assert_eq!(store.tokens(wrong()).await, Err(StoreError::BadCursor));
}

/// By each of their properties.
pub async fn deliveries_are_filtered(store: SharedStore) {
    accept_lead(&*store, "L-1", Priority::High, at(0)).await;
    let claimed = claim_one(&*store, at(1)).await;
    finish(&*store, &claimed, Ok("R"), at(1)).await;
    accept_call(&*store, "C-1", "L-1", at(2)).await;
    send_to_review(&*store, at(3)).await;
    accept_call(&*store, "C-2", "L-2", at(4)).await;
    let other = disposition_of(&zenith(), "C-1", "L-1", "no_answer", at(5));
    expect_new(store.accept_disposition(other).await.unwrap());

    let all = DeliveryFilter::default;
    let filters = [
        (all(), vec![4, 3, 2, 1]),
        (
            DeliveryFilter {
                tenant: Some(acme()),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            DeliveryFilter {
                states: vec![DeliveryState::Done],
                ..all()
            },
            vec![1],
        ),
        (
            DeliveryFilter {
                states: vec![DeliveryState::Dead, DeliveryState::Review],
                ..all()
            },
            vec![2],
        ),
        (
            DeliveryFilter {
                states: vec![DeliveryState::Ready, DeliveryState::Done],
                ..all()
            },
            vec![4, 3, 1],
        ),
        (
            DeliveryFilter {
                kind: Some(DeliveryKind::Lead),
                ..all()
            },
            vec![1],
        ),
        (
            DeliveryFilter {
                lead: Some(lead_id("L-1")),
                ..all()
            },
            vec![4, 2, 1],
        ),
        (
            DeliveryFilter {
                key: Some(key("C-1")),
                ..all()
            },
            vec![4, 2],
        ),
        (
            DeliveryFilter {
                reason: Some(StopReason::Rejected),
                ..all()
            },
            vec![2],
        ),
        (
            DeliveryFilter {
                class: Some(AttemptClass::Committed),
                ..all()
            },
            vec![1],
        ),
        (
            DeliveryFilter {
                since: Some(at(3)),
                until: Some(at(5)),
                ..all()
            },
            vec![3, 2],
        ),
        (
            DeliveryFilter {
                tenant: Some(zenith()),
                kind: Some(DeliveryKind::Lead),
                ..all()
            },
            vec![],
        ),
    ];
    for (filter, expected) in filters {
        let found = store.deliveries(&filter, page(None, 9)).await.unwrap();
        let ids: Vec<_> = found.items.iter().map(|delivery| delivery.id.0).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

/// It is not an error.
pub async fn an_unknown_delivery_is_none(store: SharedStore) {
    assert_eq!(store.delivery(DeliveryId(1)).await, Ok(None));
}

fn names(leads: &[LeadRecord]) -> Vec<&str> {
    leads.iter().map(|lead| lead.lead.as_str()).collect()
}

/// An urgent lead that arrived later comes first.
pub async fn pulled_leads_come_most_urgent_first(store: SharedStore) {
    for (second, (id, priority)) in (0..).zip([
        ("a", Priority::Low),
        ("b", Priority::High),
        ("c", Priority::Normal),
        ("d", Priority::High),
    ]) {
        accept_lead(&*store, id, priority, at(second)).await;
    }
    accept_call(&*store, "C-1", "only-a-disposition", at(9)).await;
    let first = store.leads_after(&acme(), LeadCursor::default(), 3).await.unwrap();
    assert_eq!(names(&first.leads), ["b", "d", "c"]);
    accept_lead(&*store, "e", Priority::High, at(10)).await;
    let rest = store.leads_after(&acme(), first.next, 3).await.unwrap();
    assert_eq!(names(&rest.leads), ["e", "a"]);
    let none = store.leads_after(&acme(), rest.next, 3).await.unwrap();
    assert_eq!((none.leads.len(), none.next), (0, rest.next));
    assert_eq!(
        store
            .leads_after(&zenith(), LeadCursor::default(), 3)
            .await
            .unwrap()
            .leads,
        []
    );
}

/// Accepts and pulls alternate at random; in the end every lead was seen with its newest priority.
pub async fn pulling_skips_no_lead(store: SharedStore) {
    // `None` pulls; `Some` accepts one of twelve leads with some priority.
    let step = proptest::option::weighted(0.8, (0..12_u8, 0..3_usize));
    let steps = proptest::collection::vec(step, 200)
        .new_tree(&mut TestRunner::deterministic())
        .unwrap()
        .current();
    let (mut cursor, mut accepted, mut seen) = (LeadCursor::default(), BTreeMap::new(), BTreeMap::new());
    let pull = async |cursor: &mut LeadCursor, seen: &mut BTreeMap<String, Priority>| {
        let pulled = store.leads_after(&acme(), *cursor, 2).await.unwrap();
        *cursor = pulled.next;
        seen.extend(pulled.leads.iter().map(|lead| (lead.lead.to_string(), lead.priority)));
        pulled.leads.len()
    };
    for (second, step) in (0..).zip(steps) {
        if let Some((lead, priority)) = step {
            let (id, priority) = (format!("L-{lead}"), Priority::ALL[priority]);
            let webhook = webhook(&acme(), &format!("key:{second}"), &id, priority, at(second));
            expect_new(store.accept_lead(webhook).await.unwrap());
            accepted.insert(id, priority);
        } else {
            pull(&mut cursor, &mut seen).await;
        }
    }
    while pull(&mut cursor, &mut seen).await > 0 {}
    assert_eq!(seen, accepted);
}

/// The agent pulls it again, with its newest document.
pub async fn an_updated_lead_is_pulled_again(store: SharedStore) {
    let pull = async |after| store.leads_after(&acme(), after, 9).await.unwrap();
    accept_lead(&*store, "L-1", Priority::High, at(0)).await;
    let first = pull(LeadCursor::default()).await;
    let again = webhook(&acme(), "key:again", "L-1", Priority::Low, at(1));
    expect_new(store.accept_lead(again).await.unwrap());
    let second = pull(first.next).await;
    assert_eq!(names(&second.leads), ["L-1"]);
    assert_eq!(
        (second.leads[0].priority, second.leads[0].accepted_at),
        (Priority::Low, Some(at(1)))
    );
    assert_eq!(pull(second.next).await.leads, []);
}

/// These are the numbers for dashboards.
pub async fn depth_and_states_count_every_delivery(store: SharedStore) {
    accept_call(&*store, "C-1", "L-1", at(1)).await;
    send_to_review(&*store, at(1)).await;
    for n in 2..5 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
    }
    let done = claim_one(&*store, at(2)).await;
    finish(&*store, &done, Ok("R"), at(2)).await;
    claim_one(&*store, at(3)).await;
    let depth = store.queue_depth().await.unwrap();
    let rows: Vec<_> = depth.iter().map(|row| (row.state, row.count, row.oldest)).collect();
    assert_eq!(
        rows,
        [
            (DeliveryState::Leased, 1, at(3)),
            (DeliveryState::Ready, 1, at(4)),
            (DeliveryState::Review, 1, at(1))
        ]
    );
    let states = store.states().await.unwrap();
    let counts = DeliveryState::ALL.map(|state| {
        states
            .iter()
            .find(|(found, _)| *found == state)
            .map(|(_, count)| *count)
    });
    assert_eq!(counts, [1, 1, 1, 0, 1, 0].map(Some));
}

/// For all tenants, one tenant, or one lead.
pub async fn suppressions_are_listed_by_lead(store: SharedStore) {
    for (second, (tenant, lead)) in (0..).zip([(acme(), "L-1"), (acme(), "L-2"), (zenith(), "L-1")]) {
        let refusal = StatusRefusal {
            tenant,
            lead: lead_id(lead),
            reason: SuppressionReason::CrmDnc,
            status: "new".into(),
            at: at(second),
        };
        store.record_refusal(refusal).await.unwrap();
    }
    let of = async |tenant: Option<_>, lead: Option<&str>| {
        let lead = lead.map(lead_id);
        let listed = store
            .suppressions(tenant.as_ref(), lead.as_ref(), page(None, 9))
            .await
            .unwrap();
        listed
            .items
            .iter()
            .map(|suppression| suppression.at)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(None, None).await, [at(2), at(1), at(0)]);
    assert_eq!(of(Some(acme()), None).await, [at(1), at(0)]);
    assert_eq!(of(Some(acme()), Some("L-1")).await, [at(0)]);
}
