//! Status queries through the whole host, in each language there is an adapter for, beside what a team with one CRM
//! would write: a hard-coded proxy in Rust, and the same as a component under `wasmtime serve`.
//!
//! The host, each reference and each CRM are processes of their own. A CRM is one canned answer of its strict fake, so
//! that it costs next to nothing; it is given at once, or after a while. Load is closed: so many connections, each of
//! which asks again as soon as it was answered.

use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::context::Context;
use crate::crms::{ENTRIES, Entry, LEAD};
use crate::deployment::Deployment;
use crate::load::{Closed, Request, closed};
use crate::others;
use crate::process::Process;
use crate::recorded::Recorder;
use crate::rig::{Agent, Rig};
use crate::rounds::{Contestant, alternate, pairs};
use crate::rows::{Goal, Row};

/// The tokens of the references' agents and CRMs.
const TOKEN: &str = "bench";
/// A reference, and what makes it another thing.
const SERVE: &str = "wasmtime serve";
const CONNECTS: &str = "wasmtime serve opens a connection to the CRM for each question; the host keeps its own open";
/// What the goals are about.
const RUST: &str = "keystone";

/// How many ask at once, and how long the CRM takes, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Load {
    at_once: usize,
    delay: u64,
}

/// The six; and one whose thousand leave the machine time to breathe, since those before keep it busy without
/// a pause, where what is added is the length of the queue.
const LOADS: [Load; 7] = [
    Load { at_once: 1, delay: 0 },
    Load { at_once: 64, delay: 0 },
    Load {
        at_once: 1000,
        delay: 0,
    },
    Load { at_once: 1, delay: 50 },
    Load { at_once: 64, delay: 50 },
    Load {
        at_once: 1000,
        delay: 50,
    },
    Load {
        at_once: 1000,
        delay: 500,
    },
];

/// The most that ask adapters in languages other than Rust and C at once: an instance of theirs takes up to 20 MiB.
const MOST_HEAVY: usize = 64;

/// Somebody who answers status queries.
struct Asked {
    name: String,
    adapter: Option<&'static str>,
    to: std::net::SocketAddr,
    request: Request,
}

impl Load {
    fn name(self) -> String {
        let crm = match self.delay {
            0 => "a CRM that answers at once".to_owned(),
            delay => format!("a CRM that takes {delay} ms"),
        };
        format!("{} at once, {crm}", self.at_once)
    }

    /// The goals, for the adapter in Rust against the proxy.
    fn throughput_goal(self) -> Option<Goal> {
        (self.at_once == 64).then_some(Goal::RatioAtLeast(0.6))
    }

    fn p50_goal(self) -> Option<Goal> {
        (self.at_once == 1).then_some(Goal::AddedAtMost(60.0))
    }

    fn p99_goal(self) -> Option<Goal> {
        (self.at_once == 1000).then_some(Goal::AddedAtMost(5000.0))
    }
}

/// Measures everything, or only these adapters; the one in Rust is always among them.
pub async fn run(context: &Context, deployment: &Deployment, only: &[String]) -> anyhow::Result<Vec<Row>> {
    // One tenant may have half of the status queries, which are what deliveries leave over.
    let settings = [("JACKFIELD_MAX_INSTANCES", "2400")];
    let rig = Rig::start(&context.host, deployment, &settings)?;
    let files = tempfile::tempdir()?;
    let mut rows = vec![];
    let mut canned = vec![];
    let wanted =
        |entry: &&Entry| only.is_empty() || entry.adapter == RUST || only.iter().any(|name| name == entry.adapter);
    for entry in ENTRIES.iter().filter(wanted) {
        context.progress.step(&format!("status · preparing {}", entry.adapter));
        rig.push(entry.adapter)?;
        canned.push((entry, can(&rig, entry, &files).await?));
    }
    for load in LOADS {
        if context.quick && load.delay != 0 && load.at_once != 64 {
            continue;
        }
        rows.extend(measure(context, &rig, &canned, load).await?);
    }
    Ok(rows)
}

/// The answer of an entry's CRM to the status query of its adapter, in a file.
async fn can(rig: &Rig, entry: &Entry, files: &TempDir) -> anyhow::Result<std::path::PathBuf> {
    let crm = (entry.crm)().await?;
    let recorder = Recorder::start().await?;
    let file = tenant_file(&crm.file.replace(&crm.origin, &recorder.origin()?), entry.adapter)?;
    let agent = rig.tenant(entry.adapter, &file)?;
    // The recorder hangs up, so the question itself fails.
    let (recorded, _) = tokio::join!(recorder.record(), agent.ask(LEAD));
    let answer = recorded?
        .answer(&reqwest::Client::builder().no_proxy().build()?, &crm.origin)
        .await?;
    let path = files.path().join(format!("{}.json", entry.adapter));
    std::fs::write(&path, serde_json::to_vec(&answer)?)?;
    Ok(path)
}

/// A tenant's file under another name, with room for a thousand questions at once and time for all of them: what is
/// measured is how long they take, not whether they are refused.
fn tenant_file(file: &str, name: &str) -> anyhow::Result<String> {
    let mut table: toml::Table = toml::from_str(file)?;
    table.insert("tenant".into(), name.into());
    let limits = table.entry("limits").or_insert_with(|| toml::Table::new().into());
    let limits = limits.as_table_mut().context("[limits] is no table")?;
    limits.insert("status_concurrency".into(), 1000.into());
    limits.insert("status_deadline_ms".into(), 10_000.into());
    Ok(toml::to_string(&table)?)
}

async fn measure(
    context: &Context,
    rig: &Rig,
    canned: &[(&Entry, std::path::PathBuf)],
    load: Load,
) -> anyhow::Result<Vec<Row>> {
    let mut asked = vec![];
    let mut servers = vec![];
    let delay = load.delay.to_string();
    for (entry, answer) in canned {
        let heavy = !matches!(entry.language, "Rust" | "C");
        if heavy && load.at_once > MOST_HEAVY {
            continue;
        }
        let answer = answer.to_str().context("a path that is no text")?;
        let crm = Process::part(&["crm", "--answer", answer, "--delay-ms", &delay])?;
        let origin = format!("http://{}", crm.address);
        if entry.adapter == RUST {
            let proxy = Process::part(&["proxy", "--crm", &origin, "--agent-token", TOKEN, "--crm-token", TOKEN])?;
            asked.insert(0, reference("a proxy in Rust", proxy.address));
            servers.push(proxy);
            match serve(context, &origin).await {
                Ok(serve) => {
                    asked.push(reference(SERVE, serve.address));
                    servers.push(serve);
                }
                Err(why) => context.leave_out(SERVE, format!("{why:#}")),
            }
        }
        let agent = on_crm(rig, entry, &origin, &load).await?;
        asked.push(Asked {
            name: format!("{} ({})", entry.language, entry.adapter),
            adapter: Some(entry.adapter),
            to: rig.public()?,
            request: agent.status_request(LEAD),
        });
        servers.push(crm);
    }
    let window = Duration::from_secs(if context.quick { 1 } else { 3 });
    let contestants: Vec<_> = asked
        .iter()
        .map(|asked| {
            Contestant::new(&asked.name, move || async move {
                let request = asked.request.clone();
                let measured = closed(asked.to, load.at_once, window, 200, 0, move |_| request.clone()).await;
                match measured {
                    Err(why) if asked.name == SERVE => {
                        context.leave_out(&format!("{SERVE}, {}", load.name()), format!("{why:#}"));
                        Ok(Closed::none())
                    }
                    measured => measured,
                }
            })
        })
        .collect();
    let what = format!("status · {}", load.name());
    let rounds = alternate(&context.progress, &what, context.rounds(5), &contestants).await?;
    drop(servers);
    Ok(rows(&asked, load, &rounds))
}

/// The same as the proxy, as a component under `wasmtime serve`.
async fn serve(context: &Context, crm: &str) -> anyhow::Result<Process> {
    let agent = hex::encode(Sha256::digest(TOKEN));
    let settings = [("CRM", crm), ("CRM_TOKEN", TOKEN), ("AGENT_TOKEN_SHA256", &agent)];
    others::wasmtime_serve(context, &settings).await
}

fn reference(name: &str, to: std::net::SocketAddr) -> Asked {
    let path = format!("/v1/tenants/bench/leads/{LEAD}/status");
    let bearer = format!("Bearer {TOKEN}");
    Asked {
        name: name.into(),
        adapter: None,
        to,
        request: Request::new("GET", &path, &[("authorization", &bearer)], b""),
    }
}

/// A tenant on a canned CRM.
async fn on_crm(rig: &Rig, entry: &Entry, origin: &str, load: &Load) -> anyhow::Result<Agent> {
    let crm = (entry.crm)().await?;
    let name = format!("{}-{}-{}", entry.adapter, load.at_once, load.delay);
    rig.tenant(&name, &tenant_file(&crm.file.replace(&crm.origin, origin), &name)?)
}

fn rows(asked: &[Asked], load: Load, rounds: &[Vec<Closed>]) -> Vec<Row> {
    let mut rows = vec![];
    let throughput = |round: &Closed| round.per_second;
    let quantile = |share| move |round: &Closed| round.latencies.quantile(share) * 1000.0;
    for (reference, against) in asked.iter().enumerate().filter(|(_, asked)| asked.adapter.is_none()) {
        for (ours, us) in asked.iter().enumerate().filter(|(_, asked)| asked.adapter.is_some()) {
            let ruled = us.adapter == Some(RUST) && reference == 0;
            // Only the adapter in Rust does the same as what runs under wasmtime.
            if reference != 0 && us.adapter != Some(RUST) {
                continue;
            }
            let row = |measure: &str, unit, pairs: &[(f64, f64)], goal: Option<Goal>| {
                let mut row = Row::of(
                    format!("{}, {}: {measure}", us.name, load.name()),
                    unit,
                    &against.name,
                    pairs,
                );
                row.goal = goal.filter(|_| ruled);
                if against.name == SERVE {
                    row = row.note(CONNECTS);
                }
                row
            };
            let per_second = pairs(rounds, ours, reference, throughput);
            if per_second.iter().any(|(_, reference)| reference.is_nan()) {
                continue;
            }
            rows.push(row("throughput", "requests/s", &per_second, load.throughput_goal()));
            let p50 = pairs(rounds, ours, reference, quantile(0.5));
            rows.push(row("P50", "µs", &p50, load.p50_goal()));
            let p99 = pairs(rounds, ours, reference, quantile(0.99));
            rows.push(row("P99", "µs", &p99, load.p99_goal()));
        }
    }
    rows
}
