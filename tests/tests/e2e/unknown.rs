//! Ten thousand writes with an unknown outcome: stored or not, then a 500, a reset or no answer (promise 3).
//!
//! Every delivery's first attempt has an unknown outcome, and so have four of ten requests after it. Where the CRM
//! deduplicates or can be searched, each disposition is there exactly once in the end; where it can do neither, nothing
//! is ever sent twice, and an operator decides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use http::Method;
use jackfield_clock::Clock as _;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_store::{DeliveryFilter, DeliverySummary, PageRequest};
use jackfield_tests::components::component;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{
    Behaviour, FakeServer, FakeService, GroundworkLead, KeystoneLead, Ledger, LedgerConfig, Mode,
};
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use serde_json::json;

/// Deliveries of each of the four tests.
const DELIVERIES: usize = 2500;
/// Attempts of a delivery: with six of ten requests succeeding, hardly any delivery needs them all.
const ATTEMPTS: usize = 20;
/// After this time the next attempt is due.
const NEXT_ATTEMPT: Duration = Duration::from_mins(70);

/// A delivery policy that gives this tenant the whole engine, with an hour between attempts.
fn hourly_attempts() -> String {
    let waits = vec!["\"1h\""; ATTEMPTS - 1].join(", ");
    format!("[delivery]\nconcurrency = 32\nretry = [\"0s\", {waits}]")
}

async fn accept(test: &TestNode, tenant: &str) {
    // An open breaker would prevent most of the failures that this test needs.
    let (path, word) = (format!("/v1/tenants/{tenant}/breaker"), json!({ "force": "closed" }));
    let operator = Operator::create(test).await;
    let _ = operator.ask(test, Method::POST, &path, Some(&word)).await.expect(200);
    let accepted = stream::iter(0..DELIVERIES).map(|n| async move {
        let document = minimal_disposition(&format!("C-{n}"), "no_answer");
        let _ = test.dispose(tenant, &format!("L-{n}"), &document).await.expect(202);
    });
    accepted.buffer_unordered(64).collect::<Vec<()>>().await;
}

/// Does what is due. Unanswered requests time out only once nothing else is in flight: a clock moved earlier would also
/// time out connections that are just being established.
async fn work<T: FakeService>(test: &TestNode, crm: &FakeServer<T>) {
    let mut work = std::pin::pin!(test.work());
    let mut idle_polls = 0;
    while futures_util::poll!(&mut work).is_pending() {
        tokio::task::yield_now().await;
        idle_polls = if crm.hanging() > 0 { idle_polls + 1 } else { 0 };
        if idle_polls > 300 {
            idle_polls = 0;
            let states = test.store().states().await.unwrap();
            let in_flight = states.iter().find(|(state, _)| *state == DeliveryState::Leased);
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

/// Every first attempt has an unknown outcome, then six of ten requests succeed, until all are done; dead letters are
/// replayed.
async fn survive_unknown_outcomes<T: FakeService>(test: &TestNode, tenant: &str, crm: &FakeServer<T>) {
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
    let dead = dead.filter(|delivery| delivery.state == DeliveryState::Dead);
    test.replay(dead.map(|delivery| delivery.id).collect(), false).await;
    work(test, crm).await;
    let left: Vec<_> = all(test, tenant)
        .await
        .into_iter()
        .filter(|it| it.state != DeliveryState::Done)
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The number of rows of each call.
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

/// A host whose tenant `dwarka-homes` uses a guest that writes to a ledger.
async fn on_a_ledger(guest: &str, deduplicates: bool) -> (TestNode, Ledger) {
    let test = TestNode::empty().await;
    let ledger = Ledger::start(LedgerConfig::new(deduplicates)).await.unwrap();
    let crm = ledger.origin();
    test.node.rollout.push_adapter(component(guest)).await.unwrap();
    let file = format!(
        "tenant = \"dwarka-homes\"\nadapter = \"{guest}\"\nsettings.base_url = \"{crm}\"\n\
         egress = {{ allow = [\"{crm}\"], private_addresses = true }}\n{}",
        hourly_attempts()
    );
    test.apply(&file).await;
    (test, ledger)
}

#[tokio::test]
async fn searchable_crm_holds_each_once() {
    let (test, ledger) = on_a_ledger("searchable", false).await;
    survive_unknown_outcomes(&test, "dwarka-homes", &ledger).await;
    assert_each_once(&rows_by_call(ledger.stored().into_iter().map(|entry| entry.call)));
    test.finish().await;
}

#[tokio::test]
async fn idempotent_crm_holds_each_once() {
    let (test, ledger) = on_a_ledger("idempotent", true).await;
    survive_unknown_outcomes(&test, "dwarka-homes", &ledger).await;
    assert_each_once(&rows_by_call(ledger.stored().into_iter().map(|entry| entry.call)));
    assert!(
        ledger.stored().iter().any(|entry| entry.posts > 1),
        "there were repeats"
    );
    assert_eq!(ledger.counts().refused, 0, "every repeat had its first key and body");
    test.finish().await;
}

#[tokio::test]
async fn landed_write_is_not_repeated() {
    // Where the CRM can be searched and deduplicates, a write that landed is not even repeated.
    let test = TestNode::start().await;
    test.apply(&test.dwarka(&hourly_attempts())).await;
    (0..DELIVERIES).for_each(|n| test.keystone.seed(KeystoneLead::new(format!("L-{n}"))));
    survive_unknown_outcomes(&test, "dwarka-homes", &test.keystone).await;
    let stored = test.keystone.stored();
    assert!(stored.iter().all(|call| call.revision == 1), "none was upserted again");
    assert_each_once(&rows_by_call(stored.into_iter().map(|call| call.call_id)));
    test.finish().await;
}

#[tokio::test]
async fn without_either_an_operator_decides() {
    // Where the CRM can do neither, nothing is repeated until an operator says so.
    let test = TestNode::start().await;
    test.apply(&test.saket(&hourly_attempts())).await;
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
            .all(|it| it.state == DeliveryState::Review && it.reason == Some(StopReason::OutcomeUnknown))
    );

    // The operator compares with the CRM: what is there landed, what is missing is sent again.
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
    test.replay(lost.iter().map(|delivery| delivery.id).collect(), true)
        .await;
    work(&test, &test.groundwork).await;
    assert!(
        all(&test, "saket-estates")
            .await
            .iter()
            .all(|it| it.state == DeliveryState::Done)
    );
    assert_each_once(&rows_by_call(test.groundwork.stored().iter().map(call)));
    test.finish().await;
}
