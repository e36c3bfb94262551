//! Step 11: a new version of an adapter takes over while requests come in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::dispositions::{self, document};
use super::opening;
use crate::demo::clock;
use crate::demo::http::{Answer, Client, Request};
use crate::demo::next_version;
use crate::demo::stage::Stage;
use crate::demo::tenants::{self, Tenant};

/// Leads that the load is about.
pub const LEADS: usize = 24;
/// Agents that ask for status at once, each as fast as it is answered.
const ASKING: usize = 4;
/// Agents that report calls at once.
const REPORTING: usize = 2;
/// Between two reports of one agent.
const REPORT_EVERY: Duration = Duration::from_millis(40);
/// How long the load runs before the swap, and after it.
const AROUND: Duration = Duration::from_millis(2500);

/// The id of one of the load's leads.
pub fn lead(number: usize) -> String {
    format!("LOAD-{number:03}")
}

/// What the load saw.
#[derive(Debug, Default)]
struct Seen {
    queries: AtomicUsize,
    reports: AtomicUsize,
    failures: Mutex<Vec<String>>,
    deliveries: Mutex<Vec<String>>,
}

/// Builds and pushes version 1.1.0, then swaps to it under load.
pub fn under_load(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("Somebody has improved the adapter: a copy of its source with version 1.1.0 is built, and pushed.");
    let component = next_version::make(&stage.workspace)?;
    let pushed = opening::push_component(stage, &component)?;
    stage.check(
        "keystone@1.1.0 is taken beside 1.0.0",
        pushed.contains("keystone@1.1.0"),
    );

    stage.screen.say(&format!(
        "{ASKING} agents now ask for the status of leads as fast as they are answered, and {REPORTING} report calls. \
         In the middle of it the tenant's file is applied with the new version.",
    ));
    let seen = Seen::default();
    let text = tenants::dwarka(&stage.origins, "keystone@1.1.0");
    let applied = loaded(stage, &seen, || {
        clock::pause(AROUND);
        let applied = opening::apply(stage, "dwarka-homes.toml", &text);
        clock::pause(AROUND);
        applied
    })?;
    stage.check(
        "the new release serves",
        applied.ok && applied.text.contains("r2 serves now"),
    );

    let failures = seen.failures.into_inner().unwrap_or_default();
    let (queries, reports) = (seen.queries.into_inner(), seen.reports.into_inner());
    for failure in failures.iter().take(5) {
        stage.screen.note(failure);
    }
    stage.check_eq(
        &format!("of {queries} status queries and {reports} dispositions, none failed"),
        &failures.len(),
        &0,
    );
    stage.check("the load was a load", queries > 100 && reports > 20);
    by_release(stage, &seen.deliveries.into_inner().unwrap_or_default())
}

/// Runs `during` while agents ask and report.
fn loaded<T>(stage: &Stage, seen: &Seen, during: impl FnOnce() -> T) -> T {
    let over = &AtomicBool::new(false);
    let query = |client: &Client, number: usize| seen.query(stage, client, number);
    let report = |client: &Client, number: usize| seen.report(stage, client, number);
    thread::scope(|scope| {
        for agent in 0..ASKING {
            scope.spawn(move || repeat(agent, ASKING, over, query));
        }
        for agent in 0..REPORTING {
            scope.spawn(move || repeat(agent, REPORTING, over, report));
        }
        let done = during();
        over.store(true, Ordering::Relaxed);
        done
    })
}

/// What one agent of several does, with its share of the numbers, until it is over.
fn repeat(agent: usize, agents: usize, over: &AtomicBool, one: impl Fn(&Client, usize)) {
    // A client of its own, so that agents do not wait for each other's connections.
    let client = Client::new();
    for number in (agent..).step_by(agents) {
        if over.load(Ordering::Relaxed) {
            return;
        }
        one(&client, number);
    }
}

impl Seen {
    fn query(&self, stage: &Stage, client: &Client, number: usize) {
        let request = stage.status_query(Tenant::Dwarka, &lead(number % LEADS));
        self.send(client, request, 200);
        self.queries.fetch_add(1, Ordering::Relaxed);
    }

    fn report(&self, stage: &Stage, client: &Client, number: usize) {
        let document = document(&format!("LOAD-CALL-{number:05}"));
        let request = stage.disposition(Tenant::Dwarka, &lead(number % LEADS), &document);
        if let Some(accepted) = self.send(client, request, 202) {
            locked(&self.deliveries).push(accepted.text("/delivery"));
        }
        self.reports.fetch_add(1, Ordering::Relaxed);
        clock::pause(REPORT_EVERY);
    }

    /// The answer if it is what it should be; else it is noted as a failure.
    fn send(&self, client: &Client, request: anyhow::Result<Request>, status: u16) -> Option<Answer> {
        let failure = match request.and_then(|request| client.send(&request)) {
            Ok(answer) if answer.status == status => return Some(answer),
            Ok(answer) => format!("{} {}", answer.status, answer.body),
            Err(error) => format!("{error:#}"),
        };
        locked(&self.failures).push(failure);
        None
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until all that was reported is in the CRM, and tells which release served how much of it.
fn by_release(stage: &mut Stage, deliveries: &[String]) -> anyhow::Result<()> {
    let mut served: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in deliveries {
        let done = stage.delivery_in(Tenant::Dwarka, delivery, "done")?;
        *served.entry(dispositions::release(&done.json())?).or_default() += 1;
    }
    for (release, count) in &served {
        stage
            .screen
            .note(&format!("release {release} delivered {count} of the dispositions"));
    }
    let releases: Vec<_> = served.keys().map(String::as_str).collect();
    stage.check_eq(
        "both releases served, the old and the new",
        &releases,
        &vec!["r1", "r2"],
    );
    let ledger = stage.ledger(&stage.origins.keystone)?;
    let stored = ledger["stored"].as_array().context("keystone tells nothing")?;
    let load = stored
        .iter()
        .filter(|record| record["call_id"].as_str().is_some_and(|id| id.starts_with("LOAD-")));
    let once = load.clone().all(|record| record["revision"] == 1);
    let all = (load.count(), once);
    stage.check_eq(
        "keystone has every one of them, each once",
        &all,
        &(deliveries.len(), true),
    );
    Ok(())
}
