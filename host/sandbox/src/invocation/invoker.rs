//! Runs one invocation: gets an instance, enforces the deadline, and says how it ended.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::instance_pool::{InstancePool, ReleasePool};
use super::low_priority::{GuestFuture, LongRunHistory, LowPriorityThreads};
use super::stop::{deadline_exceeded, fault, stopped};
use crate::guest::environment::{Environment, InvocationLimits};
use crate::guest::error::GuestError;
use crate::guest::instance::Instance;
use crate::guest::linked::LinkedComponent;
use crate::meter::budget::TimeBudget;
use crate::meter::cpu::CpuMeter;
use crate::meter::log::GuestLog;
use crate::meter::memory_budget::MemoryBudget;
use crate::meter::observations::Observations;
use crate::recording::recorder::Recorder;
use jackfield_clock::{SharedClock, timeout};
use jackfield_domain::delivery::LastRequest;
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause, Reason};
use jackfield_domain::tenant::obstacle::{HostObstacle, attribute};

/// What is shown in place of a text that holds a secret. Adapters have none, but an author may have written one down.
const WITHHELD: &str = "(withheld: it holds a secret of the tenant)";

/// How an invocation ended, and what the host observed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation<T> {
    /// The adapter's answer, or why there is none.
    pub outcome: Result<T, Failure>,
    /// A request other than GET or HEAD was sent, or may have been sent.
    pub sent: bool,
    /// Status code of the answer to the last request, if it has one.
    pub http_status: Option<u16>,
    /// The last request of an invocation that failed, whether or not it was sent.
    pub last_request: Option<LastRequest>,
    /// Requests that the adapter sent.
    pub http_requests: u32,
    /// Words of [`jackfield_domain::tenant::egress::EgressRefusal`], and how many requests were refused for each.
    pub refused: Vec<(&'static str, u32)>,
    /// A request was given up because the invocation's time had run out.
    pub out_of_time: bool,
    /// Why the host itself did not send a request that the adapter wanted, if the invocation failed: this says nothing
    /// of the CRM.
    pub obstacle: Option<HostObstacle>,
    /// Why the host did not send a request, or has no answer to the last one that can be read, in words for operators.
    pub host_reason: Option<Reason>,
    /// What the adapter logged. Whoever knows what the invocation was for writes it to the host's log.
    pub log: GuestLog,
    /// The CRM wants no more requests before this time, by the headers of its answers, whatever the adapter returned.
    pub pause_until: Option<Timestamp>,
    /// The instance had served others of the release before.
    pub reused: bool,
    /// How long it took, by the host's clock: waiting for a free instance included.
    pub took: Duration,
}

impl<T> Invocation<T> {
    /// The cause of the fault that stopped the adapter, if one did.
    #[must_use]
    pub const fn fault(&self) -> Option<FaultCause> {
        match &self.outcome {
            Err(Failure::Fault(Fault { cause, .. })) => Some(*cause),
            _ => None,
        }
    }
}

/// What is done with an instance: usually, one of its exports is invoked.
pub type GuestWork<'a, T> = Pin<Box<dyn Future<Output = Result<Result<T, Failure>, GuestError>> + Send + 'a>>;

/// What is invoked: an adapter, as a release sets it up.
pub struct Target<'a> {
    /// The adapter.
    pub component: &'a Arc<LinkedComponent>,
    /// What all invocations of the release have in common.
    pub environment: &'a Arc<Environment>,
    /// Whether the release's invocations run long.
    pub history: &'a LongRunHistory,
    /// The release's idle instances; without them every invocation gets a fresh instance.
    pub pool: Option<&'a ReleasePool>,
    /// The release's share of the instances.
    pub quota: Option<&'a Arc<Semaphore>>,
}

/// Runs invocations: what they share across all releases.
#[derive(Clone)]
pub struct Invoker {
    /// The instances that may exist at once, and those that are idle.
    pub instances: Arc<InstancePool>,
    /// The memory of all guests, idle ones included.
    pub memory: Arc<MemoryBudget>,
    /// Where long-running guests continue.
    pub low_priority: Arc<LowPriorityThreads>,
    /// A permit for each status query that may run at once.
    pub status_permits: Arc<Semaphore>,
    /// Records the invocations of some tenants.
    pub recorder: Recorder,
    /// Deadlines are in its time.
    pub clock: SharedClock,
}

impl Invoker {
    /// Runs `work` on an instance, for at most `deadline`.
    pub async fn invoke<T: Send + 'static>(
        &self,
        target: Target<'_>,
        deadline: Duration,
        work: impl for<'a> FnOnce(&'a mut Instance) -> GuestWork<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let Target {
            component,
            environment,
            history,
            pool,
            quota,
        } = target;
        let begun = self.clock.now();
        let limits = InvocationLimits {
            observations: Arc::new(Observations::new(self.recorder.tape(&environment.tenant))),
            budget: TimeBudget::new(self.clock.clone(), begun, deadline),
            cpu: Arc::new(CpuMeter::new(environment.cpu)),
            memory: Arc::clone(&self.memory),
        };
        let (observations, cpu) = (Arc::clone(&limits.observations), Arc::clone(&limits.cpu));
        // A recorded invocation needs a fresh instance, whose clock is the tape's.
        let pool = pool.filter(|_| observations.tape().is_none());
        let (mut started, mut reused) = (false, false);
        let invocation = async {
            // Nobody closes the semaphore. If it were closed, only the permit would be missing from the count.
            let permit = match quota {
                Some(quota) => Arc::clone(quota).acquire_owned().await.ok(),
                None => None,
            };
            let mut pooled = if let Some(idle) = pool.and_then(ReleasePool::acquire) {
                idle
            } else {
                if self.memory.is_scarce() {
                    self.instances.evict_idle();
                }
                self.instances.acquire().await
            };
            started = true;
            reused = pooled.instance.is_some();
            let (component, environment) = (Arc::clone(component), Arc::clone(environment));
            let reuse = pool.map_or(1, ReleasePool::reuse);
            let meter = Arc::clone(&cpu);
            let running = Box::pin(async move {
                // The instance is back in its slot only when the invocation has ended well. Wherever this future is
                // dropped, the instance is dropped before its slot is released.
                let _permit = permit;
                let idle = pooled.instance.take();
                let work = async {
                    let mut instance = match idle {
                        Some(mut instance) => {
                            instance.begin(limits);
                            instance
                        }
                        None => Instance::start(&component, environment, limits).await?,
                    };
                    let outcome = work(&mut instance).await?;
                    Ok((outcome, instance.end(reuse).then_some(instance)))
                };
                let ended = meter.metered(work).await;
                ended.map(|(outcome, instance)| {
                    pooled.instance = instance;
                    (outcome, pooled)
                })
            });
            self.run(history, &cpu, running).await
        };
        let ended = tokio::select! {
            biased;
            fault = observations.halted() => Err(fault),
            ended = timeout(&*self.clock, deadline, invocation) => Ok(ended),
        };
        let outcome = match ended {
            Err(fault) => Err(Failure::Fault(fault)),
            Ok(ended) => match ended {
                Some(Ok((outcome, pooled))) => {
                    if let Some(pool) = pool.filter(|_| pooled.instance.is_some()) {
                        pool.release(pooled);
                    }
                    outcome
                }
                Some(Err(GuestError::BadOutput(detail))) => Err(fault(FaultCause::BadOutput, detail)),
                Some(Err(GuestError::Stopped(error))) => Err(stopped(&error, environment, &observations, &self.memory)),
                None => Err(deadline_exceeded(deadline, started)),
            },
        };
        let now = self.clock.now();
        let took = now.duration_since(begun).unsigned_abs();
        Invocation {
            reused,
            took,
            ..observed(outcome, environment, &observations, now)
        }
    }

    /// Runs an invocation on this thread as long as it is short, and on a low-priority thread from then on. If its
    /// release's invocations usually run long, it starts there.
    async fn run<T: Send + 'static>(
        &self,
        history: &LongRunHistory,
        cpu: &CpuMeter,
        mut invocation: GuestFuture<T>,
    ) -> T {
        let short = if history.runs_long() {
            None
        } else {
            poll_fn(|context| match invocation.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if cpu.is_long_running() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await
        };
        if let Some(ended) = short {
            history.record(cpu.is_long_running());
            return ended;
        }
        // Recorded at once, for the invocations that start while this one runs, and because it may be dropped.
        let known = cpu.is_long_running();
        if known {
            history.record(true);
        }
        let ended = self.low_priority.run(invocation).await;
        if !known {
            history.record(cpu.is_long_running());
        }
        ended
    }
}

/// The invocation that ended at `now` with this outcome, as it was observed. It is not known here how long it took.
fn observed<T>(
    outcome: Result<T, Failure>,
    environment: &Environment,
    observations: &Observations,
    now: Timestamp,
) -> Invocation<T> {
    let obstacle = observations.obstacle();
    let shown = |text: &str| {
        let network = environment.network.as_ref();
        let holds_secret = network.is_some_and(|network| network.holds_secret(text.as_bytes()));
        let shown = if holds_secret { WITHHELD } else { text };
        shown.to_owned()
    };
    let outcome = outcome.map_err(|failure| {
        let mut failure = attribute(failure, obstacle.as_ref());
        if let Some(reason) = failure.reason_mut() {
            *reason = reason
                .take()
                .and_then(|reason| Reason::new(&shown(&reason.to_string())));
        }
        with_pause(failure, observations.pause_until(), now)
    });
    let last_request = outcome.as_ref().err().and_then(|_| observations.last_request());
    let obstacle = obstacle.filter(|_| outcome.is_err());
    let host_reason = obstacle.as_ref().map(|obstacle| obstacle.words().to_owned());
    let host_reason = host_reason.or_else(|| observations.trouble());
    Invocation {
        obstacle,
        outcome,
        sent: observations.sent(),
        http_status: observations.status(),
        last_request: last_request.map(|last| LastRequest {
            path: shown(&last.path),
            ..last
        }),
        host_reason: host_reason.and_then(|why| Reason::new(&shown(&why))),
        log: observations.take_log().map_texts(shown),
        http_requests: observations.requests(),
        refused: observations.refused(),
        out_of_time: observations.out_of_time(),
        pause_until: observations.pause_until(),
        reused: false,
        took: Duration::ZERO,
    }
}

/// Gives a rate limit without a wait the one that the CRM's headers ask for.
fn with_pause(failure: Failure, pause_until: Option<Timestamp>, now: Timestamp) -> Failure {
    match (failure, pause_until) {
        (Failure::RateLimited { retry_after: None }, Some(until)) => Failure::RateLimited {
            retry_after: Some(Duration::try_from(until.duration_since(now)).unwrap_or_default()),
        },
        (failure, _) => failure,
    }
}
