//! One call: a fresh instance, every limit around it, and a cause for everything that stops it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi::I32Exit;

use super::cpu::{Cpu, CpuSpent};
use super::seen::Seen;
use super::state::{CallState, Environment};
use crate::clock::{SharedClock, timeout};
use crate::domain::failure::{Failure, Fault, FaultCause};

/// How a call of an adapter ended, and what the host saw while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called<T> {
    /// The adapter's answer, or why there is none.
    pub outcome: Result<T, Failure>,
    /// A request other than GET or HEAD left the host, or may have left.
    pub sent: bool,
    /// Status code of the last answer that the adapter got.
    pub http_status: Option<u16>,
    /// Requests that the adapter sent.
    pub http_requests: u32,
    /// From the beginning to the end, by the host's clock: waiting for a free instance included.
    pub took: Duration,
}

impl<T> Called<T> {
    /// What stopped the adapter, if something did.
    #[must_use]
    pub const fn fault(&self) -> Option<FaultCause> {
        match &self.outcome {
            Err(Failure::Fault(fault)) => Some(fault.cause),
            _ => None,
        }
    }
}

/// Why a call has no answer of the adapter's own.
pub enum Broken {
    /// The guest stopped, or could not be started.
    Stopped(wasmtime::Error),
    /// It answered something that the contract does not allow.
    BadOutput(String),
}

impl From<wasmtime::Error> for Broken {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stopped(error)
    }
}

/// Runs calls: what they share across all releases.
#[derive(Clone)]
pub struct Caller {
    /// The engine.
    pub engine: wasmtime::Engine,
    /// As many as there may be instances.
    pub instances: Arc<Semaphore>,
    /// As many as there may be status queries.
    pub status: Arc<Semaphore>,
    /// Deadlines are in its time.
    pub clock: SharedClock,
}

impl Caller {
    /// Runs `work` on a fresh store, for at most `deadline`. `quota` is the release's share of the instances.
    pub async fn run<T, F>(
        &self,
        environment: &Arc<Environment>,
        quota: Option<&Semaphore>,
        deadline: Duration,
        work: impl FnOnce(Store<CallState>) -> F,
    ) -> Called<T>
    where
        F: Future<Output = Result<Result<T, Failure>, Broken>>,
    {
        let begun = self.clock.now();
        let seen = Arc::new(Seen::default());
        let cpu = Arc::new(Cpu::new(environment.cpu));
        let mut started = false;
        let call = async {
            // A closed semaphore is not possible: nobody closes it. Its permit would only be missing from the count.
            let _mine = match quota {
                Some(quota) => quota.acquire().await.ok(),
                None => None,
            };
            let _one = self.instances.acquire().await.ok();
            started = true;
            let store = CallState::store(&self.engine, environment.clone(), seen.clone(), cpu.clone());
            cpu.metered(work(store)).await
        };
        let ended = timeout(&*self.clock, deadline, call).await;
        let outcome = match ended {
            Some(Ok(outcome)) => outcome,
            Some(Err(Broken::BadOutput(detail))) => Err(fault(FaultCause::BadOutput, detail)),
            Some(Err(Broken::Stopped(error))) => Err(stopped(&error, environment, &seen)),
            None => Err(late(deadline, started, &seen)),
        };
        Called {
            outcome,
            sent: seen.sent(),
            http_status: seen.status(),
            http_requests: seen.requests(),
            took: self.clock.now().duration_since(begun).unsigned_abs(),
        }
    }
}

fn fault(cause: FaultCause, detail: impl Into<String>) -> Failure {
    Failure::Fault(Fault {
        cause,
        detail: detail.into(),
    })
}

fn late(deadline: Duration, started: bool, seen: &Seen) -> Failure {
    let limit = deadline.as_millis();
    if !started {
        let detail = format!("no instance became free within {limit} ms: too many calls are in flight");
        return fault(FaultCause::Host, detail);
    }
    let waiting = if seen.waiting() {
        ", waiting for the CRM's answer"
    } else {
        ""
    };
    fault(
        FaultCause::WallClock,
        format!("the call took longer than its deadline of {limit} ms{waiting}"),
    )
}

/// Names what stopped a guest. A memory cap that was reached looks like any other panic, so the limiter's word goes
/// first.
fn stopped(error: &wasmtime::Error, environment: &Environment, seen: &Seen) -> Failure {
    let last_words = seen.stderr.last_line();
    if error.is::<CpuSpent>() || error.downcast_ref() == Some(&Trap::Interrupt) {
        let limit = environment.cpu.as_millis();
        return fault(FaultCause::CpuDeadline, format!("it computed longer than {limit} ms"));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return fault(FaultCause::Host, format!("the pool of instances is used up: {error}"));
    }
    if seen.memory_refused() {
        let limit = environment.memory >> 20;
        return fault(
            FaultCause::MemoryCap,
            format!("it wanted more than {limit} MiB of memory"),
        );
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let cause = match trap {
            Trap::StackOverflow => FaultCause::Stack,
            _ => FaultCause::Trap,
        };
        let detail = if last_words.is_empty() {
            trap.to_string()
        } else {
            last_words
        };
        return fault(cause, detail);
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        let detail = format!("it ended itself with exit code {code}: {last_words}");
        return fault(FaultCause::Trap, detail.trim_end_matches(": "));
    }
    // What is left: an answer that cannot be read as the contract's types, or one that is too large.
    fault(
        FaultCause::BadOutput,
        format!("{error:#}").chars().take(500).collect::<String>(),
    )
}
