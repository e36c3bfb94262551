//! Reports of calls: many at once, at a steady rate, or as a backlog that is held back and let go; and what became of
//! them in the CRM.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::crm::{Crm, Written};
use super::system::System;
use crate::clock::pause;
use crate::load::{Latencies, Lines, Wire, milliseconds};

/// What a front answers to a report that it has queued.
const ACCEPTED: u16 = 202;
/// Connections that report a backlog.
const REPORTERS: usize = 64;
/// How long to wait for the next write when some are missing.
const PATIENCE: Duration = Duration::from_mins(1);

/// A CRM, and reports of calls that no report was made of before.
pub struct Load {
    /// Where the calls end up.
    pub crm: Crm,
    next: AtomicU64,
}

/// One figure of one contestant.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// From report to write, in milliseconds. A call that was not written has waited as long as it was waited for.
    pub latencies: Latencies,
    /// Writes a second, of a backlog.
    pub per_second: f64,
}

/// All that a contestant was told of.
#[derive(Debug, Default)]
pub struct Told {
    calls: Mutex<Vec<Range<u64>>>,
    refused: AtomicU64,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Tally {
    /// Reports that were not accepted.
    pub refused: u64,
    /// Calls that were accepted and never written.
    pub lost: u64,
    /// Writes of calls that were written before.
    pub doubled: u64,
}

impl Outcome {
    /// Of somebody who failed.
    pub fn none() -> Self {
        Self {
            latencies: Latencies::new(vec![]),
            per_second: f64::NAN,
        }
    }
}

impl Load {
    /// With a CRM of its own.
    pub async fn start() -> anyhow::Result<Self> {
        Ok(Self {
            crm: Crm::start().await?,
            next: AtomicU64::new(1),
        })
    }

    fn calls(&self, count: usize, told: &Told) -> Range<u64> {
        let first = self.next.fetch_add(count as u64, Ordering::Relaxed);
        let calls = first..first + count as u64;
        let mut all = told.calls.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(calls.clone());
        calls
    }

    /// `count` calls end at once, `times` times: all reports are sent at the same moment, each over a connection of its
    /// own.
    pub async fn burst(&self, system: &System, told: &Told, count: usize, times: usize) -> anyhow::Result<Outcome> {
        let mut taken = vec![];
        for _ in 0..times {
            let calls = self.calls(count, told);
            let mut ready = vec![];
            for number in calls.clone() {
                ready.push((Wire::connect(system.front()).await?, system.report(number)));
            }
            let before = self.crm.count();
            let began = Instant::now();
            let mut reporting = JoinSet::new();
            for (mut wire, report) in ready {
                reporting.spawn(async move { wire.ask(&report).await.map(|(status, _)| status) });
            }
            told.note(reporting).await?;
            self.wait(before + count).await;
            taken.extend(self.taken(calls, &vec![began; count]));
        }
        Ok(Outcome {
            latencies: Latencies::new(taken),
            per_second: f64::NAN,
        })
    }

    /// `rate` calls end a second, each at its time.
    pub async fn steady(&self, system: &System, told: &Told, rate: u32, length: Duration) -> anyhow::Result<Outcome> {
        let count = usize::try_from(length.as_secs() * u64::from(rate))?;
        let calls = self.calls(count, told);
        let lines = Arc::new(Lines::new(system.front()));
        let before = self.crm.count();
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut reporting = JoinSet::new();
        let mut due = Vec::with_capacity(count);
        for number in calls.clone() {
            due.push(ticks.tick().await.into_std());
            let (report, lines) = (system.report(number), Arc::clone(&lines));
            reporting.spawn(async move { lines.status(&report).await });
        }
        told.note(reporting).await?;
        self.wait(before + count).await;
        Ok(Outcome {
            latencies: Latencies::new(self.taken(calls, &due)),
            per_second: f64::NAN,
        })
    }

    /// A backlog of `count` calls is accepted while nothing is written, and then let go. What counts is the time from
    /// the first write to the last.
    pub async fn drain(&self, system: &System, told: &Told, count: usize) -> anyhow::Result<Outcome> {
        // A worker that is ended before it has told its queue of its last job would do that job again.
        pause(Duration::from_secs(1)).await;
        system.hold()?;
        let calls = self.calls(count, told);
        let before = self.crm.count();
        let next = Arc::new(AtomicU64::new(calls.start));
        let mut reporting = JoinSet::new();
        for _ in 0..REPORTERS {
            let mut wire = Wire::connect(system.front()).await?;
            let (system, next, end) = (system.reporter(), Arc::clone(&next), calls.end);
            reporting.spawn(async move {
                let mut worst = ACCEPTED;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return Ok(worst);
                    }
                    let status = wire.ask(&system.report(number)).await?.0;
                    worst = worst.max(status);
                }
            });
        }
        told.note(reporting).await?;
        let opened = Instant::now();
        system.resume()?;
        self.wait(before + count).await;
        let written = self.crm.written(calls).into_iter().flatten();
        let mut moments: Vec<_> = written.map(|call| call.at).filter(|at| *at >= opened).collect();
        moments.sort_unstable();
        let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
            anyhow::bail!("nothing was written");
        };
        let took = last.duration_since(*first).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of at most millions")]
        let per_second = (moments.len() - 1) as f64 / took;
        Ok(Outcome {
            latencies: Latencies::new(vec![]),
            per_second,
        })
    }

    /// Waits until the CRM holds so many calls, or gets no more of them: who is later than that shows in the figure.
    async fn wait(&self, calls: usize) {
        let (mut held, mut since) = (self.crm.count(), Instant::now());
        while held < calls && since.elapsed() < PATIENCE {
            pause(Duration::from_millis(10)).await;
            let now = self.crm.count();
            if now > held {
                (held, since) = (now, Instant::now());
            }
        }
    }

    /// From when each call was due until the CRM held it.
    fn taken(&self, calls: Range<u64>, due: &[Instant]) -> Vec<f64> {
        let now = Instant::now();
        let written = self.crm.written(calls).into_iter();
        let taken = |(call, due): (Option<_>, &Instant)| {
            let at = call.map_or(now, |call: Written| call.at);
            milliseconds(at.duration_since(*due))
        };
        written.zip(due).map(taken).collect()
    }

    /// What became of all that somebody was told of.
    pub fn tally(&self, told: &Told) -> Tally {
        let all = told.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls: Vec<_> = all.iter().flat_map(|calls| self.crm.written(calls.clone())).collect();
        let missing = calls.iter().filter(|call| call.is_none()).count() as u64;
        let refused = told.refused.load(Ordering::Relaxed);
        let written = calls.iter().flatten();
        Tally {
            refused,
            lost: missing.saturating_sub(refused),
            doubled: written.map(|call| u64::from(call.times - 1)).sum(),
        }
    }
}

impl Told {
    /// Waits for the answers of a front.
    ///
    /// # Errors
    /// Not one report was accepted.
    async fn note(&self, mut reporting: JoinSet<anyhow::Result<u16>>) -> anyhow::Result<()> {
        let (all, mut refused, mut why) = (reporting.len(), 0, String::new());
        while let Some(answer) = reporting.join_next().await {
            match answer? {
                Ok(ACCEPTED) => continue,
                Ok(status) => why = format!("an answer of {status}"),
                Err(error) => why = error.to_string(),
            }
            refused += 1;
        }
        self.refused.fetch_add(refused as u64, Ordering::Relaxed);
        ensure!(refused < all, "no report was accepted: {why}");
        Ok(())
    }
}
