//! Claims deliveries, attempts them, and stores what follows.

mod round;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, AttemptOutcome, policy};
use super::lanes::{AttemptInFlight, Lanes};
use crate::observe::failures::StoreFailureLog;
use crate::observe::metrics::Metrics;
use crate::tenants::{Tenant, Tenants};
use jackfield_clock::{self as clock, SharedClock, lock};
use jackfield_domain::delivery::breaker::CrmSignal;
use jackfield_domain::delivery::{DeliveryVerdict, Destination, NextStep, decide, decide_trial};
use jackfield_domain::intake::idempotency::KEYS_FORGOTTEN_AT_ONCE;
use jackfield_store::{ClaimedDelivery, FinishAttempt, FinishOutcome, LEASE, SharedStore, StoreError};

/// The least time between two rounds of a host: each round costs a fraction of a millisecond, and every accept asks for
/// one.
pub const ROUND_GAP: Duration = Duration::from_millis(2);
/// How often the engine polls for work that no notification announces: another host's, or an expired lease's.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How often expired webhook keys are deleted.
const KEY_DELETION_INTERVAL: Duration = Duration::from_mins(10);

/// One run of a host, as its leases name it: `{host}/{start}`.
#[derive(Debug, Clone)]
pub struct LeaseOwner {
    /// The host's id, without a slash. It stays the same from one start to the next.
    pub host: String,
    /// A number that differs from start to start.
    pub start: u64,
}

impl fmt::Display for LeaseOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:016x}", self.host, self.start)
    }
}

/// The parts of an engine.
#[derive(Debug)]
pub struct EngineParts {
    /// The store of the deliveries.
    pub store: SharedStore,
    /// The tenants in service, each with its release.
    pub tenants: Arc<Tenants>,
    /// The clock.
    pub clock: SharedClock,
    /// The metrics.
    pub metrics: Metrics,
    /// Logs that the store fails.
    pub failures: StoreFailureLog,
    /// Notified when there is work.
    pub wake: Arc<Notify>,
    /// Randomness for jitter.
    pub rng: StdRng,
    /// The owner that this host writes into its leases.
    pub owner: LeaseOwner,
    /// Most deliveries in flight at once.
    pub max_in_flight: u32,
    /// The least time between two rounds.
    pub round_gap: Duration,
}

/// The delivery engine of a host.
#[derive(Debug)]
pub struct Engine {
    store: SharedStore,
    tenants: Arc<Tenants>,
    clock: SharedClock,
    metrics: Metrics,
    failures: StoreFailureLog,
    wake: Arc<Notify>,
    rng: Mutex<StdRng>,
    owner: LeaseOwner,
    round_gap: Duration,
    lanes: Lanes,
}

/// A claimed delivery, the release under which it is attempted, and its count among the attempts in flight.
#[derive(Debug)]
struct Job {
    claimed: ClaimedDelivery,
    tenant: Arc<Tenant>,
    in_flight: AttemptInFlight,
}

impl Engine {
    /// An idle engine.
    #[must_use]
    pub fn new(parts: EngineParts) -> Self {
        let breakers = parts.tenants.breakers.clone();
        let lanes = Lanes::new(parts.max_in_flight, Arc::clone(&parts.wake), breakers);
        Self {
            store: parts.store,
            tenants: parts.tenants,
            clock: parts.clock,
            metrics: parts.metrics,
            failures: parts.failures,
            wake: parts.wake,
            rng: Mutex::new(parts.rng),
            owner: parts.owner,
            round_gap: parts.round_gap,
            lanes,
        }
    }

    /// Works until `stop`, then finishes what is in flight. The caller bounds how long that may take: the lease of a
    /// dropped attempt brings its delivery back.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let in_flight = TaskTracker::new();
        let (mut next_deletion, mut next_round) = (Timestamp::MIN, Timestamp::MIN);
        while !stop.is_cancelled() {
            // Under load every accept wakes the engine; a round for each would cost more than it finds.
            if self.clock.now() < next_round {
                self.clock.sleep_until(next_round).await;
            }
            let now = self.clock.now();
            next_round = clock::after(now, self.round_gap);
            if now >= next_deletion {
                next_deletion = clock::after(now, KEY_DELETION_INTERVAL);
                self.delete_expired_keys().await;
            }
            let next_poll = match self.round().await {
                Ok(round) if round.jobs.is_empty() => round.next_poll,
                Ok(round) if stop.is_cancelled() => {
                    self.release_jobs(round.jobs).await;
                    break;
                }
                Ok(round) => {
                    for job in round.jobs {
                        let engine = Arc::clone(&self);
                        in_flight.spawn(async move { engine.perform(job).await });
                    }
                    continue;
                }
                Err(error) => {
                    self.failures.failed(&error.to_string(), "no work can be looked for");
                    clock::after(self.clock.now(), STORE_PAUSE)
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.clock.sleep_until(next_poll) => {}
                () = stop.cancelled() => {}
            }
        }
        in_flight.close();
        in_flight.wait().await;
    }

    /// Attempts everything that is due now and what follows from it, until nothing is due. For tests and simulations,
    /// whose clock stands still meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub async fn run_until_idle(&self) -> Result<usize, StoreError> {
        let mut attempted = 0;
        loop {
            let round = self.round().await?;
            if round.jobs.is_empty() && round.expired == 0 {
                return Ok(attempted);
            }
            attempted += round.jobs.len();
            join_all(round.jobs.into_iter().map(|job| self.perform(job))).await;
        }
    }

    /// Reaps the leases that this host held when it last stopped, since no worker has them any more, and those that
    /// have expired; their deliveries are due again. Unexpired leases of other hosts stay. Call it once, before
    /// [`Engine::run`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let reaped = self.store.reap(self.clock.now(), Some(&self.owner.host)).await?;
        if reaped > 0 {
            tracing::warn!(
                deliveries = reaped,
                "took back what was in flight when the host last stopped"
            );
        }
        Ok(reaped)
    }

    /// Attempts one delivery and stores what follows.
    async fn perform(&self, job: Job) {
        let Job {
            claimed,
            tenant,
            mut in_flight,
        } = job;
        let (claimed, tenant) = (&claimed, &tenant);
        let policy = policy(claimed.kind, tenant);
        let mut attempt = Attempt::new(claimed, tenant, &self.clock, &self.metrics);
        let outcome = attempt.make(&policy).await;
        let now = self.clock.now();
        if let Some(until) = attempt.pause_until {
            self.lanes.pause(&claimed.tenant, claimed.kind, until, now);
        }
        let (verdict, breaker) = match outcome {
            AttemptOutcome::Ended {
                result,
                history,
                unasked,
            } => {
                // A trial tries the CRM. An attempt in which the CRM was not asked is none, and is counted.
                let verdict = if in_flight.is_trial() && !unasked {
                    decide_trial(history, claimed.due, &result, &policy, now, self.jitter())
                } else {
                    decide(history, &result, &policy, now, self.jitter())
                };
                let spec = &tenant.release().spec.delivery;
                let signal = CrmSignal::of_attempt(&result.outcome, unasked);
                let change = in_flight.finish(claimed.lease.id, &result.outcome, signal, spec, now, self.jitter());
                (verdict, change)
            }
            AttemptOutcome::NeedsDecision => (DeliveryVerdict::ask(claimed.history), None),
            AttemptOutcome::Unreadable => (DeliveryVerdict::unreadable(claimed.history), None),
        };
        self.metrics
            .delivery_attempted(&claimed.tenant, claimed.kind, verdict.class);
        let (detail, leads, refused) = (attempt.detail, attempt.leads, attempt.refused);
        let fault = detail.fault.map(jackfield_domain::delivery::failure::FaultCause::word);
        let http_status = detail.http_status;
        let finish = FinishAttempt {
            lease: claimed.lease,
            now,
            verdict: verdict.clone(),
            detail,
            leads,
            refused,
            breaker,
        };
        match self.finish(finish).await {
            FinishOutcome::Stored { .. } => {
                if matches!(verdict.step, NextStep::Done { .. }) && claimed.kind.rules().destination == Destination::Crm
                {
                    let after = now.duration_since(claimed.accepted_at).unsigned_abs();
                    self.metrics.written_back(&claimed.tenant, after);
                }
                log_attempt(claimed, tenant, &verdict, fault, http_status);
            }
            FinishOutcome::LeaseLost => {
                tracing::warn!(delivery = %claimed.lease.id, tenant = %claimed.tenant, "the lease was lost; nothing \
                    changed");
            }
        }
    }

    /// Stores the end of an attempt. If the store fails, this retries until the lease has expired, since the attempt
    /// was made.
    async fn finish(&self, finish: FinishAttempt) -> FinishOutcome {
        let expires_at = clock::after(self.clock.now(), LEASE);
        loop {
            match self.store.finish(finish.clone()).await {
                Ok(outcome) => return outcome,
                Err(error) => {
                    self.failures
                        .failed(&error.to_string(), "the end of an attempt cannot be stored yet");
                    let now = self.clock.now();
                    if now >= expires_at {
                        return FinishOutcome::LeaseLost;
                    }
                    self.clock.sleep_until(clock::after(now, STORE_PAUSE)).await;
                }
            }
        }
    }

    async fn release_jobs(&self, jobs: Vec<Job>) {
        let leases: Vec<_> = jobs.iter().map(|job| job.claimed.lease).collect();
        if let Err(error) = self.store.release_leases(&leases).await {
            let doing = "claimed deliveries could not be given back; their leases will bring them back";
            self.failures.failed(&error.to_string(), doing);
        }
    }

    async fn delete_expired_keys(&self) {
        loop {
            match self.store.forget_keys(self.clock.now()).await {
                Ok(KEYS_FORGOTTEN_AT_ONCE..) => {}
                Ok(_) => return,
                Err(error) => {
                    self.failures
                        .failed(&error.to_string(), "expired webhook keys could not be forgotten");
                    return;
                }
            }
        }
    }

    fn jitter(&self) -> f64 {
        lock(&self.rng).random()
    }
}

/// Writes the one log line of an attempt. The announcer logs the alert, if the attempt raised one.
fn log_attempt(
    claimed: &ClaimedDelivery,
    tenant: &Tenant,
    verdict: &DeliveryVerdict,
    fault: Option<&str>,
    http_status: Option<u16>,
) {
    let delivery = claimed.lease.id;
    let tenant_name = &claimed.tenant;
    let (kind, class, state) = (claimed.kind, verdict.class, verdict.step.state());
    let release = tenant.release().number;
    if matches!(verdict.step, NextStep::Done { .. }) {
        tracing::info!(%delivery, tenant = %tenant_name, %release, %kind, %class, %state, http_status, "delivered");
    } else {
        tracing::warn!(%delivery, tenant = %tenant_name, %release, %kind, %class, %state, http_status, fault, "not \
            delivered");
    }
}
