//! Ten thousand writes whose outcome nobody told the host: stored or not, then a 500, a reset or silence (promise 3).
//!
//! Every delivery's first attempt ends in the dark, and four of ten requests after it. Where the CRM knows a key again
//! or can be searched, each disposition is there exactly once in the end; where it is neither, nothing is ever sent
//! twice, and a person's word ends it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use http::Method;
use jackfield_clock::Clock as _;
use jackfield_domain::delivery::{State, StopReason};
use jackfield_domain::id::DeliveryId;
use jackfield_store::{DeliveryFilter, DeliverySummary, PageRequest, ReplayOrder};
use jackfield_tests::components::component;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{
    Behaviour, FakeServer, FakeService, GroundworkLead, KeystoneLead, Ledger, LedgerConfig, Mode,
};
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use serde_json::json;

/// Deliveries of each test; there are four.
const DELIVERIES: usize = 2500;
/// Attempts that a delivery has: with six of ten requests going well, hardly one needs them all.
const ATTEMPTS: usize = 20;
/// Enough time after an attempt for the next to be due.
const NEXT_ATTEMPT: Duration = Duration::from_mins(70);

/// The delivery policy: the whole engine for this tenant, and an hour between attempts.
fn patient() -> String {
    let waits = vec!["\"1h\""; ATTEMPTS - 1].join(", ");
    format!("[delivery]\nconcurrency = 32\nretry = [\"0s\", {waits}]")
}

async fn accept(test: &TestNode, tenant: &str) {
    // The breaker would spare the CRM most of the faults that this is about.
    let (path, word) = (format!("/v1/tenants/{tenant}/breaker"), json!({ "force": "closed" }));
    let operator = Operator::create(test).await;
    let _ = operator.ask(test, Method::POST, &path, Some(&word)).await.expect(200);
    let accepted = stream::iter(0..DELIVERIES).map(|n| async move {
        let said = minimal_disposition(&format!("C-{n}"), "no_answer");
        let _ = test.dispose(tenant, &format!("L-{n}"), &said).await.expect(202);
    });
    accepted.buffer_unordered(64).collect::<Vec<()>>().await;
}

/// Does what is due. Requests that are never answered run out of time when nothing else is in flight: moved earlier,
/// time would run out for connections that are just being made, too.
async fn work<T: FakeService>(test: &TestNode, crm: &FakeServer<T>) {
    let mut work = std::pin::pin!(test.work());
    let mut patience = 0;
    while futures_util::poll!(&mut work).is_pending() {
        tokio::task::yield_now().await;
        patience = if crm.hanging() > 0 { patience + 1 } else { 0 };
        if patience > 300 {
            patience = 0;
            let states = test.store().states().await.unwrap();
            let in_flight = states.iter().find(|(state, _)| *state == State::Leased);
            if in_flight.map_or(0, |(_, deliveries)| *deliveries) == u64::from(crm.hanging()) {
                test.advance(Duration::from_secs(10));
            }
        }
    }
}

async fn all(test: &TestNode, tenant: &str) -> Vec<DeliverySummary> {
    let filter = DeliveryFilter {
        tenant: Some(tenant.parse().unwrap()),
        ..DeliveryFilter::default()
    };
    let (mut found, mut after) = (vec![], None);
    loop {
        let page = PageRequest { after, limit: 500 };
        let page = test.store().deliveries(&filter, page).await.unwrap();
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn replay(test: &TestNode, ids: Vec<DeliveryId>, not_landed: bool) {
    let order = ReplayOrder {
        ids,
        not_landed,
        now: test.clock.now(),
        spacing: Duration::ZERO,
    };
    let _ = test.store().replay(order).await.unwrap();
}

/// Every first attempt in the dark, then six of ten requests go well, until all are done; what was used up is replayed.
async fn through_the_dark<T: FakeService>(test: &TestNode, tenant: &str, crm: &FakeServer<T>) {
    accept(test, tenant).await;
    crm.behave(Behaviour::always(Mode::Flaky));
    work(test, crm).await;
    let first = all(test, tenant).await;
    assert_eq!(first.len(), DELIVERIES);
    assert!(
        first.iter().all(|delivery| delivery.counted == 1 && delivery.ambiguous),
        "every delivery was faulted"
    );
    for _ in 1..ATTEMPTS {
        crm.behave(Behaviour::always(Mode::Flaky).ok_percent(60));
        test.advance(NEXT_ATTEMPT);
        work(test, crm).await;
    }
    crm.behave(Behaviour::always(Mode::Ok));
    let dead = all(test, tenant).await.into_iter();
    let dead = dead.filter(|delivery| delivery.state == State::Dead);
    replay(test, dead.map(|delivery| delivery.id).collect(), false).await;
    work(test, crm).await;
    let left: Vec<_> = all(test, tenant)
        .await
        .into_iter()
        .filter(|it| it.state != State::Done)
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The calls of the rows, each with how many rows it has.
fn rows_by_call(calls: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for call in calls {
        *rows.entry(call).or_default() += 1;
    }
    rows
}

fn assert_each_once(rows: &BTreeMap<String, usize>) {
    let twice: Vec<_> = rows.iter().filter(|(_, rows)| **rows != 1).collect();
    assert!(twice.is_empty(), "duplicates: {twice:?}");
    assert_eq!(rows.len(), DELIVERIES, "none is missing");
}

/// A host whose tenant `dwarka-homes` is served by a guest on a ledger.
async fn on_a_ledger(guest: &str, deduplicates: bool) -> (TestNode, Ledger) {
    let test = TestNode::empty().await;
    let ledger = Ledger::start(LedgerConfig::new(deduplicates)).await.unwrap();
    let crm = ledger.origin();
    test.node.rollout.push_adapter(component(guest)).await.unwrap();
    let file = format!(
        "tenant = \"dwarka-homes\"\nadapter = \"{guest}\"\nsettings.base_url = \"{crm}\"\n\
         egress = {{ allow = [\"{crm}\"], private_addresses = true }}\n{}",
        patient()
    );
    test.apply(&file).await;
    (test, ledger)
}

#[tokio::test]
async fn where_the_crm_can_be_searched_nothing_is_written_twice() {
    let (test, ledger) = on_a_ledger("searchable", false).await;
    through_the_dark(&test, "dwarka-homes", &ledger).await;
    assert_each_once(&rows_by_call(ledger.stored().into_iter().map(|entry| entry.call)));
    test.finish().await;
}

#[tokio::test]
async fn where_the_crm_knows_a_key_again_repeats_leave_one_record() {
    let (test, ledger) = on_a_ledger("idempotent", true).await;
    through_the_dark(&test, "dwarka-homes", &ledger).await;
    assert_each_once(&rows_by_call(ledger.stored().into_iter().map(|entry| entry.call)));
    assert!(
        ledger.stored().iter().any(|entry| entry.posts > 1),
        "it was put to the test"
    );
    assert_eq!(ledger.counts().refused, 0, "every repeat had its first key and body");
    test.finish().await;
}

#[tokio::test]
async fn where_it_is_both_a_write_that_landed_is_not_even_repeated() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka(&patient())).await;
    (0..DELIVERIES).for_each(|n| test.keystone.seed(KeystoneLead::new(format!("L-{n}"))));
    through_the_dark(&test, "dwarka-homes", &test.keystone).await;
    let stored = test.keystone.stored();
    assert!(stored.iter().all(|call| call.revision == 1), "none was upserted again");
    assert_each_once(&rows_by_call(stored.into_iter().map(|call| call.call_id)));
    test.finish().await;
}

#[tokio::test]
async fn where_it_is_neither_nothing_is_repeated_until_a_person_says_so() {
    let test = TestNode::start().await;
    test.apply(&test.saket(&patient())).await;
    (0..DELIVERIES).for_each(|n| test.groundwork.seed(GroundworkLead::new(format!("L-{n}"))));
    accept(&test, "saket-estates").await;
    test.groundwork.behave(Behaviour::always(Mode::Flaky));
    work(&test, &test.groundwork).await;
    test.groundwork.behave(Behaviour::always(Mode::Ok));
    for _ in 0..ATTEMPTS {
        test.advance(NEXT_ATTEMPT);
        work(&test, &test.groundwork).await;
    }
    assert_eq!(test.groundwork.counts().requests, DELIVERIES as u64, "no blind repeat");
    let held = all(&test, "saket-estates").await;
    assert!(
        held.iter()
            .all(|it| it.state == State::Review && it.reason == Some(StopReason::OutcomeUnknown))
    );

    // The operator looks into the CRM: what is there landed, what is not is sent again.
    let call = |row: &jackfield_tests::fakes::GroundworkRow| row.get("call_ref").to_owned();
    let there: BTreeSet<_> = test.groundwork.stored().iter().map(call).collect();
    assert!(
        (DELIVERIES / 4..DELIVERIES * 3 / 4).contains(&there.len()),
        "{}",
        there.len()
    );
    let (landed, lost): (Vec<_>, Vec<_>) = held.iter().partition(|it| there.contains(it.key.as_str()));
    for delivery in landed {
        assert!(test.store().settle(delivery.id, None, test.clock.now()).await.unwrap());
    }
    replay(&test, lost.iter().map(|delivery| delivery.id).collect(), true).await;
    work(&test, &test.groundwork).await;
    assert!(
        all(&test, "saket-estates")
            .await
            .iter()
            .all(|it| it.state == State::Done)
    );
    assert_each_once(&rows_by_call(test.groundwork.stored().iter().map(call)));
    test.finish().await;
}
