//! Closed-loop load: a constant number of requests in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Connection, Latencies, Request, milliseconds};
use crate::clock::pause;

/// The results of closed-loop load.
#[derive(Debug, Clone)]
pub struct ClosedLoop {
    /// Responses per second.
    pub per_second: f64,
    /// The latencies in milliseconds.
    pub latencies: Latencies,
}

impl ClosedLoop {
    /// The results of a load that failed.
    pub fn none() -> Self {
        Self {
            per_second: f64::NAN,
            latencies: Latencies::new(vec![]),
        }
    }
}

/// Keeps `at_once` requests in flight for `window`, each over its own connection. During a warm-up of a tenth of that,
/// the connections start one after the other, because real clients do not all start in the same millisecond. `request`
/// makes the request for a number; numbers count up from `from` and never repeat. Every response must have the status
/// `expect`.
///
/// # Errors
/// A connection broke or a response had another status.
pub async fn run_closed_loop(
    to: SocketAddr,
    at_once: usize,
    window: Duration,
    expect: u16,
    from: u64,
    request: impl Fn(u64) -> Request + Send + Sync + 'static,
) -> anyhow::Result<ClosedLoop> {
    let request = Arc::new(request);
    let next = Arc::new(AtomicU64::new(from));
    let mut wires = Vec::with_capacity(at_once);
    for _ in 0..at_once {
        wires.push(Connection::connect(to).await?);
    }
    let warm_up = window / 10;
    let begins = Instant::now() + warm_up;
    let ends = begins + window;
    let apart = warm_up / u32::try_from(at_once.max(1))?;
    let mut asking = JoinSet::new();
    for (place, mut connection) in (0_u32..).zip(wires) {
        let (request, next) = (Arc::clone(&request), Arc::clone(&next));
        asking.spawn(async move {
            let mut taken = vec![];
            pause(apart * place).await;
            loop {
                let asked = Instant::now();
                if asked >= ends {
                    return anyhow::Ok(taken);
                }
                let (status, body) = connection.ask(&request(next.fetch_add(1, Ordering::Relaxed))).await?;
                anyhow::ensure!(
                    status == expect,
                    "expected status {expect}, got {status}: {}",
                    String::from_utf8_lossy(body)
                );
                if asked >= begins {
                    taken.push(milliseconds(asked.elapsed()));
                }
            }
        });
    }
    let mut all = vec![];
    while let Some(taken) = asking.join_next().await {
        all.extend(taken??);
    }
    // A request that was sent within the window may be answered after it.
    let length = begins.elapsed().max(window);
    // The server closes these connections before the next measurement.
    pause(Duration::from_millis(100)).await;
    let latencies = Latencies::new(all);
    #[expect(clippy::cast_precision_loss, reason = "a count of at most millions")]
    let per_second = latencies.count() as f64 / length.as_secs_f64();
    Ok(ClosedLoop { per_second, latencies })
}
