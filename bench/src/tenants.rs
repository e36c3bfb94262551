//! Many tenants: the costs of a host with ten, a hundred, a thousand and ten thousand tenants, against the same host
//! with ten. The two run in turn, each with its own store, and restart for every round.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jackfield_tests::components::component;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::bench_host::{BenchHost, StoppedHost, TOKEN};
use crate::clock::pause;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::{ConnectionPool, Request, milliseconds, paced};
use crate::machine::{processor_time, resident_of};
use crate::progress::Progress;
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::Row;
use crate::variants::variant;

/// The adapter; the tenants have variants of it.
const ADAPTER: &str = "keystone";
/// The number of tenants of the reference host.
const FEW: usize = 10;
/// Queries per second, spread over all tenants: few enough to leave the machine mostly idle.
const RATE: u32 = 100;
/// Concurrent operators while a store is filled, and concurrent queries while every tenant is queried once.
const AT_ONCE: usize = 16;
/// The interval of progress messages while a store is filled.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// How long a host is left alone after its start, to finish deferred work.
const SETTLE_TIME: Duration = Duration::from_secs(2);

struct Sizes {
    tenants: &'static [usize],
    adapters: usize,
    rounds: usize,
    idle: Duration,
    window: Duration,
}

/// Measures hosts with increasing numbers of tenants.
pub async fn run(context: &Context, deployment: &Deployment) -> anyhow::Result<Vec<Row>> {
    let sizes = if context.quick {
        Sizes {
            tenants: &[10, 100],
            adapters: 10,
            rounds: context.rounds(3),
            idle: Duration::from_secs(3),
            window: Duration::from_secs(3),
        }
    } else {
        Sizes {
            tenants: &[10, 100, 1_000, 10_000],
            adapters: 100,
            rounds: context.rounds(3),
            idle: Duration::from_secs(10),
            window: Duration::from_secs(10),
        }
    };
    let crm = Keystone::start(KeystoneConfig::new(TOKEN)).await?;
    crm.seed(KeystoneLead::new("L"));
    let few = TenantHost::new(context, deployment)?;
    let many = TenantHost::new(context, deployment)?;
    few.grow(FEW, &sizes, &crm, &context.progress).await?;
    let mut rows = vec![];
    let mut before = None;
    for &tenants in sizes.tenants {
        many.grow(tenants, &sizes, &crm, &context.progress).await?;
        let candidates = [
            Candidate::new(format!("{tenants} tenants"), || many.measure(&sizes)),
            Candidate::new(format!("{FEW} tenants"), || few.measure(&sizes)),
        ];
        let what = format!("tenants · {tenants}");
        let rounds = alternate(&context.progress, &what, sizes.rounds, &candidates).await?;
        let of_size = rows_of(tenants, &rounds, &sizes, before);
        before = Some((tenants, of_size[1].ours));
        rows.extend(of_size);
    }
    Ok(rows)
}

/// A host with tenants; it runs while it is filled or measured.
struct TenantHost {
    /// `None` while it runs.
    stopped: Mutex<Option<StoppedHost>>,
    /// The digests of the pushed adapters.
    adapters: Mutex<Vec<String>>,
    /// A status query for each tenant.
    queries: Mutex<Vec<Request>>,
}

/// The figures of one start of a host.
struct TenantFigures {
    /// From starting the process until it serves, in milliseconds.
    start: f64,
    /// MiB after the start.
    started: f64,
    /// Idle processor time, in percent of a core.
    idle: f64,
    /// MiB after every tenant was queried once.
    asked: f64,
    /// The P99 of status queries in milliseconds.
    p99: f64,
}

impl TenantHost {
    fn new(context: &Context, deployment: &Deployment) -> anyhow::Result<Self> {
        Ok(Self {
            stopped: Mutex::new(Some(StoppedHost::new(&context.host, deployment, &[])?)),
            adapters: Mutex::default(),
            queries: Mutex::default(),
        })
    }

    async fn start(&self) -> anyhow::Result<BenchHost> {
        let stopped = self.stopped.lock().await.take();
        Ok(stopped.context("the host is already running")?.start())
    }

    async fn stop(&self, bench_host: BenchHost) {
        *self.stopped.lock().await = Some(bench_host.stop());
    }

    /// Adds tenants up to this number, each with an agent's token.
    async fn grow(&self, tenants: usize, sizes: &Sizes, crm: &Keystone, progress: &Progress) -> anyhow::Result<()> {
        let bench_host = self.start().await?;
        let mut operator = bench_host.operator().await?;
        let mut adapters = self.adapters.lock().await;
        let bytes = component(ADAPTER);
        for number in adapters.len()..sizes.adapters.min(tenants) {
            progress.step(&format!("tenants · adapter {} of {}", number + 1, sizes.adapters));
            adapters.push(operator.push(&variant(&bytes, number)).await?);
        }
        let mut queries = self.queries.lock().await;
        let (next, done) = (Arc::new(AtomicUsize::new(queries.len())), Arc::new(AtomicUsize::new(0)));
        let files = Arc::new(TenantFiles {
            adapters: adapters.clone(),
            crm: crm.origin(),
        });
        let mut filling = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (next, done, files) = (Arc::clone(&next), Arc::clone(&done), Arc::clone(&files));
            let mut operator = bench_host.operator().await?;
            filling.spawn(async move {
                let mut queries = vec![];
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= tenants {
                        return anyhow::Ok(queries);
                    }
                    operator.apply(&files.of(number)).await?;
                    let token = operator.token(&name(number)).await?;
                    queries.push(query(number, &token));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let there = queries.len();
        while !filling.is_empty() {
            tokio::select! {
                Some(filled) = filling.join_next() => queries.extend(filled??),
                () = pause(PROGRESS_INTERVAL) => {
                    let done = there + done.load(Ordering::Relaxed);
                    progress.step(&format!("tenants · {done} of {tenants}"));
                }
            }
        }
        drop(queries);
        drop(adapters);
        self.stop(bench_host).await;
        Ok(())
    }

    /// Starts the host, leaves it alone, queries every tenant once, then sends paced queries to all of them.
    async fn measure(&self, sizes: &Sizes) -> anyhow::Result<TenantFigures> {
        let began = Instant::now();
        let bench_host = self.start().await?;
        let start = milliseconds(began.elapsed());
        pause(SETTLE_TIME).await;
        let started = mebibytes(bench_host.id())?;
        let (before, began) = (processor_time(bench_host.id())?, Instant::now());
        pause(sizes.idle).await;
        let taken = processor_time(bench_host.id())?.saturating_sub(before);
        let idle = 100.0 * taken.as_secs_f64() / began.elapsed().as_secs_f64();
        let queries = Arc::new(self.queries.lock().await.clone());
        let connections = Arc::new(ConnectionPool::new(bench_host.public()?));
        ask_all(&queries, &connections).await?;
        let asked = mebibytes(bench_host.id())?;
        let stride = AtomicU64::default();
        let latencies = paced(RATE, sizes.window, |_| {
            // Consecutive queries go to tenants far apart, and every tenant has its turn.
            let turn = stride.fetch_add(7919, Ordering::Relaxed) % queries.len() as u64;
            let (queries, connections) = (Arc::clone(&queries), Arc::clone(&connections));
            async move { connections.ask(&queries[usize::try_from(turn)?], 200).await }
        });
        let p99 = latencies.await?.quantile(0.99);
        self.stop(bench_host).await;
        Ok(TenantFigures {
            start,
            started,
            idle,
            asked,
            p99,
        })
    }
}

/// The values in the tenant files.
struct TenantFiles {
    adapters: Vec<String>,
    crm: String,
}

impl TenantFiles {
    fn of(&self, number: usize) -> String {
        let secret = format!("{{ value = \"{TOKEN}\" }}");
        let digest = &self.adapters[number % self.adapters.len()];
        keystone_tenant(&name(number), &self.crm, &secret, "")
            .replace(&format!("adapter = \"{ADAPTER}\""), &format!("adapter = \"{digest}\""))
    }
}

fn name(number: usize) -> String {
    format!("tenant-{number}")
}

fn query(number: usize, token: &str) -> Request {
    let path = format!("/v1/tenants/{}/leads/L/status", name(number));
    Request::new("GET", &path, &[("authorization", &format!("Bearer {token}"))], b"")
}

async fn ask_all(queries: &Arc<Vec<Request>>, connections: &Arc<ConnectionPool>) -> anyhow::Result<()> {
    let mut asking = JoinSet::new();
    for first in 0..AT_ONCE {
        let (queries, connections) = (Arc::clone(queries), Arc::clone(connections));
        asking.spawn(async move {
            for query in queries.iter().skip(first).step_by(AT_ONCE) {
                connections.ask(query, 200).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
    Ok(())
}

fn mebibytes(process: u32) -> anyhow::Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a size in memory")]
    Ok(resident_of(process)? as f64 / f64::from(1 << 20))
}

/// The rows of one size. `before` is the previous size and its memory.
fn rows_of(tenants: usize, rounds: &[Vec<TenantFigures>], sizes: &Sizes, before: Option<(usize, f64)>) -> Vec<Row> {
    let against = format!("{FEW} tenants");
    let row = |measure: &str, unit, figure: fn(&TenantFigures) -> f64| {
        let measure = format!("{tenants} tenants, {measure}");
        Row::of(measure, unit, &against, &pairs(rounds, 0, 1, figure))
    };
    let adapters = sizes.adapters.min(tenants);
    let memory = row("memory after the start", "MiB", |shown| shown.started);
    let note = match before {
        #[expect(clippy::cast_precision_loss, reason = "a count of tenants")]
        Some((fewer, took)) if fewer >= sizes.adapters => {
            let each = (memory.ours - took) * 1024.0 / (tenants - fewer) as f64;
            format!("{adapters} adapters; {each:.0} KiB for each tenant above {fewer}")
        }
        _ => format!("{adapters} adapters"),
    };
    vec![
        row("start", "ms", |shown| shown.start).note("from the start of the process until it serves"),
        memory.note(note),
        row("memory after each was asked", "MiB", |shown| shown.asked),
        row("status query, P99", "ms", |shown| shown.p99).note(format!("{RATE}/s, spread over all tenants")),
        row("idle", "% of a core", |shown| shown.idle)
            .note(format!("over {} s in which nothing is asked", sizes.idle.as_secs())),
    ]
}
