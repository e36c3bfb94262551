//! Swaps: from `tenant apply` to the first response of the new release, and the effect of a thousand swaps on requests.

mod load;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jackfield_tests::components::component;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use self::load::{ASKING, DispositionCounts, LEADS, Load, LoadWindow, PER_SECOND};
use crate::bench_host::{Agent, BenchHost, TOKEN};
use crate::call::bare::BareEngine;
use crate::clock::pause;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::{Connection, milliseconds};
use crate::operator::Operator;
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::{Goal, Row, median};
use crate::variants::variant;

/// The swapped adapter.
const ADAPTER: &str = "keystone";
/// Swaps under load in all rounds together.
const SWAPS_UNDER_LOAD: usize = 1000;
/// The interval between swaps: ten per second.
const SWAP_INTERVAL: Duration = Duration::from_millis(100);
/// How long the last disposition may take to reach the CRM.
const LAST_WRITE_LIMIT: Duration = Duration::from_mins(1);

struct Sizes {
    rounds: usize,
    /// Swaps per round with compiled code, timed one by one.
    timed: usize,
    /// Swaps per round without compiled code.
    unseen: usize,
    /// Swaps per round under load.
    loaded: usize,
}

/// Runs the benchmark.
pub async fn run(context: &Context, deployment: &Deployment) -> anyhow::Result<Vec<Row>> {
    let rounds = context.rounds(5);
    let sizes = if context.quick {
        Sizes {
            rounds,
            timed: 10,
            unseen: 2,
            loaded: 30,
        }
    } else {
        Sizes {
            rounds,
            timed: 40,
            unseen: 6,
            loaded: SWAPS_UNDER_LOAD.div_ceil(rounds),
        }
    };
    let bench = Bench::start(context, deployment, sizes).await?;
    let mut rows = vec![bench.cached(context).await?, bench.unseen(context).await?];
    rows.extend(bench.under_load(context).await?);
    Ok(rows)
}

struct Bench {
    host: BenchHost,
    sizes: Sizes,
    /// A CRM without the lead's contact and one with it: the response to a status query shows which release answered.
    crms: [Keystone; 2],
    swapped: Swapped,
    bytes: Vec<u8>,
    bare: BareEngine,
    native: PathBuf,
    _folder: TempDir,
    /// The tenant under load, always on the first CRM.
    loaded: Agent,
    calls: Arc<DispositionCounts>,
}

/// The tenant whose releases are timed.
struct Swapped {
    operator: Mutex<Operator>,
    agent: Agent,
    /// Two adapters that differ only in their digests.
    digests: [String; 2],
    /// The number of releases so far.
    releases: AtomicUsize,
    /// The number of new components so far.
    unseen: AtomicUsize,
}

impl Bench {
    async fn start(context: &Context, deployment: &Deployment, sizes: Sizes) -> anyhow::Result<Self> {
        context.progress.step("swap · a host and its CRMs");
        let bench_host = BenchHost::start(&context.host, deployment, &[])?;
        let bytes = component(ADAPTER);
        let mut operator = bench_host.operator().await?;
        let digests = [
            operator.push(&variant(&bytes, 0)).await?,
            operator.push(&variant(&bytes, 1)).await?,
        ];
        let crms = [
            Keystone::start(KeystoneConfig::new(TOKEN)).await?,
            Keystone::start(KeystoneConfig::new(TOKEN)).await?,
        ];
        for (crm, human_contacted) in crms.iter().zip([false, true]) {
            let lead = KeystoneLead::new("L");
            crm.seed(KeystoneLead {
                human_contacted,
                ..lead
            });
        }
        for lead in 0..LEADS {
            crms[0].seed(KeystoneLead::new(format!("L{lead}")));
        }
        let agent = bench_host.tenant("swapped", &file("swapped", &crms[0], &digests[0]))?;
        let loaded = bench_host.tenant("loaded", &file("loaded", &crms[0], &digests[0]))?;
        let (folder, bare) = (tempfile::tempdir()?, BareEngine::start()?);
        let native = folder.path().join("component.cwasm");
        std::fs::write(&native, bare.native(&bytes)?)?;
        Ok(Self {
            host: bench_host,
            sizes,
            crms,
            swapped: Swapped {
                operator: Mutex::new(operator),
                agent,
                digests,
                releases: AtomicUsize::new(1),
                unseen: AtomicUsize::new(2),
            },
            bytes,
            bare,
            native,
            _folder: folder,
            loaded,
            calls: Arc::default(),
        })
    }

    /// The code was compiled when the adapter was pushed. It is loaded again for each swap, because the previous
    /// release was the last that used it.
    async fn cached(&self, context: &Context) -> anyhow::Result<Row> {
        let candidates = [
            Candidate::new("host", || times(self.sizes.timed, || self.swap())),
            Candidate::new("wasmtime", || {
                times(self.sizes.timed, || {
                    timed(async { self.bare.load(&self.native)?.instantiate().await })
                })
            }),
        ];
        let what = "swap · code in the cache";
        let rounds = alternate(&context.progress, what, self.sizes.rounds, &candidates).await?;
        let rounds = pairs(&rounds, 0, 1, |took| *took);
        let against = "wasmtime: load, instantiate";
        let measure = "apply to first answer, code cached";
        Ok(Row::of(measure, "ms", against, &rounds).note(
            "ours also checks the file, runs `describe`, writes release, pointer and audit trail to disk, and answers \
             a query through the CRM",
        ))
    }

    /// The component is new to the host.
    async fn unseen(&self, context: &Context) -> anyhow::Result<Row> {
        let candidates = [
            Candidate::new("host", || times(self.sizes.unseen, || self.swap_to_unseen())),
            Candidate::new("wasmtime", || {
                times(self.sizes.unseen, || {
                    timed(async { self.bare.compiled(&self.bytes)?.instantiate().await })
                })
            }),
        ];
        let what = "swap · code never seen";
        let rounds = alternate(&context.progress, what, self.sizes.rounds, &candidates).await?;
        let rounds = pairs(&rounds, 0, 1, |took| *took);
        let against = "wasmtime: compile, instantiate";
        let measure = "push and apply to first answer, code never seen";
        Ok(Row::of(measure, "ms", against, &rounds)
            .note("ours compiles in a process of its own, with limits and less priority, while it goes on serving"))
    }

    /// From sending the tenant file to the first response of its release.
    async fn swap(&self) -> anyhow::Result<Duration> {
        let turn = self.swapped.releases.fetch_add(1, Ordering::Relaxed) % 2;
        let file = file("swapped", &self.crms[turn], &self.swapped.digests[turn]);
        let mut operator = self.swapped.operator.lock().await;
        self.first_answer(turn, operator.apply(&file)).await
    }

    /// From sending the component to the first response of its release.
    async fn swap_to_unseen(&self) -> anyhow::Result<Duration> {
        let turn = self.swapped.releases.fetch_add(1, Ordering::Relaxed) % 2;
        let number = self.swapped.unseen.fetch_add(1, Ordering::Relaxed);
        let component = variant(&self.bytes, number);
        let mut operator = self.swapped.operator.lock().await;
        let put = async {
            let digest = operator.push(&component).await?;
            operator.apply(&file("swapped", &self.crms[turn], &digest)).await
        };
        self.first_answer(turn, put).await
    }

    /// Sends queries without a pause while `change` is made, until a response comes from this CRM.
    async fn first_answer(
        &self,
        crm: usize,
        change: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<Duration> {
        let mut connection = Connection::connect(self.host.public()?).await?;
        let request = self.swapped.agent.status_request("L");
        let began = Instant::now();
        let answered = async {
            loop {
                let (status, body) = connection.ask(&request).await?;
                anyhow::ensure!(status == 200, "a status query returned {status} during a swap");
                let answer: Value = serde_json::from_slice(body)?;
                if answer["human_contacted"] == (crm == 1) {
                    return Ok(began.elapsed());
                }
            }
        };
        let ((), took) = tokio::try_join!(change, answered)?;
        Ok(took)
    }

    async fn under_load(&self, context: &Context) -> anyhow::Result<Vec<Row>> {
        let candidates = [
            Candidate::new("with swaps", || self.window(self.sizes.loaded, true)),
            Candidate::new("without", || self.window(self.sizes.loaded, false)),
        ];
        let rounds = alternate(&context.progress, "swap · under load", self.sizes.rounds, &candidates).await?;
        let lost = self.lost().await;
        let total = |of: fn(&LoadWindow) -> f64| {
            let of_all = |place: usize| rounds.iter().map(|round| of(&round[place])).sum::<f64>();
            [(of_all(0), of_all(1))]
        };
        let asked = total(|window| window.asked)[0];
        let note = format!(
            "{} swaps under load of {ASKING} status queries in flight and {PER_SECOND} dispositions/s: {:.0} requests \
             with swaps, {:.0} without",
            self.sizes.rounds * self.sizes.loaded,
            asked.0,
            asked.1,
        );
        let against = "the same load without swaps";
        Ok(vec![
            Row::of(
                "failed requests during swaps",
                "",
                against,
                &total(|window| window.failed),
            )
            .goal(Goal::Exactly(0.0))
            .note(note),
            Row::of("dispositions that never reached the CRM", "", "none", &[(lost, 0.0)]).goal(Goal::Exactly(0.0)),
            Row::of(
                "status query, P99 during swaps",
                "ms",
                against,
                &pairs(&rounds, 0, 1, |w| w.p99),
            ),
            Row::of(
                "status query, P50 during swaps",
                "ms",
                against,
                &pairs(&rounds, 0, 1, |w| w.p50),
            ),
        ])
    }

    /// Runs the load for the duration of this many swaps, with or without the swaps.
    async fn window(&self, swaps: usize, swap: bool) -> anyhow::Result<LoadWindow> {
        let load = Load::start(self.host.public()?, &self.loaded, &self.calls);
        let mut ticks = interval(SWAP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut operator = self.host.operator().await?;
        for turn in 0..swaps {
            let _ = ticks.tick().await;
            if swap {
                // The CRM stays the same; each release has another adapter.
                let file = file("loaded", &self.crms[0], &self.swapped.digests[(turn + 1) % 2]);
                operator.apply(&file).await?;
            }
        }
        load.end().await
    }

    /// Dispositions that were accepted and are not in the CRM.
    async fn lost(&self) -> f64 {
        let (accepted, began) = (self.calls.accepted.load(Ordering::Relaxed), Instant::now());
        loop {
            let lost = accepted.saturating_sub(self.crms[0].stored().len() as u64);
            if lost == 0 || began.elapsed() > LAST_WRITE_LIMIT {
                #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
                return lost as f64;
            }
            pause(Duration::from_millis(100)).await;
        }
    }
}

/// The median of this many runs, one after the other, in milliseconds.
async fn times<F>(times: usize, mut act: impl FnMut() -> F) -> anyhow::Result<f64>
where
    F: Future<Output = anyhow::Result<Duration>>,
{
    let mut took = vec![];
    for _ in 0..times {
        took.push(milliseconds(act().await?));
    }
    Ok(median(took.into_iter()))
}

async fn timed(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed())
}

/// The file of a tenant on this CRM with this adapter.
fn file(tenant: &str, crm: &Keystone, digest: &str) -> String {
    let secret = format!("{{ value = \"{TOKEN}\" }}");
    keystone_tenant(tenant, &crm.origin(), &secret, "")
        .replace(&format!("adapter = \"{ADAPTER}\""), &format!("adapter = \"{digest}\""))
}
