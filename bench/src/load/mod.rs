//! Load generators. Paced load sends requests at fixed times, so that a slow response does not delay the next request,
//! and counts each latency from the time at which the request was due. Closed-loop load sends the next request as soon
//! as a response arrives; it measures throughput.

mod closed_loop;
mod connection;
mod connections;

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

pub use closed_loop::{ClosedLoop, run_closed_loop};
pub use connection::{Connection, Request};
pub use connections::ConnectionPool;

use crate::clock::pause;

/// Sorted latencies in milliseconds.
#[derive(Debug, Clone)]
pub struct Latencies(Vec<f64>);

impl Latencies {
    /// Sorts the latencies.
    pub fn new(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// The latency that a `share` of the requests do not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a count of at most millions"
        )]
        let rank = (self.0.len() as f64 * share) as usize;
        self.0
            .get(rank.min(self.0.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The number of latencies.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Sends `rate` requests per second for `length` and returns the latencies, counted from when each request was due.
///
/// # Errors
/// A request failed.
pub async fn paced<F>(rate: u32, length: Duration, ask: impl Fn(u64) -> F) -> anyhow::Result<Latencies>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    let total = length.as_secs() * u64::from(rate);
    for number in 0..total {
        let due = ticks.tick().await.into_std();
        let answer = ask(number);
        asked.spawn(async move { answer.await.map(|()| due.elapsed()) });
    }
    let mut taken = Vec::with_capacity(asked.len());
    while let Some(done) = asked.join_next().await {
        taken.push(milliseconds(done??));
    }
    Ok(Latencies::new(taken))
}

/// Runs numbered operations one after the other and returns how long each took.
///
/// # Errors
/// An operation failed.
pub async fn one_by_one<F: Future<Output = anyhow::Result<()>>>(
    count: usize,
    operation: impl Fn(usize) -> F,
) -> anyhow::Result<Latencies> {
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let began = Instant::now();
        operation(number).await?;
        took.push(milliseconds(began.elapsed()));
    }
    Ok(Latencies::new(took))
}

/// A duration in milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Repeats `act` in `workers` tasks until the returned guard is dropped. Errors are ignored: the host sometimes refuses
/// a misbehaving client.
pub fn disturb<F>(workers: usize, act: impl Fn(u64) -> F + Clone + Send + 'static) -> JoinSet<()>
where
    F: Future<Output = ()> + Send,
{
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let act = act.clone();
        tasks.spawn(async move {
            for turn in (worker as u64..).step_by(workers) {
                act(turn).await;
            }
        });
    }
    tasks
}

/// Polls `done` every ten milliseconds until it returns true.
///
/// # Errors
/// It did not within `limit`.
pub async fn until(limit: Duration, mut done: impl FnMut() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !done() {
        anyhow::ensure!(began.elapsed() < limit, "timed out after {} s", limit.as_secs());
        pause(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_is_an_observed_latency() {
        let latencies = Latencies::new((1..=200).map(f64::from).rev().collect());
        assert_eq!(latencies.count(), 200);
        assert!((latencies.quantile(0.99) - 199.0).abs() < 1e-9);
        assert!((latencies.quantile(1.0) - 200.0).abs() < 1e-9);
        assert!(Latencies::new(vec![]).quantile(0.5).is_nan());
    }
}
