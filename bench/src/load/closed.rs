//! Closed load: so many requests in flight all the time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Latencies, Request, Wire, milliseconds};
use crate::clock::pause;

/// What a closed load measured.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Answers a second.
    pub per_second: f64,
    /// How long each took, in milliseconds.
    pub latencies: Latencies,
}

impl Closed {
    /// What a load that failed measured.
    pub fn none() -> Self {
        Self {
            per_second: f64::NAN,
            latencies: Latencies::new(vec![]),
        }
    }
}

/// Keeps `at_once` requests in flight for `window`, each over a connection of its own, after a tenth of that to warm
/// up, in which they begin one after the other: callers do not all call in one millisecond. `request` makes the one
/// with a number; no number comes twice in one call, counted from `from`. Every answer must have the status `expect`.
///
/// # Errors
/// A connection broke, or an answer had another status: what is measured is not supposed to.
pub async fn closed(
    to: SocketAddr,
    at_once: usize,
    window: Duration,
    expect: u16,
    from: u64,
    request: impl Fn(u64) -> Request + Send + Sync + 'static,
) -> anyhow::Result<Closed> {
    let request = Arc::new(request);
    let next = Arc::new(AtomicU64::new(from));
    let mut wires = Vec::with_capacity(at_once);
    for _ in 0..at_once {
        wires.push(Wire::connect(to).await?);
    }
    let warm_up = window / 10;
    let begins = Instant::now() + warm_up;
    let ends = begins + window;
    let apart = warm_up / u32::try_from(at_once.max(1))?;
    let mut asking = JoinSet::new();
    for (place, mut wire) in (0_u32..).zip(wires) {
        let (request, next) = (Arc::clone(&request), Arc::clone(&next));
        asking.spawn(async move {
            let mut taken = vec![];
            pause(apart * place).await;
            loop {
                let asked = Instant::now();
                if asked >= ends {
                    return anyhow::Ok(taken);
                }
                let (status, body) = wire.ask(&request(next.fetch_add(1, Ordering::Relaxed))).await?;
                anyhow::ensure!(
                    status == expect,
                    "an answer of {status} where {expect} was expected: {}",
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
    // What was asked within the window may have been answered after it.
    let length = begins.elapsed().max(window);
    // The server closes what is gone before the next one is measured.
    pause(Duration::from_millis(100)).await;
    let latencies = Latencies::new(all);
    #[expect(clippy::cast_precision_loss, reason = "a count of at most millions")]
    let per_second = latencies.count() as f64 / length.as_secs_f64();
    Ok(Closed { per_second, latencies })
}
