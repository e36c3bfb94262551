//! Claims deliveries, attempts them, and stores what follows.

mod round;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, AttemptOutcome, PushClient, policy};
use super::lanes::{AttemptInFlight, Lanes};
use crate::observe::metrics::Metrics;
use crate::tenants::{Tenant, Tenants};
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::delivery::{DeliveryVerdict, Destination, NextStep, decide, decide_trial};
use jackfield_domain::intake::idempotency::KEYS_FORGOTTEN_AT_ONCE;
use jackfield_store::{ClaimedDelivery, FinishAttempt, FinishOutcome, LEASE, SharedStore, StoreError};

/// The least time between two rounds of a host: each costs a fraction of a millisecond, and every accept asks for one.
pub const ROUND_GAP: Duration = Duration::from_millis(2);
/// How often the engine polls for work that nobody announced: another host's, or an expired lease's.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How often expired webhook keys are deleted.
const FORGET_KEYS_EVERY: Duration = Duration::from_mins(10);

/// One run of a host, as it stands in leases: `{host}/{start}`.
#[derive(Debug, Clone)]
pub struct LeaseOwner {
    /// The host's id, without a slash. It stays the same from one start to the next.
    pub host: String,
    /// Another number at each start.
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
    wake: Arc<Notify>,
    rng: Mutex<StdRng>,
    owner: LeaseOwner,
    round_gap: Duration,
    lanes: Lanes,
    push: PushClient,
}

/// A claimed delivery, the release that it goes out under, and its place among what is in flight.
#[derive(Debug)]
struct Job {
    claimed: ClaimedDelivery,
    tenant: Arc<Tenant>,
    in_flight: AttemptInFlight,
}

impl Engine {
    /// An idle engine.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(parts: EngineParts) -> Result<Self, reqwest::Error> {
        let breakers = parts.tenants.breakers.clone();
        let lanes = Lanes::new(parts.max_in_flight, Arc::clone(&parts.wake), breakers);
        Ok(Self {
            store: parts.store,
            tenants: parts.tenants,
            clock: parts.clock,
            metrics: parts.metrics,
            wake: parts.wake,
            rng: Mutex::new(parts.rng),
            owner: parts.owner,
            round_gap: parts.round_gap,
            lanes,
            push: PushClient::new()?,
        })
    }

    /// Works until `stop`, then finishes what is in flight. The caller bounds how long that may take: the lease of a
    /// dropped attempt brings its delivery back.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let in_flight = TaskTracker::new();
        let (mut forget_keys_at, mut next_round) = (Timestamp::MIN, Timestamp::MIN);
        while !stop.is_cancelled() {
            // Under load every accept wakes the engine; a round for each would cost more than it finds.
            if self.clock.now() < next_round {
                self.clock.sleep_until(next_round).await;
            }
            let now = self.clock.now();
            next_round = clock::after(now, self.round_gap);
            if now >= forget_keys_at {
                forget_keys_at = clock::after(now, FORGET_KEYS_EVERY);
                self.forget_expired_keys().await;
            }
            let until = match self.round().await {
                Ok(round) if round.jobs.is_empty() => round.until,
                Ok(round) if stop.is_cancelled() => {
                    self.give_back(round.jobs).await;
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
                    tracing::error!(%error, "the store failed while looking for work");
                    clock::after(self.clock.now(), STORE_PAUSE)
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.clock.sleep_until(until) => {}
                () = stop.cancelled() => {}
            }
        }
        in_flight.close();
        in_flight.wait().await;
    }

    /// Does everything that is due now and what follows from it, until nothing is due. For tests and simulations, whose
    /// clock stands still meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_off(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let round = self.round().await?;
            if round.jobs.is_empty() && round.given_up == 0 {
                return Ok(done);
            }
            done += round.jobs.len();
            join_all(round.jobs.into_iter().map(|job| self.perform(job))).await;
        }
    }

    /// Takes back the deliveries that this host held when it last stopped, as nobody works on them, and those whose
    /// lease has expired. Another host's unexpired leases stay. Call it once, before [`Engine::run`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let taken = self.store.reap(self.clock.now(), Some(&self.owner.host)).await?;
        if taken > 0 {
            tracing::warn!(
                deliveries = taken,
                "took back what was in flight when the host last stopped"
            );
        }
        Ok(taken)
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
        let mut attempt = Attempt::new(claimed, tenant, &self.clock, &self.metrics, &self.push);
        let outcome = attempt.make(&policy).await;
        let now = self.clock.now();
        if let Some(until) = attempt.pause_until {
            self.lanes.pause(&claimed.tenant, claimed.kind, until, now);
        }
        let (verdict, breaker) = match outcome {
            AttemptOutcome::Ended { result, progress } => {
                let verdict = if in_flight.is_trial() {
                    decide_trial(progress, claimed.due, &result, &policy, now, self.jitter())
                } else {
                    decide(progress, &result, &policy, now, self.jitter())
                };
                let spec = &tenant.release().spec.delivery;
                let change = in_flight.ended(claimed.lease.id, &result.outcome, spec, now, self.jitter());
                (verdict, change)
            }
            AttemptOutcome::NeedsDecision => (DeliveryVerdict::ask(claimed.progress), None),
            AttemptOutcome::Unreadable => (DeliveryVerdict::unreadable(claimed.progress), None),
        };
        self.metrics.attempt(&claimed.tenant, claimed.kind, verdict.class);
        let (detail, leads) = (attempt.detail, attempt.leads);
        let fault = detail.fault.map(jackfield_domain::delivery::failure::FaultCause::word);
        let http_status = detail.http_status;
        let finish = FinishAttempt {
            lease: claimed.lease,
            now,
            verdict: verdict.clone(),
            detail,
            leads,
            breaker,
        };
        match self.finish(finish).await {
            FinishOutcome::Stored { .. } => {
                if matches!(verdict.step, NextStep::Done { .. }) && claimed.kind.rules().destination == Destination::Crm
                {
                    let after = now.duration_since(claimed.accepted_at).unsigned_abs();
                    self.metrics.written_back(&claimed.tenant, after);
                }
                report(claimed, tenant, &verdict, fault, http_status);
            }
            FinishOutcome::LeaseLost => {
                tracing::warn!(delivery = %claimed.lease.id, tenant = %claimed.tenant, "the lease was lost; nothing \
                    changed");
            }
        }
    }

    /// Stores the end of an attempt. Since it happened, this is retried until the lease has expired anyway.
    async fn finish(&self, finish: FinishAttempt) -> FinishOutcome {
        let lost_at = clock::after(self.clock.now(), LEASE);
        loop {
            match self.store.finish(finish.clone()).await {
                Ok(outcome) => return outcome,
                Err(error) => {
                    tracing::error!(%error, delivery = %finish.lease.id, "the end of an attempt cannot be stored yet");
                    let now = self.clock.now();
                    if now >= lost_at {
                        return FinishOutcome::LeaseLost;
                    }
                    self.clock.sleep_until(clock::after(now, STORE_PAUSE)).await;
                }
            }
        }
    }

    async fn give_back(&self, jobs: Vec<Job>) {
        let leases: Vec<_> = jobs.iter().map(|job| job.claimed.lease).collect();
        if let Err(error) = self.store.release_leases(&leases).await {
            tracing::warn!(%error, "claimed deliveries could not be given back; their leases will bring them back");
        }
    }

    async fn forget_expired_keys(&self) {
        loop {
            match self.store.forget_keys(self.clock.now()).await {
                Ok(KEYS_FORGOTTEN_AT_ONCE..) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "expired webhook keys could not be forgotten");
                    return;
                }
            }
        }
    }

    fn jitter(&self) -> f64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}

/// The one log line of an attempt. Its alert, if it raised one, is logged by the announcer.
fn report(
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
