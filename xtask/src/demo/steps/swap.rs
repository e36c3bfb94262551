//! Step 11: a new version of an adapter takes over under load.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::dispositions::{self, document};
use super::startup;
use crate::demo::clock;
use crate::demo::context::DemoContext;
use crate::demo::http::{Client, Request, Response};
use crate::demo::next_keystone;
use crate::demo::tenants::{self, Tenant};

/// The number of leads that the load uses.
pub const LEADS: usize = 24;
/// Concurrent agents that query status, each without a pause.
const ASKING: usize = 4;
/// Concurrent agents that report calls.
const REPORTING: usize = 2;
/// The pause between two reports of one agent.
const REPORT_EVERY: Duration = Duration::from_millis(40);
/// How long the load runs before and after the swap.
const MARGIN: Duration = Duration::from_millis(2500);

/// The id of one of the load's leads.
pub fn lead(number: usize) -> String {
    format!("LOAD-{number:03}")
}

/// The results of the load.
#[derive(Debug, Default)]
struct LoadResults {
    queries: AtomicUsize,
    reports: AtomicUsize,
    failures: Mutex<Vec<String>>,
    deliveries: Mutex<Vec<String>>,
}

/// Builds and pushes version 1.1.0, then swaps to it under load.
pub fn under_load(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("A new version of the adapter, 1.1.0, is built from a copy of its source and pushed.");
    let component = next_keystone::build(&demo.workspace)?;
    let pushed = startup::push_component(demo, &component)?;
    demo.check(
        "keystone@1.1.0 is accepted beside 1.0.0",
        pushed.contains("keystone@1.1.0"),
    );

    demo.terminal.paragraph(&format!(
        "{ASKING} agents now query the status of leads without a pause, and {REPORTING} report calls. Meanwhile, the \
         tenant file is applied with the new version.",
    ));
    let results = LoadResults::default();
    let text = tenants::dwarka(&demo.origins, "keystone@1.1.0");
    let applied = run_under_load(demo, &results, || {
        clock::pause(MARGIN);
        let applied = startup::apply(demo, "dwarka-homes.toml", &text);
        clock::pause(MARGIN);
        applied
    })?;
    demo.check(
        "the new release is active",
        applied.ok && applied.stdout.contains("r2 serves now"),
    );

    let failures = results.failures.into_inner().unwrap_or_default();
    let (queries, reports) = (results.queries.into_inner(), results.reports.into_inner());
    for failure in failures.iter().take(5) {
        demo.terminal.note(failure);
    }
    demo.check_eq(
        &format!("of {queries} status queries and {reports} dispositions, none failed"),
        &failures.len(),
        &0,
    );
    demo.check("the load was heavy enough", queries > 100 && reports > 20);
    check_releases(demo, &results.deliveries.into_inner().unwrap_or_default())
}

/// Runs `during` while agents query and report.
fn run_under_load<T>(demo: &DemoContext, results: &LoadResults, during: impl FnOnce() -> T) -> T {
    let finished = &AtomicBool::new(false);
    let query = |client: &Client, number: usize| results.query(demo, client, number);
    let report = |client: &Client, number: usize| results.report(demo, client, number);
    thread::scope(|scope| {
        for agent in 0..ASKING {
            scope.spawn(move || repeat(agent, ASKING, finished, query));
        }
        for agent in 0..REPORTING {
            scope.spawn(move || repeat(agent, REPORTING, finished, report));
        }
        let done = during();
        finished.store(true, Ordering::Relaxed);
        done
    })
}

/// Sends one agent's share of the requests until the load is finished.
fn repeat(agent: usize, agents: usize, finished: &AtomicBool, send: impl Fn(&Client, usize)) {
    // Each agent has its own client, so that agents do not wait for each other's connections.
    let client = Client::new();
    for number in (agent..).step_by(agents) {
        if finished.load(Ordering::Relaxed) {
            return;
        }
        send(&client, number);
    }
}

impl LoadResults {
    fn query(&self, demo: &DemoContext, client: &Client, number: usize) {
        let request = demo.status_query(Tenant::Dwarka, &lead(number % LEADS));
        self.send(client, request, 200);
        self.queries.fetch_add(1, Ordering::Relaxed);
    }

    fn report(&self, demo: &DemoContext, client: &Client, number: usize) {
        let document = document(&format!("LOAD-CALL-{number:05}"));
        let request = demo.disposition(Tenant::Dwarka, &lead(number % LEADS), &document);
        if let Some(accepted) = self.send(client, request, 202) {
            locked(&self.deliveries).push(accepted.text("/delivery"));
        }
        self.reports.fetch_add(1, Ordering::Relaxed);
        clock::pause(REPORT_EVERY);
    }

    /// The response if it has the expected status; otherwise records a failure.
    fn send(&self, client: &Client, request: anyhow::Result<Request>, status: u16) -> Option<Response> {
        let failure = match request.and_then(|request| client.send(&request)) {
            Ok(response) if response.status == status => return Some(response),
            Ok(response) => format!("{} {}", response.status, response.body),
            Err(error) => format!("{error:#}"),
        };
        locked(&self.failures).push(failure);
        None
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until every disposition is in the CRM, and prints how many each release delivered.
fn check_releases(demo: &mut DemoContext, deliveries: &[String]) -> anyhow::Result<()> {
    let mut served: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in deliveries {
        let done = demo.delivery_in(Tenant::Dwarka, delivery, "done")?;
        *served.entry(dispositions::release(&done.json())?).or_default() += 1;
    }
    for (release, count) in &served {
        demo.terminal
            .note(&format!("release {release} delivered {count} of the dispositions"));
    }
    let releases: Vec<_> = served.keys().map(String::as_str).collect();
    demo.check_eq(
        "both the old and the new release delivered some",
        &releases,
        &vec!["r1", "r2"],
    );
    let ledger = demo.ledger(&demo.origins.keystone)?;
    let stored = ledger["stored"].as_array().context("keystone's ledger has no list")?;
    let load = stored
        .iter()
        .filter(|record| record["call_id"].as_str().is_some_and(|id| id.starts_with("LOAD-")));
    let once = load.clone().all(|record| record["revision"] == 1);
    let all = (load.count(), once);
    demo.check_eq(
        "keystone has each of them exactly once",
        &all,
        &(deliveries.len(), true),
    );
    Ok(())
}
