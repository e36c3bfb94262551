//! Load during swaps. Failures are counted and do not stop it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::bench_host::Agent;
use crate::load::{ConnectionPool, Latencies, Request, milliseconds};

/// Concurrent status queries.
pub const ASKING: usize = 16;
/// Dispositions per second.
pub const PER_SECOND: u32 = 50;
/// The number of leads, used in turn: two calls of one lead are written one after the other.
pub const LEADS: u64 = 64;

/// The dispositions of all windows.
#[derive(Debug, Default)]
pub struct DispositionCounts {
    /// How many were sent.
    pub sent: AtomicU64,
    /// How many were accepted.
    pub accepted: AtomicU64,
}

/// The results of one window.
pub struct LoadWindow {
    /// The number of requests.
    pub asked: f64,
    /// How many of them got no response or an unexpected one.
    pub failed: f64,
    /// The P50 of status queries in milliseconds.
    pub p50: f64,
    /// The P99 of status queries in milliseconds.
    pub p99: f64,
}

/// A running load.
pub struct Load {
    asker: Arc<SwapClient>,
    asking: JoinSet<Vec<f64>>,
    disposing: JoinSet<()>,
}

struct SwapClient {
    connections: ConnectionPool,
    stop: AtomicBool,
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Load {
    /// Starts the load.
    pub fn start(to: SocketAddr, agent: &Agent, calls: &Arc<DispositionCounts>) -> Self {
        let asker = Arc::new(SwapClient {
            connections: ConnectionPool::new(to),
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

    /// Stops the load and returns its results.
    ///
    /// # Errors
    /// There was no response.
    pub async fn end(self) -> anyhow::Result<LoadWindow> {
        self.asker.stop.store(true, Ordering::Relaxed);
        let took = self.asking.join_all().await.concat();
        let _ = self.disposing.join_all().await;
        anyhow::ensure!(!took.is_empty(), "no status query was answered");
        let latencies = Latencies::new(took);
        #[expect(clippy::cast_precision_loss, reason = "counts of at most millions")]
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed) as f64;
        Ok(LoadWindow {
            asked: count(&self.asker.asked),
            failed: count(&self.asker.failed),
            p50: latencies.quantile(0.5),
            p99: latencies.quantile(0.99),
        })
    }
}

impl SwapClient {
    /// Sends a request and returns whether it got the expected response.
    async fn ask(&self, request: &Request, expect: u16) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answered = self.connections.ask(request, expect).await.is_ok();
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

    async fn dispose(self: Arc<Self>, agent: Agent, calls: Arc<DispositionCounts>) {
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
