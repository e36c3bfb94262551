//! Load during swaps, in which a failure is counted and ends nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::load::{Latencies, Lines, Request, milliseconds};
use crate::rig::Agent;

/// Status queries in flight.
pub const ASKING: usize = 16;
/// Dispositions a second.
pub const PER_SECOND: u32 = 50;
/// Leads that are called in turn: two calls of one lead are written one after the other.
pub const LEADS: u64 = 64;

/// Dispositions of all windows.
#[derive(Debug, Default)]
pub struct Calls {
    /// So many were sent.
    pub sent: AtomicU64,
    /// So many were accepted.
    pub accepted: AtomicU64,
}

/// What requests felt in one window.
pub struct Window {
    /// Requests.
    pub asked: f64,
    /// Those of them that got another answer than they should, or none.
    pub failed: f64,
    /// Of status queries, in milliseconds.
    pub p50: f64,
    /// Of status queries, in milliseconds.
    pub p99: f64,
}

/// What is asked until it is ended.
pub struct Load {
    asker: Arc<Asker>,
    asking: JoinSet<Vec<f64>>,
    disposing: JoinSet<()>,
}

struct Asker {
    lines: Lines,
    stop: AtomicBool,
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Load {
    /// Begins.
    pub fn start(to: SocketAddr, agent: &Agent, calls: &Arc<Calls>) -> Self {
        let asker = Arc::new(Asker {
            lines: Lines::new(to),
            stop: AtomicBool::default(),
            asked: AtomicU64::default(),
            failed: AtomicU64::default(),
        });
        let (mut asking, mut disposing) = (JoinSet::new(), JoinSet::new());
        for _ in 0..ASKING {
            asking.spawn(Arc::clone(&asker).ask_for_status(agent.status_request("L")));
        }
        disposing.spawn(Arc::clone(&asker).dispose(agent.clone(), Arc::clone(calls)));
        Self {
            asker,
            asking,
            disposing,
        }
    }

    /// Ends it, and says what was felt.
    ///
    /// # Errors
    /// Nothing was answered.
    pub async fn end(self) -> anyhow::Result<Window> {
        self.asker.stop.store(true, Ordering::Relaxed);
        let took = self.asking.join_all().await.concat();
        let _ = self.disposing.join_all().await;
        anyhow::ensure!(!took.is_empty(), "no status query was answered");
        let latencies = Latencies::new(took);
        #[expect(clippy::cast_precision_loss, reason = "counts of at most millions")]
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed) as f64;
        Ok(Window {
            asked: count(&self.asker.asked),
            failed: count(&self.asker.failed),
            p50: latencies.quantile(0.5),
            p99: latencies.quantile(0.99),
        })
    }
}

impl Asker {
    /// Whether it got the answer that it should.
    async fn ask(&self, request: &Request, expect: u16) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answered = self.lines.ask(request, expect).await.is_ok();
        if !answered {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        answered
    }

    async fn ask_for_status(self: Arc<Self>, request: Request) -> Vec<f64> {
        let mut took = vec![];
        while !self.stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            if self.ask(&request, 200).await {
                took.push(milliseconds(began.elapsed()));
            }
        }
        took
    }

    async fn dispose(self: Arc<Self>, agent: Agent, calls: Arc<Calls>) {
        let mut ticks = interval(Duration::from_secs(1) / PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sent = JoinSet::new();
        while !self.stop.load(Ordering::Relaxed) {
            let _ = ticks.tick().await;
            let number = calls.sent.fetch_add(1, Ordering::Relaxed);
            let request = agent.disposition_request(&format!("L{}", number % LEADS), &format!("C-{number}"));
            let (asker, calls) = (Arc::clone(&self), Arc::clone(&calls));
            sent.spawn(async move {
                if asker.ask(&request, 202).await {
                    calls.accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _ = sent.join_all().await;
    }
}
