//! Write-back: from the moment a call is reported until the CRM holds it, beside what a team would build instead: a
//! front, a queue in Redis, and workers that do the same write with retries.
//!
//! Everybody has a front of the same shape and the same CRM, and every write is the same. A burst is many calls that
//! end at the same moment; a steady load counts from when each report was due. A backlog is accepted while nothing is
//! written and then let go: the queues' workers are started only then, and our tenant, whose worker is in the host, may
//! make one attempt a day until its file says otherwise. A CRM that is down would do for neither: it would measure
//! how each of them backs off. The time counts from the first write to the last, so that nobody pays for a start.

mod crm;
mod load;
mod queue;
mod system;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jackfield_kit::tools::found;

use self::load::{Load, Outcome, Tally, Told};
use self::queue::{Durability, Kind, Queue};
use self::system::System;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::rounds::{Contestant, alternate, pairs};
use crate::rows::Row;

/// Calls that end at once.
const BURSTS: [usize; 2] = [200, 600];
/// Calls that end a second, under a steady load.
const RATE: u32 = 500;

struct Sizes {
    rounds: usize,
    /// Bursts of a round.
    bursts: usize,
    window: Duration,
    drains: usize,
    backlog: usize,
}

/// A contestant, and what it was told of.
struct Subject {
    name: String,
    system: System,
    told: Told,
    failures: Mutex<Vec<String>>,
}

/// Measures everybody.
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
    let mut subjects = vec![Subject::new("ours", System::ours(context, deployment, &load.crm)?)];
    subjects.extend(queues(context, &load).await);
    let subjects = warm(context, &load, subjects).await?;
    let bench = Bench {
        context,
        load,
        subjects,
        sizes,
    };
    bench.run().await
}

/// The queues that can be measured here.
async fn queues(context: &Context, load: &Load) -> Vec<Subject> {
    if found("redis-server").is_none() {
        context.leave_out(
            "Celery and BullMQ",
            "there is no `redis-server`; install Debian's package of that name",
        );
        return vec![];
    }
    let mut queues = vec![];
    for kind in Kind::ALL {
        context.progress.step(&format!("write-back · {}", kind.name()));
        let installed = match kind.install(context) {
            Ok(installed) => installed,
            Err(error) => {
                context.leave_out(kind.name(), format!("{error:#}"));
                continue;
            }
        };
        for durability in Durability::ALL {
            let name = format!("{}, {}", kind.name(), durability.words());
            match Queue::start(&installed, durability, &load.crm).await {
                Ok(queue) => queues.push(Subject::new(&name, System::Queue(Box::new(queue)))),
                Err(error) => context.leave_out(&name, format!("{error:#}")),
            }
        }
    }
    queues
}

/// Once through everything, so that no round pays for a first time. Whoever fails at this is left out, unless it is us.
async fn warm(context: &Context, load: &Load, subjects: Vec<Subject>) -> anyhow::Result<Vec<Subject>> {
    let mut warm = vec![];
    for subject in subjects {
        context
            .progress
            .step(&format!("write-back · once through · {}", subject.name));
        let burst = load.burst(&subject.system, &subject.told, 100, 3).await;
        let tally = load.tally(&subject.told);
        match (burst, load.crm.take_refusal()) {
            (Ok(_), None) if tally.lost == 0 && tally.refused == 0 => warm.push(subject),
            (burst, refusal) => {
                let why = format!("{:?}, {tally:?}, the CRM refused: {refusal:?}", burst.err());
                anyhow::ensure!(!subject.is_ours(), "{why}");
                context.leave_out(&subject.name, why);
            }
        }
    }
    Ok(warm)
}

impl Subject {
    fn new(name: &str, system: System) -> Self {
        Self {
            name: name.to_owned(),
            system,
            told: Told::default(),
            failures: Mutex::default(),
        }
    }

    const fn is_ours(&self) -> bool {
        matches!(self.system, System::Ours(_))
    }

    /// What failed of ours is an error; what failed of another is told.
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

/// What is measured of everybody.
#[derive(Debug, Clone, Copy)]
enum Measured {
    /// So many calls end at once.
    Burst(usize),
    /// [`RATE`] calls end a second.
    Steady,
    /// A backlog is let go.
    Backlog,
}

struct Bench<'a> {
    context: &'a Context,
    load: Load,
    subjects: Vec<Subject>,
    sizes: Sizes,
}

impl Bench<'_> {
    async fn run(self) -> anyhow::Result<Vec<Row>> {
        let mut rows = vec![];
        for measured in [
            Measured::Burst(BURSTS[0]),
            Measured::Burst(BURSTS[1]),
            Measured::Steady,
            Measured::Backlog,
        ] {
            rows.extend(self.measure(measured).await?);
        }
        let ours = self.load.tally(&self.subjects[0].told);
        anyhow::ensure!(
            ours.refused == 0 && ours.lost == 0,
            "the host did not do what it is measured for: {ours:?}, the CRM refused: {:?}",
            self.load.crm.take_refusal()
        );
        self.note(&mut rows);
        Ok(rows)
    }

    /// Measures everybody in turn.
    async fn measure(&self, measured: Measured) -> anyhow::Result<Vec<Row>> {
        let (what, rounds) = match measured {
            Measured::Burst(count) => (format!("{count} calls end at once"), self.sizes.rounds),
            Measured::Steady => (format!("{RATE} calls a second"), self.sizes.rounds),
            Measured::Backlog => (format!("a backlog of {}", self.sizes.backlog), self.sizes.drains),
        };
        let contestants: Vec<_> = self
            .subjects
            .iter()
            .map(|subject| {
                let measure = move || async move { subject.judge(self.once(subject, measured).await) };
                Contestant::new(&subject.name, measure)
            })
            .collect();
        let progress = format!("write-back · {what}");
        let rounds = alternate(&self.context.progress, &progress, rounds, &contestants).await?;
        Ok(match measured {
            Measured::Backlog => self.rows(&format!("{what}, drained"), "writes/s", &rounds, |outcome| {
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

    async fn once(&self, subject: &Subject, measured: Measured) -> anyhow::Result<Outcome> {
        let (system, told, sizes) = (&subject.system, &subject.told, &self.sizes);
        match measured {
            Measured::Burst(count) => self.load.burst(system, told, count, sizes.bursts).await,
            Measured::Steady => self.load.steady(system, told, RATE, sizes.window).await,
            Measured::Backlog => self.load.drain(system, told, sizes.backlog).await,
        }
    }

    /// One row for each of the others.
    fn rows(
        &self,
        measure: &str,
        unit: &'static str,
        rounds: &[Vec<Outcome>],
        figure: impl Fn(&Outcome) -> f64,
    ) -> Vec<Row> {
        let others = self.subjects.iter().enumerate().skip(1);
        others
            .map(|(index, other)| Row::of(measure, unit, &other.name, &pairs(rounds, 0, index, &figure)))
            .collect()
    }

    /// Says beside each row how both kept their promise, over the whole run.
    fn note(&self, rows: &mut [Row]) {
        let note = |subject: &Subject| {
            let Tally { refused, lost, doubled } = self.load.tally(&subject.told);
            let failures = subject.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = failures
                .last()
                .map(|why| format!(", failed: {why}"))
                .unwrap_or_default();
            let name = if subject.is_ours() { "ours" } else { "reference" };
            format!("{name}: {refused} refused, {lost} lost, {doubled} written twice{failed}")
        };
        let ours = note(&self.subjects[0]);
        for row in rows {
            if let Some(subject) = self.subjects.iter().find(|subject| subject.name == row.against) {
                let workers = subject.system.workers();
                row.note = format!("{ours}; {}, {workers}", note(subject));
            }
        }
    }
}
