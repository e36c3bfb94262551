//! Accepting leads and dispositions: signature or token, JSON, the check for a repeat, and a durable commit.
//!
//! The references are processes of the same program: the same handlers without the commit, and with a commit that does
//! not wait for the disk. A further reference is how many rows of that size a batch of plain inserts writes. The load
//! is closed-loop. Nothing is delivered meanwhile: leads wait to be pulled, and the breaker of the dispositions' CRM is
//! held open.

use std::time::Duration;

use anyhow::Context as _;
use jackfield_tests::node::{WEBHOOK_SECRET, sign};
use jiff::Timestamp;
use rusqlite::Connection;

use crate::bench_host::{Agent, BenchHost};
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::{ClosedLoop, Latencies, Request, milliseconds, run_closed_loop};
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::{Goal, Row};

/// A tenant whose CRM does not exist and is never asked.
const TENANT: &str = "bench";
/// The contract's documents, sent with a new id each time.
const LEAD: &str = include_str!("../documents/lead.created.json");
const DISPOSITION: &str = include_str!("../documents/disposition.json");
/// The placeholder for the id.
const ID: &str = "BENCH-ID";
/// Numbers of connections.
const AT_ONCE: [usize; 3] = [1, 64, 256];
/// Rows per commit of the plain inserts.
const ROWS: usize = 64;

/// The compared stores in the order of the candidates: the host's, then the references.
const STORES: [(&str, &str); 3] = [
    ("full", "ours"),
    ("none", "without the commit"),
    ("normal", "synchronous=NORMAL"),
];

/// A host over one of the stores.
struct Host {
    bench_host: BenchHost,
    agent: Agent,
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DocumentKind {
    Lead,
    Disposition,
}

/// Runs the benchmark.
pub async fn run(context: &Context, deployment: &Deployment) -> anyhow::Result<Vec<Row>> {
    let program = std::env::current_exe()?.with_file_name("jackfield-with-store");
    let mut hosts = vec![];
    for (store, name) in STORES {
        context.progress.step(&format!("accept · starting the host {name}"));
        let bench_host = BenchHost::start(&program, deployment, &[("BENCH_STORE", store)])?;
        bench_host.push("keystone")?;
        let agent = bench_host.tenant(TENANT, &tenant())?;
        let _ = bench_host.order(&["breaker", "open", TENANT]);
        hosts.push(Host { bench_host, agent });
    }
    let mut rows = vec![];
    for kind in [DocumentKind::Lead, DocumentKind::Disposition] {
        for at_once in AT_ONCE {
            if context.quick && at_once != 64 {
                continue;
            }
            rows.extend(measure(context, &hosts, kind, at_once).await?);
        }
    }
    Ok(rows)
}

fn tenant() -> String {
    format!(
        "tenant = \"{TENANT}\"\nadapter = \"keystone\"\nsettings.base_url = \"http://127.0.0.1:9\"\n\
         egress = {{ allow = [\"http://127.0.0.1:9\"], private_addresses = true }}\n\
         [webhook]\nsecrets = [{{ value = \"{WEBHOOK_SECRET}\" }}]\n\
         [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ value = \"bench-secret\" }}\n\
         origins = [\"http://127.0.0.1:9\"]\n"
    )
}

async fn measure(context: &Context, hosts: &[Host], kind: DocumentKind, at_once: usize) -> anyhow::Result<Vec<Row>> {
    let window = Duration::from_secs(if context.quick { 1 } else { 3 });
    let mut candidates = vec![];
    for (host, (_, name)) in hosts.iter().zip(STORES) {
        let to = host.bench_host.public()?;
        candidates.push(Candidate::new(name, move || {
            let agent = host.agent.clone();
            run_closed_loop(to, at_once, window, 202, first_id(), move |number| {
                kind.request(&agent, number)
            })
        }));
    }
    candidates.push(Candidate::new("plain inserts", move || async move {
        plain_inserts(window, kind)
    }));
    let what = format!("accept · {}, {at_once} at once", kind.name());
    let rounds = alternate(&context.progress, &what, context.rounds(5), &candidates).await?;
    Ok(rows(kind, at_once, &rounds))
}

fn rows(kind: DocumentKind, at_once: usize, rounds: &[Vec<ClosedLoop>]) -> Vec<Row> {
    let name = |measure: &str| format!("{}, {at_once} at once: {measure}", kind.name());
    let per_second = |reference| pairs(rounds, 0, reference, |round: &ClosedLoop| round.per_second);
    let quantile = |share| {
        pairs(rounds, 0, 1, move |round: &ClosedLoop| {
            round.latencies.quantile(share) * 1000.0
        })
    };
    let goal = |row: Row, goal| if at_once == 64 { row.goal(goal) } else { row };
    let unit = "requests/s";
    vec![
        goal(
            Row::of(name("throughput"), unit, "the same without the commit", &per_second(1)),
            Goal::RatioAtLeast(0.55),
        ),
        goal(
            Row::of(name("throughput"), unit, "synchronous=NORMAL", &per_second(2)),
            Goal::RatioAtLeast(0.9),
        ),
        Row::of(name("throughput"), unit, "plain inserts", &per_second(3))
            .note(format!("{ROWS} rows a commit, one table, no key")),
        Row::of(name("P50"), "µs", "the same without the commit", &quantile(0.5)),
        Row::of(name("P99"), "µs", "the same without the commit", &quantile(0.99)),
    ]
}

/// Ids that no earlier round used: the time in microseconds grows faster than any host accepts requests.
fn first_id() -> u64 {
    Timestamp::now().as_microsecond().unsigned_abs()
}

impl DocumentKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Lead => "leads",
            Self::Disposition => "dispositions",
        }
    }

    fn document(self, id: &str) -> String {
        match self {
            Self::Lead => LEAD.replace(ID, id),
            Self::Disposition => DISPOSITION.replace(ID, id),
        }
    }

    fn request(self, agent: &Agent, number: u64) -> Request {
        let id = number.to_string();
        let body = self.document(&id);
        match self {
            Self::Lead => {
                let timestamp = Timestamp::now().as_second().to_string();
                let headers = [
                    ("content-type", "application/json"),
                    ("webhook-id", &id),
                    ("webhook-timestamp", &timestamp),
                    ("webhook-signature", &sign(&id, &timestamp, body.as_bytes())),
                ];
                Request::new("POST", agent.leads_path(), &headers, body.as_bytes())
            }
            Self::Disposition => agent.report_request(&format!("L-{id}"), body.as_bytes()),
        }
    }
}

/// Inserts rows of the documents' size into one table, with durable commits of a fixed number of rows.
fn plain_inserts(window: Duration, kind: DocumentKind) -> anyhow::Result<ClosedLoop> {
    let folder = tempfile::tempdir()?;
    let db = Connection::open(folder.path().join("plain.db"))?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch("create table plain (id integer primary key, body blob not null)")?;
    let body = kind.document(ID);
    let began = std::time::Instant::now();
    let (mut taken, mut rows) = (vec![], 0);
    while began.elapsed() < window {
        let asked = std::time::Instant::now();
        let transaction = db.unchecked_transaction()?;
        let mut insert = transaction.prepare_cached("insert into plain (body) values (?)")?;
        for _ in 0..ROWS {
            insert.execute([body.as_bytes()]).context("a plain insert failed")?;
        }
        drop(insert);
        transaction.commit()?;
        rows += ROWS;
        taken.push(milliseconds(asked.elapsed()));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of at most millions")]
    let per_second = rows as f64 / began.elapsed().as_secs_f64();
    Ok(ClosedLoop {
        per_second,
        latencies: Latencies::new(taken),
    })
}
