//! How tenants affect each other: a tenant's P99 beside a misbehaving neighbour against its P99 alone, alternating.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use clap::ValueEnum;
use futures_util::future::try_join_all;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Behaviour, Keystone, KeystoneConfig, KeystoneLead, Ledger, LedgerConfig, Mode};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::bench_host::{Agent, BenchHost, TOKEN};
use crate::clock::pause;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::{Latencies, disturb, milliseconds, paced, until};
use crate::rows::{Goal, Row};

/// The misbehaving neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Neighbour {
    /// A tenant whose adapter loops, recurses, grows, and floods the host with requests and log lines.
    Hostile,
    /// A tenant whose CRM never responds.
    Hanging,
    /// A tenant with a backlog of 100,000 dispositions.
    Backlog,
    /// 2,000 clients that send one byte at a time.
    Dribble,
}

const ALL: [Neighbour; 4] = [
    Neighbour::Hostile,
    Neighbour::Hanging,
    Neighbour::Backlog,
    Neighbour::Dribble,
];

/// Queries per second of the well-behaved tenant: few enough to leave the machine mostly idle.
const RATE: u32 = 150;
/// What the hostile adapter does, in turn.
const HARM: [&str; 7] = ["loop", "recurse", "storm", "logstorm", "grow", "frames", "panic"];
fn harm(turn: u64) -> &'static str {
    HARM[usize::try_from(turn).unwrap_or(0) % HARM.len()]
}

/// Concurrent clients of the hostile adapter.
const CLIENTS: usize = 16;
/// How long each client waits after a response: together they send about as many requests as the well-behaved tenant.
/// Floods are the concern of the host's request limits.
const PAUSE: Duration = Duration::from_millis(100);
/// The highest ratio of P99 beside a neighbour to P99 alone; slow clients have a goal of their own.
const GOAL: f64 = 1.5;
const GOAL_DRIBBLE: f64 = 2.0;

struct Sizes {
    rounds: usize,
    window: Duration,
    backlog: usize,
    dribblers: usize,
}

struct Bench {
    host: BenchHost,
    sizes: Sizes,
    _keystone: Keystone,
    ledger: Ledger,
    /// Sends status queries; has its own keystone.
    quiet: Agent,
    /// Writes; has its own ledger.
    writer: Agent,
    written: AtomicU64,
}

/// Measures the effect of each neighbour.
pub async fn run(context: &Context, deployment: &Deployment, only: &[Neighbour]) -> anyhow::Result<Vec<Row>> {
    let sizes = if context.quick {
        Sizes {
            rounds: 1,
            window: Duration::from_secs(3),
            backlog: 5_000,
            dribblers: 500,
        }
    } else {
        Sizes {
            rounds: 5,
            window: Duration::from_secs(5),
            backlog: 100_000,
            dribblers: 2_000,
        }
    };
    let bench = Bench::start(context, deployment, sizes).await?;
    let mut rows = vec![];
    for neighbour in if only.is_empty() { &ALL } else { only } {
        context.progress.step(&format!("isolation · beside {neighbour:?}"));
        match neighbour {
            Neighbour::Hostile => rows.extend(bench.hostile().await?),
            Neighbour::Hanging => rows.extend(bench.hanging().await?),
            Neighbour::Backlog => rows.push(bench.backlog().await?),
            Neighbour::Dribble => rows.push(bench.dribble().await?),
        }
    }
    Ok(rows)
}

impl Bench {
    async fn start(context: &Context, deployment: &Deployment, sizes: Sizes) -> anyhow::Result<Self> {
        let bench_host = BenchHost::start(&context.host, deployment, &[])?;
        for component in ["keystone", "idempotent", "hostile"] {
            bench_host.push(component)?;
        }
        let keystone = Keystone::start(KeystoneConfig::new(TOKEN)).await?;
        keystone.seed(KeystoneLead::new("L"));
        let ledger = Ledger::start(LedgerConfig::new(true)).await?;
        let quiet = bench_host.tenant("quiet", &on_keystone("quiet", &keystone, ""))?;
        let writer = bench_host.tenant("writer", &on_a_ledger("writer", &ledger, "idempotent"))?;
        let bench = Self {
            host: bench_host,
            sizes,
            _keystone: keystone,
            ledger,
            quiet,
            writer,
            written: AtomicU64::new(0),
        };
        // Warm up, so that no round includes first-time costs.
        bench.status().await?;
        bench.write_back().await?;
        Ok(bench)
    }

    /// The P99 of status queries in milliseconds.
    async fn status(&self) -> anyhow::Result<f64> {
        let ask = |_| {
            let agent = self.quiet.clone();
            async move { agent.status("L").await }
        };
        Ok(paced(RATE, self.sizes.window, ask).await?.quantile(0.99))
    }

    /// The P99 from the time at which a call's report is due until the CRM has it, in milliseconds.
    async fn write_back(&self) -> anyhow::Result<f64> {
        let before = self.written.load(Ordering::Relaxed);
        let (reported, reports) = mpsc::channel();
        let report = |number: u64| {
            let (agent, reported) = (self.writer.clone(), reported.clone());
            let call = format!("C-{}", before + number);
            async move {
                reported.send((call.clone(), Timestamp::now()))?;
                agent.dispose(&format!("L-{call}"), &call).await
            }
        };
        let sent = paced(RATE, self.sizes.window, report).await?.count();
        let now = before + sent as u64;
        self.written.store(now, Ordering::Relaxed);
        until(Duration::from_mins(2), || self.ledger.counts().writes >= now).await?;
        let reported: HashMap<_, _> = reports.try_iter().collect();
        let rows = self.ledger.stored().into_iter();
        let taken = rows.filter_map(|row| {
            let began = reported.get(&row.call)?;
            Some(milliseconds(row.at.duration_since(*began).unsigned_abs()))
        });
        Ok(Latencies::new(taken.collect()).quantile(0.99))
    }

    async fn hostile(&self) -> anyhow::Result<Vec<Row>> {
        // Its own CRM: a shared CRM would slow down all its tenants.
        let crm = Ledger::start(LedgerConfig::new(true)).await?;
        let noisy = self.host.tenant("hostile", &on_a_ledger("hostile", &crm, "hostile"))?;
        let (mut status, mut writes) = (vec![], vec![]);
        for _ in 0..self.sizes.rounds {
            let alone = (self.status().await?, self.write_back().await?);
            let noisy = noisy.clone();
            let harm = disturb(CLIENTS, move |turn| {
                let agent = noisy.clone();
                async move {
                    drop(agent.ask(harm(turn)).await);
                    pause(PAUSE).await;
                }
            });
            let beside = (self.status().await?, self.write_back().await?);
            end(harm).await;
            status.push((beside.0, alone.0));
            writes.push((beside.1, alone.1));
        }
        let note = format!("{CLIENTS} clients of a hostile adapter");
        Ok(vec![
            row("status query, P99", &status, GOAL, &note),
            row("accept to CRM, P99", &writes, GOAL, &note),
        ])
    }

    async fn hanging(&self) -> anyhow::Result<Vec<Row>> {
        let crm = Keystone::start(KeystoneConfig::new(TOKEN)).await?;
        crm.seed(KeystoneLead::new("L"));
        let noisy = self.host.tenant("hanging", &on_keystone("hanging", &crm, ""))?;
        let (mut status, mut writes) = (vec![], vec![]);
        for round in 0..self.sizes.rounds {
            let alone = (self.status().await?, self.write_back().await?);
            crm.behave(Behaviour::always(Mode::Hang));
            try_join_all((0..200).map(|n| {
                let agent = noisy.clone();
                async move { agent.dispose("L", &format!("H-{round}-{n}")).await }
            }))
            .await?;
            let asking = noisy.clone();
            let harm = disturb(64, move |_| {
                let agent = asking.clone();
                async move { drop(agent.ask("L").await) }
            });
            let beside = (self.status().await?, self.write_back().await?);
            end(harm).await;
            crm.behave(Behaviour::always(Mode::Ok));
            status.push((beside.0, alone.0));
            writes.push((beside.1, alone.1));
        }
        let note = "200 writes and 64 clients of a CRM that hangs";
        Ok(vec![
            row("status query, P99", &status, GOAL, note),
            row("accept to CRM, P99", &writes, GOAL, note),
        ])
    }

    /// A backlog cannot be removed and restored, so all rounds alone come first.
    async fn backlog(&self) -> anyhow::Result<Row> {
        let crm = Ledger::start(LedgerConfig::new(true)).await?;
        let noisy = self
            .host
            .tenant("backlog", &on_a_ledger("backlog", &crm, "idempotent"))?;
        let mut alone = vec![];
        for _ in 0..self.sizes.rounds {
            alone.push(self.write_back().await?);
        }
        crm.behave(Behaviour::always(Mode::Hang));
        let mut accepting = JoinSet::new();
        for worker in 0..64 {
            let (agent, total) = (noisy.clone(), self.sizes.backlog);
            accepting.spawn(async move {
                for n in (worker..total).step_by(64) {
                    agent.dispose(&format!("B-{n}"), &format!("B-{n}")).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = accepting.join_next().await {
            done??;
        }
        let mut rounds = vec![];
        for alone in alone {
            rounds.push((self.write_back().await?, alone));
        }
        let note = format!("a backlog of {} at a CRM that hangs", self.sizes.backlog);
        crm.behave(Behaviour::always(Mode::Ok));
        Ok(row("accept to CRM, P99", &rounds, GOAL, &note))
    }

    async fn dribble(&self) -> anyhow::Result<Row> {
        let mut rounds = vec![];
        for _ in 0..self.sizes.rounds {
            let alone = self.status().await?;
            let address = self.host.public()?;
            let harm = disturb(self.sizes.dribblers, move |turn| dribble(turn, address));
            pause(Duration::from_secs(1)).await;
            let beside = self.status().await?;
            end(harm).await;
            rounds.push((beside, alone));
        }
        let note = format!("{} clients that dribble", self.sizes.dribblers);
        Ok(row("status query, P99", &rounds, GOAL_DRIBBLE, &note))
    }
}

/// The row of a tenant's figures beside `neighbour` against alone.
fn row(measure: &str, rounds: &[(f64, f64)], goal: f64, neighbour: &str) -> Row {
    Row::of(measure, "ms", "alone", rounds)
        .goal(Goal::RatioAtMost(goal))
        .note(format!("beside {neighbour}"))
}

/// A slow client: connects and sends a request's head one byte per second until it is disconnected. Half of the clients
/// come from one address and half from another, so that the limit per address does not reduce their number.
async fn dribble(turn: u64, address: SocketAddr) {
    let from = Ipv4Addr::new(127, 0, 0, if turn.is_multiple_of(2) { 2 } else { 3 });
    if let Ok(mut stream) = connect(from, address).await {
        for byte in
            b"GET /v1/tenants/quiet/leads/L/status HTTP/1.1\r\nhost: x\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            pause(Duration::from_secs(1)).await;
        }
    }
    // A refused client comes back after a pause.
    pause(Duration::from_millis(200)).await;
}

async fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// Ends a disturbance and waits for its requests in flight.
async fn end(mut harm: JoinSet<()>) {
    harm.shutdown().await;
    pause(Duration::from_secs(3)).await;
}

fn on_keystone(tenant: &str, crm: &Keystone, more: &str) -> String {
    let secret = format!("{{ value = \"{TOKEN}\" }}");
    keystone_tenant(tenant, &crm.origin(), &secret, more)
}

/// A tenant whose adapter needs only an address.
fn on_a_ledger(tenant: &str, crm: &Ledger, adapter: &str) -> String {
    let crm = crm.origin();
    format!(
        "tenant = \"{tenant}\"\nadapter = \"{adapter}\"\nsettings.base_url = \"{crm}\"\n\
         egress = {{ allow = [\"{crm}\"], private_addresses = true }}\n"
    )
}
