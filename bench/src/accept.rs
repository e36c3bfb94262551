//! Taking leads and dispositions in: signature or token, JSON, the check for a repeat, and a commit that the disk has.
//!
//! Beside it, as processes of the same program: the same handlers with the commit left out, and with a commit that does
//! not wait for the disk; and beside those, how many rows of that size a batch of plain inserts writes. Load is closed.
//! Nothing is delivered meanwhile: leads wait to be pulled, and the breaker of the dispositions' CRM is held open.

use std::time::Duration;

use anyhow::Context as _;
use jackfield_tests::node::{WEBHOOK_SECRET, sign};
use jiff::Timestamp;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::{Closed, Latencies, Request, closed, milliseconds};
use crate::rig::{Agent, Rig};
use crate::rounds::{Contestant, alternate, pairs};
use crate::rows::{Goal, Row};

/// A tenant whose CRM is nowhere: it is never asked.
const TENANT: &str = "bench";
/// The documents of the contract, to be sent under ever new ids.
const LEAD: &str = include_str!("../documents/lead.created.json");
const DISPOSITION: &str = include_str!("../documents/disposition.json");
/// What is new in each of them.
const ID: &str = "BENCH-ID";
/// Connections.
const AT_ONCE: [usize; 3] = [1, 64, 256];
/// Rows that the plain inserts commit together.
const ROWS: usize = 64;

/// The stores that are compared, in the order of the contestants: ours, and the references.
const STORES: [(&str, &str); 3] = [
    ("full", "ours"),
    ("none", "without the commit"),
    ("normal", "synchronous=NORMAL"),
];

/// A host over one of the stores.
struct Host {
    rig: Rig,
    agent: Agent,
}

/// What is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lead,
    Disposition,
}

/// Measures everything.
pub async fn run(context: &Context, deployment: &Deployment) -> anyhow::Result<Vec<Row>> {
    let program = std::env::current_exe()?.with_file_name("jackfield-with-store");
    let mut hosts = vec![];
    for (store, name) in STORES {
        context.progress.step(&format!("accept · starting the host {name}"));
        let rig = Rig::start(&program, deployment, &[("BENCH_STORE", store)])?;
        rig.push("keystone")?;
        let agent = rig.tenant(TENANT, &tenant())?;
        let _ = rig.order(&["breaker", "open", TENANT]);
        hosts.push(Host { rig, agent });
    }
    let mut rows = vec![];
    for kind in [Kind::Lead, Kind::Disposition] {
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
         [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ value = \"bench\" }}\n\
         origins = [\"http://127.0.0.1:9\"]\n"
    )
}

async fn measure(context: &Context, hosts: &[Host], kind: Kind, at_once: usize) -> anyhow::Result<Vec<Row>> {
    let window = Duration::from_secs(if context.quick { 1 } else { 3 });
    let mut contestants = vec![];
    for (host, (_, name)) in hosts.iter().zip(STORES) {
        let to = host.rig.public()?;
        contestants.push(Contestant::new(name, move || {
            let agent = host.agent.clone();
            closed(to, at_once, window, 202, first_id(), move |number| {
                kind.request(&agent, number)
            })
        }));
    }
    contestants.push(Contestant::new("plain inserts", move || plain_inserts(window, kind)));
    let what = format!("accept · {}, {at_once} at once", kind.name());
    let rounds = alternate(&context.progress, &what, context.rounds(5), &contestants).await?;
    Ok(rows(kind, at_once, &rounds))
}

fn rows(kind: Kind, at_once: usize, rounds: &[Vec<Closed>]) -> Vec<Row> {
    let name = |measure: &str| format!("{}, {at_once} at once: {measure}", kind.name());
    let per_second = |reference| pairs(rounds, 0, reference, |round: &Closed| round.per_second);
    let quantile = |share| {
        pairs(rounds, 0, 1, move |round: &Closed| {
            round.latencies.quantile(share) * 1000.0
        })
    };
    let goal = |row: Row, goal| if at_once == 64 { row.goal(goal) } else { row };
    let unit = "requests/s";
    vec![
        goal(
            Row::of(name("throughput"), unit, "the same without the commit", &per_second(1)),
            Goal::RatioAtLeast(0.4),
        ),
        goal(
            Row::of(name("throughput"), unit, "synchronous=NORMAL", &per_second(2)),
            Goal::RatioAtLeast(0.9),
        ),
        Row::of(name("throughput"), unit, "plain inserts", &per_second(3))
            .note(format!("{ROWS} rows a commit, one statement, one table, no key")),
        Row::of(name("P50"), "µs", "the same without the commit", &quantile(0.5)),
        Row::of(name("P99"), "µs", "the same without the commit", &quantile(0.99)),
    ]
}

/// Ids that no round before had: the time in microseconds grows faster than any host takes requests in.
fn first_id() -> u64 {
    Timestamp::now().as_microsecond().unsigned_abs()
}

impl Kind {
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

/// Rows of the documents' size into one table, so many a commit that the disk has, for a while.
async fn plain_inserts(window: Duration, kind: Kind) -> anyhow::Result<Closed> {
    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("plain.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut db = SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql("create table plain (id integer primary key, body blob not null)")
        .execute(&mut db)
        .await?;
    let values = vec!["(?)"; ROWS].join(", ");
    let insert = format!("insert into plain (body) values {values}");
    let body = kind.document(ID);
    let began = std::time::Instant::now();
    let (mut taken, mut rows) = (vec![], 0);
    while began.elapsed() < window {
        let asked = std::time::Instant::now();
        let mut query = sqlx::query(sqlx::AssertSqlSafe(insert.clone()));
        for _ in 0..ROWS {
            query = query.bind(body.as_bytes());
        }
        query.execute(&mut db).await.context("a plain insert failed")?;
        rows += ROWS;
        taken.push(milliseconds(asked.elapsed()));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of at most millions")]
    let per_second = rows as f64 / began.elapsed().as_secs_f64();
    Ok(Closed {
        per_second,
        latencies: Latencies::new(taken),
    })
}
