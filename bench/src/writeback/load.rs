//! Reports of calls, in bursts, at a steady rate, or as a backlog that is held back and then released; and what reached
//! the CRM.

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
use crate::load::{Connection, ConnectionPool, Latencies, milliseconds};

/// The status of a report that was queued.
const ACCEPTED: u16 = 202;
/// Connections that report a backlog.
const REPORTERS: usize = 64;
/// How long to wait for the next write if some are missing.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// A CRM, and numbers for new calls.
pub struct Load {
    /// The CRM that all calls are written to.
    pub crm: Crm,
    next: AtomicU64,
}

/// The figures of one candidate.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// From report to write in milliseconds. For a call that was never written, the time spent waiting.
    pub latencies: Latencies,
    /// Writes per second of a backlog.
    pub per_second: f64,
}

/// The reports that a candidate got.
#[derive(Debug, Default)]
pub struct ReportLog {
    calls: Mutex<Vec<Range<u64>>>,
    refused: AtomicU64,
}

/// The outcome of these reports.
#[derive(Debug, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Reports that were not accepted.
    pub refused: u64,
    /// Calls that were accepted and never written.
    pub lost: u64,
    /// Repeated writes of a call.
    pub doubled: u64,
}

impl Outcome {
    /// The figures of a candidate that failed.
    pub fn none() -> Self {
        Self {
            latencies: Latencies::new(vec![]),
            per_second: f64::NAN,
        }
    }
}

impl Load {
    /// Starts the CRM.
    pub async fn start() -> anyhow::Result<Self> {
        Ok(Self {
            crm: Crm::start().await?,
            next: AtomicU64::new(1),
        })
    }

    fn calls(&self, count: usize, reports: &ReportLog) -> Range<u64> {
        let first = self.next.fetch_add(count as u64, Ordering::Relaxed);
        let calls = first..first + count as u64;
        let mut all = reports.calls.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(calls.clone());
        calls
    }

    /// `count` calls end at once, `times` times: all reports are sent at the same time, each over its own connection.
    pub async fn burst(
        &self,
        system: &System,
        reports: &ReportLog,
        count: usize,
        times: usize,
    ) -> anyhow::Result<Outcome> {
        let mut taken = vec![];
        for _ in 0..times {
            let calls = self.calls(count, reports);
            let mut ready = vec![];
            for number in calls.clone() {
                ready.push((Connection::connect(system.front()).await?, system.report(number)));
            }
            let before = self.crm.count();
            let began = Instant::now();
            let mut reporting = JoinSet::new();
            for (mut connection, report) in ready {
                reporting.spawn(async move { connection.ask(&report).await.map(|(status, _)| status) });
            }
            reports.note(reporting).await?;
            self.wait(before + count).await;
            taken.extend(self.taken(calls, &vec![began; count]));
        }
        Ok(Outcome {
            latencies: Latencies::new(taken),
            per_second: f64::NAN,
        })
    }

    /// `rate` calls end per second, evenly spaced.
    pub async fn steady(
        &self,
        system: &System,
        reports: &ReportLog,
        rate: u32,
        length: Duration,
    ) -> anyhow::Result<Outcome> {
        let count = usize::try_from(length.as_secs() * u64::from(rate))?;
        let calls = self.calls(count, reports);
        let connections = Arc::new(ConnectionPool::new(system.front()));
        let before = self.crm.count();
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut reporting = JoinSet::new();
        let mut due = Vec::with_capacity(count);
        for number in calls.clone() {
            due.push(ticks.tick().await.into_std());
            let (report, connections) = (system.report(number), Arc::clone(&connections));
            reporting.spawn(async move { connections.status(&report).await });
        }
        reports.note(reporting).await?;
        self.wait(before + count).await;
        Ok(Outcome {
            latencies: Latencies::new(self.taken(calls, &due)),
            per_second: f64::NAN,
        })
    }

    /// A backlog of `count` calls is accepted while writing is suspended, and then written. The figure is the time from
    /// the first write to the last.
    pub async fn drain(&self, system: &System, reports: &ReportLog, count: usize) -> anyhow::Result<Outcome> {
        // A worker that stops before it acknowledges its last job would run that job again.
        pause(Duration::from_secs(1)).await;
        system.hold()?;
        let calls = self.calls(count, reports);
        let before = self.crm.count();
        let next = Arc::new(AtomicU64::new(calls.start));
        let mut reporting = JoinSet::new();
        for _ in 0..REPORTERS {
            let mut connection = Connection::connect(system.front()).await?;
            let (system, next, end) = (system.reporter(), Arc::clone(&next), calls.end);
            reporting.spawn(async move {
                let mut worst = ACCEPTED;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return Ok(worst);
                    }
                    let status = connection.ask(&system.report(number)).await?.0;
                    worst = worst.max(status);
                }
            });
        }
        reports.note(reporting).await?;
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

    /// Waits until the CRM has this many calls or gets no more of them: later writes show in the figure.
    async fn wait(&self, calls: usize) {
        let (mut held, mut since) = (self.crm.count(), Instant::now());
        while held < calls && since.elapsed() < WAIT_LIMIT {
            pause(Duration::from_millis(10)).await;
            let now = self.crm.count();
            if now > held {
                (held, since) = (now, Instant::now());
            }
        }
    }

    /// The time from when each call was due until the CRM had it.
    fn taken(&self, calls: Range<u64>, due: &[Instant]) -> Vec<f64> {
        let now = Instant::now();
        let written = self.crm.written(calls).into_iter();
        let taken = |(call, due): (Option<_>, &Instant)| {
            let at = call.map_or(now, |call: Written| call.at);
            milliseconds(at.duration_since(*due))
        };
        written.zip(due).map(taken).collect()
    }

    /// Compares a candidate's reports with the CRM.
    pub fn counts(&self, reports: &ReportLog) -> DeliveryCounts {
        let all = reports.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls: Vec<_> = all.iter().flat_map(|calls| self.crm.written(calls.clone())).collect();
        let missing = calls.iter().filter(|call| call.is_none()).count() as u64;
        let refused = reports.refused.load(Ordering::Relaxed);
        let written = calls.iter().flatten();
        DeliveryCounts {
            refused,
            lost: missing.saturating_sub(refused),
            doubled: written.map(|call| u64::from(call.times - 1)).sum(),
        }
    }
}

impl ReportLog {
    /// Waits for the responses of a front.
    ///
    /// # Errors
    /// No report was accepted.
    async fn note(&self, mut reporting: JoinSet<anyhow::Result<u16>>) -> anyhow::Result<()> {
        let (all, mut refused, mut why) = (reporting.len(), 0, String::new());
        while let Some(answer) = reporting.join_next().await {
            match answer? {
                Ok(ACCEPTED) => continue,
                Ok(status) => why = format!("status {status}"),
                Err(error) => why = error.to_string(),
            }
            refused += 1;
        }
        self.refused.fetch_add(refused as u64, Ordering::Relaxed);
        ensure!(refused < all, "no report was accepted: {why}");
        Ok(())
    }
}
