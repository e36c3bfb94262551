//! One call: an instance, every limit around it, and a cause for everything that stops it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use super::budget::TimeBudget;
use super::cpu::{CpuLimitReached, CpuMeter};
use super::heavy::{LongRunHistory, LowPriorityThreads, Running};
use super::instance::Instance;
use super::package::LinkedComponent;
use super::places::{InstancePool, ReleasePool};
use super::recorder::Recorder;
use super::seen::{Observations, Shortage};
use super::state::{Environment, InvocationLimits, MAX_HANDED_OVER};
use jackfield_clock::{SharedClock, timeout};
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};

/// What the engine says when a guest hands over more than [`MAX_HANDED_OVER`]. Its error has no type to ask for.
const TOO_MUCH_HANDED_OVER: &str = "fuel allocated for hostcalls has been exhausted";

/// How a call of an adapter ended, and what the host saw while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation<T> {
    /// The adapter's answer, or why there is none.
    pub outcome: Result<T, Failure>,
    /// A request other than GET or HEAD left the host, or may have left.
    pub sent: bool,
    /// Status code of the last answer that the adapter got.
    pub http_status: Option<u16>,
    /// Requests that the adapter sent.
    pub http_requests: u32,
    /// Words of [`jackfield_domain::tenant::egress::EgressRefusal`], and how many requests stayed here for each.
    pub refused: Vec<(&'static str, u32)>,
    /// A request was given up because it had used up the call's time.
    pub out_of_time: bool,
    /// The CRM wants no more requests before this time, by the headers of its answers, whatever the adapter said.
    pub pause_until: Option<Timestamp>,
    /// Its instance had served others of the release before.
    pub reused: bool,
    /// From the beginning to the end, by the host's clock: waiting for a free instance included.
    pub took: Duration,
}

impl<T> Invocation<T> {
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
pub enum InvocationError {
    /// The guest stopped, or could not be started.
    Stopped(wasmtime::Error),
    /// It answered something that the contract does not allow.
    BadOutput(String),
}

impl From<wasmtime::Error> for InvocationError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stopped(error)
    }
}

/// What is done with an instance: most often, one export called.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<Result<T, Failure>, InvocationError>> + Send + 'a>>;

/// Whose call it is.
pub struct Target<'a> {
    /// The adapter.
    pub code: &'a Arc<LinkedComponent>,
    /// What all calls of it have in common.
    pub environment: &'a Arc<Environment>,
    /// Its release's idle instances; without them every call has a fresh one.
    pub own: Option<&'a ReleasePool>,
    /// Its release's share of the instances.
    pub quota: Option<&'a Arc<Semaphore>>,
}

/// Runs calls: what they share across all releases.
#[derive(Clone)]
pub struct Invoker {
    /// The engine.
    pub engine: wasmtime::Engine,
    /// As many as there may be instances, and those that are idle.
    pub places: Arc<InstancePool>,
    /// Where those that compute long go on.
    pub heavy: Arc<LowPriorityThreads>,
    /// As many as there may be status queries.
    pub status: Arc<Semaphore>,
    /// Takes down the calls of some tenants.
    pub recorder: Recorder,
    /// Deadlines are in its time.
    pub clock: SharedClock,
}

impl Invoker {
    /// Runs `work` on an instance, for at most `deadline`.
    pub async fn run<T: Send + 'static>(
        &self,
        callee: Target<'_>,
        deadline: Duration,
        work: impl for<'a> FnOnce(&'a mut Instance) -> Work<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let Target {
            code,
            environment,
            own,
            quota,
        } = callee;
        let begun = self.clock.now();
        let terms = InvocationLimits {
            seen: Arc::new(Observations::recorded(self.recorder.tape(&environment.tenant))),
            budget: TimeBudget::new(self.clock.clone(), begun, deadline),
            cpu: Arc::new(CpuMeter::new(environment.cpu)),
        };
        let (seen, cpu) = (Arc::clone(&terms.seen), Arc::clone(&terms.cpu));
        // A recorded call has an instance of its own, whose clock is its tape's.
        let own = own.filter(|_| seen.tape().is_none());
        let (mut started, mut reused) = (false, false);
        let call = async {
            // A closed semaphore is not possible: nobody closes it. Its permit would only be missing from the count.
            let mine = match quota {
                Some(quota) => Arc::clone(quota).acquire_owned().await.ok(),
                None => None,
            };
            let mut held = match own.and_then(ReleasePool::take) {
                Some(idle) => idle,
                None => self.places.take().await,
            };
            started = true;
            reused = held.instance.is_some();
            let (engine, code, environment) = (self.engine.clone(), Arc::clone(code), Arc::clone(environment));
            let reuse = own.map_or(1, ReleasePool::reuse);
            let (habit, metered) = (Arc::clone(&environment), Arc::clone(&cpu));
            let running = Box::pin(async move {
                // Wherever it is dropped, the instance goes before its place does. It is in its place again only when
                // the call has ended well.
                let _mine = mine;
                let idle = held.instance.take();
                let work = async {
                    let mut instance = match idle {
                        Some(mut instance) => {
                            instance.begin(terms);
                            instance
                        }
                        None => Instance::start(&engine, &code, environment, terms).await?,
                    };
                    let outcome = work(&mut instance).await?;
                    Ok((outcome, instance.end(reuse).then_some(instance)))
                };
                let ended = metered.metered(work).await;
                ended.map(|(outcome, instance)| {
                    held.instance = instance;
                    (outcome, held)
                })
            });
            self.place(&habit.habit, &cpu, running).await
        };
        let ended = timeout(&*self.clock, deadline, call).await;
        let outcome = match ended {
            Some(Ok((outcome, held))) => {
                if let Some(own) = own.filter(|_| held.instance.is_some()) {
                    own.keep(held);
                }
                outcome
            }
            Some(Err(InvocationError::BadOutput(detail))) => Err(fault(FaultCause::BadOutput, detail)),
            Some(Err(InvocationError::Stopped(error))) => Err(stopped(&error, environment, &seen)),
            None => Err(late(deadline, started)),
        };
        let now = self.clock.now();
        Invocation {
            outcome: outcome.map_err(|failure| heed(failure, seen.pause_until(), now)),
            sent: seen.sent(),
            http_status: seen.status(),
            http_requests: seen.requests(),
            refused: seen.refused(),
            out_of_time: seen.out_of_time(),
            pause_until: seen.pause_until(),
            reused,
            took: now.duration_since(begun).unsigned_abs(),
        }
    }

    /// Runs a call here for as long as it is quick, and among the heavy ones from then on. If that is its release's
    /// habit, it begins there.
    async fn place<T: Send + 'static>(&self, habit: &LongRunHistory, cpu: &CpuMeter, mut call: Running<T>) -> T {
        let quick = if habit.is_heavy() {
            None
        } else {
            poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if cpu.is_heavy() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await
        };
        if let Some(ended) = quick {
            habit.note(cpu.is_heavy());
            return ended;
        }
        // At once, for those that come while it runs, and because it may be cut short.
        let known = cpu.is_heavy();
        if known {
            habit.note(true);
        }
        let ended = self.heavy.run(call).await;
        if !known {
            habit.note(cpu.is_heavy());
        }
        ended
    }
}

fn fault(cause: FaultCause, detail: impl Into<String>) -> Failure {
    Failure::Fault(Fault {
        cause,
        detail: detail.into(),
    })
}

fn late(deadline: Duration, started: bool) -> Failure {
    let limit = deadline.as_millis();
    if started {
        let detail = format!("the call took longer than its deadline of {limit} ms");
        fault(FaultCause::WallClock, detail)
    } else {
        let detail = format!("no instance became free within {limit} ms: too many calls are in flight");
        fault(FaultCause::Host, detail)
    }
}

/// A rate limit for which the adapter named no wait gets the one that the CRM's headers ask for.
fn heed(failure: Failure, pause_until: Option<Timestamp>, now: Timestamp) -> Failure {
    match (failure, pause_until) {
        (Failure::RateLimited { retry_after: None }, Some(until)) => Failure::RateLimited {
            retry_after: Some(Duration::try_from(until.duration_since(now)).unwrap_or_default()),
        },
        (failure, _) => failure,
    }
}

/// Names what stopped a guest. A memory cap that was reached looks like any other panic, so the limiter's word goes
/// before the trap's.
fn stopped(error: &wasmtime::Error, environment: &Environment, seen: &Observations) -> Failure {
    let last_words = seen.stderr.last_line();
    if error.is::<CpuLimitReached>() || error.downcast_ref() == Some(&Trap::Interrupt) {
        let limit = environment.cpu.as_millis();
        return fault(FaultCause::CpuDeadline, format!("it computed longer than {limit} ms"));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return fault(FaultCause::Host, format!("the pool of instances is used up: {error}"));
    }
    let trap = error.downcast_ref::<Trap>();
    if let Some(shortage) = seen.shortage().filter(|_| may_be_for_lack_of_memory(trap)) {
        let detail = match shortage {
            Shortage::Memory => format!("it wanted more than {} MiB of memory", environment.memory >> 20),
            Shortage::Table => "it wanted more elements in its tables than an instance may have".into(),
        };
        return fault(FaultCause::MemoryCap, detail);
    }
    if let Some(trap) = trap {
        let cause = match trap {
            Trap::StackOverflow => FaultCause::Stack,
            _ => FaultCause::Trap,
        };
        let detail = match trap {
            _ if !last_words.is_empty() => last_words,
            // Most toolchains put the guest's own stack at the beginning of its memory, where it ends at address zero.
            // The engine cannot tell an overflow of it from a wild pointer, so neither is claimed.
            Trap::MemoryOutOfBounds => format!("{trap}: a pointer to nowhere, or too deep a recursion"),
            _ => trap.to_string(),
        };
        return fault(cause, detail);
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        let detail = format!("it ended itself with exit code {code}: {last_words}");
        return fault(FaultCause::Trap, detail.trim_end_matches(": "));
    }
    // What is left: an answer that cannot be read as the contract's types, or one that is too large.
    let words = format!("{error:#}");
    let detail = if words.contains(TOO_MUCH_HANDED_OVER) {
        format!("it handed the host more than {} MiB at once", MAX_HANDED_OVER >> 20)
    } else {
        words.chars().take(500).collect()
    };
    fault(FaultCause::BadOutput, detail)
}

/// Whether a guest that was refused memory may have ended in this way because of it: languages give up by
/// `unreachable`, write to the address that they did not get, or do not start at all. A division by zero has other
/// reasons, and so has a recursion that is too deep.
const fn may_be_for_lack_of_memory(trap: Option<&Trap>) -> bool {
    matches!(
        trap,
        None | Some(Trap::UnreachableCodeReached | Trap::MemoryOutOfBounds | Trap::TableOutOfBounds)
    )
}
