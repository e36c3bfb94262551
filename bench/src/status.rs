//! Status queries through the whole host, for each language with an adapter. The references are what a team with one
//! CRM would write: a hard-coded proxy in Rust, and the same as a component under `wasmtime serve`.
//!
//! The host, each reference and each CRM are separate processes. A CRM returns one canned response of its strict fake,
//! at once or after a delay, so that it costs almost nothing. The load is closed-loop: each connection sends the next
//! request as soon as it has a response.

use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::bench_host::{Agent, BenchHost};
use crate::context::Context;
use crate::crms::{CrmSpec, ENTRIES, LEAD};
use crate::deployment::Deployment;
use crate::load::{ClosedLoop, Request, run_closed_loop};
use crate::others;
use crate::process::Process;
use crate::recorded_request::RequestRecorder;
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::{Goal, Row};

/// The tokens of the references' agents and CRMs.
const TOKEN: &str = "bench-token";
/// A reference, and how it differs.
const SERVE: &str = "wasmtime serve";
const CONNECTS: &str = "wasmtime serve opens a connection to the CRM for each question; the host keeps its own open";
/// The adapter that the goals apply to.
const RUST: &str = "keystone";

/// The number of concurrent requests and the CRM's delay in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Load {
    at_once: usize,
    delay: u64,
}

/// The last load leaves the machine some idle time. The loads before it keep the machine busy, so that with a thousand
/// requests at once the added latency is that of the queue.
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

/// The highest concurrency for adapters in languages other than Rust and C: an instance takes up to 20 MiB.
const MOST_HEAVY: usize = 64;

/// A server that answers status queries.
struct StatusServer {
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

    /// The goals of the Rust adapter against the proxy.
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

/// Measures these adapters, or all of them; the Rust adapter is always included.
pub async fn run(context: &Context, deployment: &Deployment, only: &[String]) -> anyhow::Result<Vec<Row>> {
    // Status queries get the instances that deliveries leave, and one tenant gets half of them.
    let settings = [("JACKFIELD_MAX_INSTANCES", "2400")];
    let bench_host = BenchHost::start(&context.host, deployment, &settings)?;
    let files = tempfile::tempdir()?;
    let mut rows = vec![];
    let mut canned = vec![];
    let wanted =
        |entry: &&CrmSpec| only.is_empty() || entry.adapter == RUST || only.iter().any(|name| name == entry.adapter);
    for entry in ENTRIES.iter().filter(wanted) {
        context.progress.step(&format!("status · preparing {}", entry.adapter));
        bench_host.push(entry.adapter)?;
        canned.push((entry, can(&bench_host, entry, &files).await?));
    }
    for load in LOADS {
        if context.quick && load.delay != 0 && load.at_once != 64 {
            continue;
        }
        rows.extend(measure(context, &bench_host, &canned, load).await?);
    }
    Ok(rows)
}

/// Writes the CRM's response to the adapter's status query to a file.
async fn can(bench_host: &BenchHost, entry: &CrmSpec, files: &TempDir) -> anyhow::Result<std::path::PathBuf> {
    let crm = (entry.crm)().await?;
    let recorder = RequestRecorder::start().await?;
    let file = tenant_file(&crm.file.replace(&crm.origin, &recorder.origin()?), entry.adapter)?;
    let agent = bench_host.tenant(entry.adapter, &file)?;
    // The recorder closes the connection, so the query fails.
    let (recorded, _) = tokio::join!(recorder.record(), agent.ask(LEAD));
    let answer = recorded?
        .answer(&reqwest::Client::builder().no_proxy().build()?, &crm.origin)
        .await?;
    let path = files.path().join(format!("{}.json", entry.adapter));
    std::fs::write(&path, serde_json::to_vec(&answer)?)?;
    Ok(path)
}

/// A tenant file with another name, and with limits for a thousand concurrent queries without time-outs: the benchmark
/// measures latency, not refusals.
fn tenant_file(file: &str, name: &str) -> anyhow::Result<String> {
    let mut table: toml::Table = toml::from_str(file)?;
    table.insert("tenant".into(), name.into());
    let limits = table.entry("limits").or_insert_with(|| toml::Table::new().into());
    let limits = limits.as_table_mut().context("[limits] is not a table")?;
    limits.insert("status_concurrency".into(), 1000.into());
    limits.insert("status_deadline_ms".into(), 10_000.into());
    Ok(toml::to_string(&table)?)
}

async fn measure(
    context: &Context,
    bench_host: &BenchHost,
    canned: &[(&CrmSpec, std::path::PathBuf)],
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
        let answer = answer.to_str().context("the path is not UTF-8")?;
        let crm = Process::own_server(&["crm", "--answer", answer, "--delay-ms", &delay])?;
        let origin = format!("http://{}", crm.address);
        if entry.adapter == RUST {
            let proxy =
                Process::own_server(&["proxy", "--crm", &origin, "--agent-token", TOKEN, "--crm-token", TOKEN])?;
            asked.insert(0, reference("a proxy in Rust", proxy.address));
            servers.push(proxy);
            match serve(context, &origin).await {
                Ok(serve) => {
                    asked.push(reference(SERVE, serve.address));
                    servers.push(serve);
                }
                Err(why) => context.skip(SERVE, format!("{why:#}")),
            }
        }
        let agent = on_crm(bench_host, entry, &origin, &load).await?;
        asked.push(StatusServer {
            name: format!("{} ({})", entry.language, entry.adapter),
            adapter: Some(entry.adapter),
            to: bench_host.public()?,
            request: agent.status_request(LEAD),
        });
        servers.push(crm);
    }
    let window = Duration::from_secs(if context.quick { 1 } else { 3 });
    let candidates: Vec<_> = asked
        .iter()
        .map(|asked| {
            Candidate::new(&asked.name, move || async move {
                let request = asked.request.clone();
                let measured = run_closed_loop(asked.to, load.at_once, window, 200, 0, move |_| request.clone()).await;
                match measured {
                    Err(why) if asked.name == SERVE => {
                        context.skip(&format!("{SERVE}, {}", load.name()), format!("{why:#}"));
                        Ok(ClosedLoop::none())
                    }
                    measured => measured,
                }
            })
        })
        .collect();
    let what = format!("status · {}", load.name());
    let rounds = alternate(&context.progress, &what, context.rounds(5), &candidates).await?;
    drop(servers);
    Ok(rows(&asked, load, &rounds))
}

/// The proxy as a component under `wasmtime serve`.
async fn serve(context: &Context, crm: &str) -> anyhow::Result<Process> {
    let agent = hex::encode(Sha256::digest(TOKEN));
    let settings = [("CRM", crm), ("CRM_TOKEN", TOKEN), ("AGENT_TOKEN_SHA256", &agent)];
    others::wasmtime_serve(context, &settings).await
}

fn reference(name: &str, to: std::net::SocketAddr) -> StatusServer {
    let path = format!("/v1/tenants/bench/leads/{LEAD}/status");
    let bearer = format!("Bearer {TOKEN}");
    StatusServer {
        name: name.into(),
        adapter: None,
        to,
        request: Request::new("GET", &path, &[("authorization", &bearer)], b""),
    }
}

/// Creates a tenant on a canned CRM.
async fn on_crm(bench_host: &BenchHost, entry: &CrmSpec, origin: &str, load: &Load) -> anyhow::Result<Agent> {
    let crm = (entry.crm)().await?;
    let name = format!("{}-{}-{}", entry.adapter, load.at_once, load.delay);
    bench_host.tenant(&name, &tenant_file(&crm.file.replace(&crm.origin, origin), &name)?)
}

fn rows(asked: &[StatusServer], load: Load, rounds: &[Vec<ClosedLoop>]) -> Vec<Row> {
    let mut rows = vec![];
    let throughput = |round: &ClosedLoop| round.per_second;
    let quantile = |share| move |round: &ClosedLoop| round.latencies.quantile(share) * 1000.0;
    for (reference, against) in asked.iter().enumerate().filter(|(_, asked)| asked.adapter.is_none()) {
        for (ours, us) in asked.iter().enumerate().filter(|(_, asked)| asked.adapter.is_some()) {
            let ruled = us.adapter == Some(RUST) && reference == 0;
            // Only the Rust adapter does the same as the component under wasmtime.
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
