//! Write-back: from the report of a call until the CRM has it. The reference is what a team would build instead: a
//! front, a queue in Redis, and workers that do the same write with retries.
//!
//! All candidates have the same kind of front, the same CRM and the same writes. In a burst, many calls end at the same
//! time; under a steady load, latency counts from when each report was due. A backlog is accepted while writing is
//! suspended and then written: the queues' workers start only then, and the host's tenant, whose worker is in the host,
//! may make one attempt a day until its file changes. Suspending by a CRM outage would measure backoff instead. The
//! time counts from the first write to the last, so that it does not include starting workers.

mod crm;
mod load;
mod queue;
mod system;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jackfield_kit::tools::found;

use self::load::{DeliveryCounts, Load, Outcome, ReportLog};
use self::queue::{Durability, QueueKind, RunningQueue};
use self::system::System;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::Row;

/// Numbers of calls that end at once.
const BURSTS: [usize; 2] = [200, 600];
/// Calls per second under a steady load.
const RATE: u32 = 500;

struct Sizes {
    rounds: usize,
    /// Bursts per round.
    bursts: usize,
    window: Duration,
    drains: usize,
    backlog: usize,
}

/// A candidate and the reports that it got.
struct Participant {
    name: String,
    system: System,
    reports: ReportLog,
    failures: Mutex<Vec<String>>,
}

/// Runs the benchmark.
pub async fn run(context: &Context, deployment: &Deployment) -> anyhow::Result<Vec<Row>> {
    let sizes = if context.quick {
        Sizes {
            rounds: context.rounds(5),
            bursts: 1,
            window: Duration::from_secs(3),
            drains: 1,
            backlog: 2_000,
        }
    } else {
        Sizes {
            rounds: context.rounds(5),
            bursts: 3,
            window: Duration::from_secs(10),
            drains: context.rounds(2),
            backlog: 100_000,
        }
    };
    let load = Load::start().await?;
    let mut participants = vec![Participant::new("ours", System::ours(context, deployment, &load.crm)?)];
    participants.extend(queues(context, &load).await);
    let participants = warm(context, &load, participants).await?;
    let bench = Bench {
        context,
        load,
        participants,
        sizes,
    };
    bench.run().await
}

/// The queues that can be measured here.
async fn queues(context: &Context, load: &Load) -> Vec<Participant> {
    if found("redis-server").is_none() {
        context.skip(
            "Celery and BullMQ",
            "`redis-server` is missing; install Debian's package redis-server",
        );
        return vec![];
    }
    let mut queues = vec![];
    for kind in QueueKind::ALL {
        context.progress.step(&format!("write-back · {}", kind.name()));
        let installed = match kind.install(context) {
            Ok(installed) => installed,
            Err(error) => {
                context.skip(kind.name(), format!("{error:#}"));
                continue;
            }
        };
        for durability in Durability::ALL {
            let name = format!("{}, {}", kind.name(), durability.words());
            match RunningQueue::start(&installed, durability, &load.crm).await {
                Ok(queue) => queues.push(Participant::new(&name, System::RunningQueue(Box::new(queue)))),
                Err(error) => context.skip(&name, format!("{error:#}")),
            }
        }
    }
    queues
}

/// Warms up every candidate, so that no round includes first-time costs. A candidate that fails is skipped, except the
/// host.
async fn warm(context: &Context, load: &Load, participants: Vec<Participant>) -> anyhow::Result<Vec<Participant>> {
    let mut warm = vec![];
    for participant in participants {
        context
            .progress
            .step(&format!("write-back · once through · {}", participant.name));
        let burst = load.burst(&participant.system, &participant.reports, 100, 3).await;
        let counts = load.counts(&participant.reports);
        match (burst, load.crm.take_refusal()) {
            (Ok(_), None) if counts.lost == 0 && counts.refused == 0 => warm.push(participant),
            (burst, refusal) => {
                let why = format!("{:?}, {counts:?}, the CRM refused: {refusal:?}", burst.err());
                anyhow::ensure!(!participant.is_ours(), "{why}");
                context.skip(&participant.name, why);
            }
        }
    }
    Ok(warm)
}

impl Participant {
    fn new(name: &str, system: System) -> Self {
        Self {
            name: name.to_owned(),
            system,
            reports: ReportLog::default(),
            failures: Mutex::default(),
        }
    }

    const fn is_ours(&self) -> bool {
        matches!(self.system, System::Jackfield(_))
    }

    /// A failure of the host is an error; a failure of another candidate is recorded.
    fn judge(&self, measured: anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
        match measured {
            Err(error) if !self.is_ours() => {
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(format!("{error:#}"));
                Ok(Outcome::none())
            }
            measured => measured,
        }
    }
}

/// The workload of a measurement.
#[derive(Debug, Clone, Copy)]
enum Workload {
    /// This many calls end at once.
    Burst(usize),
    /// [`RATE`] calls end per second.
    Steady,
    /// A backlog is written.
    Backlog,
}

struct Bench<'a> {
    context: &'a Context,
    load: Load,
    participants: Vec<Participant>,
    sizes: Sizes,
}

impl Bench<'_> {
    async fn run(self) -> anyhow::Result<Vec<Row>> {
        let mut rows = vec![];
        for workload in [
            Workload::Burst(BURSTS[0]),
            Workload::Burst(BURSTS[1]),
            Workload::Steady,
            Workload::Backlog,
        ] {
            rows.extend(self.measure(workload).await?);
        }
        let ours = self.load.counts(&self.participants[0].reports);
        anyhow::ensure!(
            ours.refused == 0 && ours.lost == 0,
            "the host lost or repeated writes: {ours:?}, the CRM refused: {:?}",
            self.load.crm.take_refusal()
        );
        self.note(&mut rows);
        Ok(rows)
    }

    /// Measures all candidates in turn.
    async fn measure(&self, workload: Workload) -> anyhow::Result<Vec<Row>> {
        let (what, rounds) = match workload {
            Workload::Burst(count) => (format!("{count} calls end at once"), self.sizes.rounds),
            Workload::Steady => (format!("{RATE} calls a second"), self.sizes.rounds),
            Workload::Backlog => (format!("a backlog of {}", self.sizes.backlog), self.sizes.drains),
        };
        let candidates: Vec<_> = self
            .participants
            .iter()
            .map(|participant| {
                let measure = move || async move { participant.judge(self.once(participant, workload).await) };
                Candidate::new(&participant.name, measure)
            })
            .collect();
        let progress = format!("write-back · {what}");
        let rounds = alternate(&self.context.progress, &progress, rounds, &candidates).await?;
        Ok(match workload {
            Workload::Backlog => self.rows(&format!("{what}, drained"), "writes/s", &rounds, |outcome| {
                outcome.per_second
            }),
            _ => [("P50", 0.5), ("P99", 0.99), ("maximum", 1.0)]
                .into_iter()
                .flat_map(|(name, share)| {
                    let figure = move |outcome: &Outcome| outcome.latencies.quantile(share);
                    self.rows(&format!("{what}, {name}"), "ms", &rounds, figure)
                })
                .collect(),
        })
    }

    async fn once(&self, participant: &Participant, workload: Workload) -> anyhow::Result<Outcome> {
        let (system, reports, sizes) = (&participant.system, &participant.reports, &self.sizes);
        match workload {
            Workload::Burst(count) => self.load.burst(system, reports, count, sizes.bursts).await,
            Workload::Steady => self.load.steady(system, reports, RATE, sizes.window).await,
            Workload::Backlog => self.load.drain(system, reports, sizes.backlog).await,
        }
    }

    /// One row for each reference.
    fn rows(
        &self,
        measure: &str,
        unit: &'static str,
        rounds: &[Vec<Outcome>],
        figure: impl Fn(&Outcome) -> f64,
    ) -> Vec<Row> {
        let others = self.participants.iter().enumerate().skip(1);
        others
            .map(|(index, other)| Row::of(measure, unit, &other.name, &pairs(rounds, 0, index, &figure)))
            .collect()
    }

    /// Adds to each row how many writes both sides lost or repeated in the whole run.
    fn note(&self, rows: &mut [Row]) {
        let note = |participant: &Participant| {
            let DeliveryCounts { refused, lost, doubled } = self.load.counts(&participant.reports);
            let failures = participant.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = failures
                .last()
                .map(|why| format!(", failed: {why}"))
                .unwrap_or_default();
            let name = if participant.is_ours() { "ours" } else { "reference" };
            format!("{name}: {refused} refused, {lost} lost, {doubled} written twice{failed}")
        };
        let ours = note(&self.participants[0]);
        for row in rows {
            if let Some(participant) = self
                .participants
                .iter()
                .find(|participant| participant.name == row.against)
            {
                let workers = participant.system.workers();
                row.note = format!("{ours}; {}, {workers}", note(participant));
            }
        }
    }
}
