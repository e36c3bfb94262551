//! Finds work and gets it done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, Tried, policy};
use super::lanes::{Flight, Lanes, Wish};
use super::push::Push;
use crate::clock::{self, SharedClock};
use crate::domain::delivery::{Kind, Step, Verdict, decide};
use crate::metrics::Metrics;
use crate::store::{Claim, Claimed, Finish, FinishOutcome, LEASE, SharedStore, StoreError, TenantShare};
use crate::tenants::{Tenant, Tenants};

/// How often work is looked for that nobody announced: another host's, or an expired lease's.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How often expired webhook keys are forgotten.
const HOUSEKEEPING: Duration = Duration::from_mins(10);

/// What an engine is made of.
#[derive(Debug)]
pub struct EngineParts {
    /// Where deliveries are.
    pub store: SharedStore,
    /// Who is served, by which release.
    pub tenants: Arc<Tenants>,
    /// The time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: Metrics,
    /// Tells that there is work.
    pub wake: Arc<Notify>,
    /// Randomness for jitter.
    pub rng: StdRng,
    /// This process, as it stands in leases.
    pub owner: String,
    /// Deliveries in flight at once.
    pub max_in_flight: u32,
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
    owner: String,
    lanes: Lanes,
    push: Push,
}

/// A claimed delivery, the release it goes under, and its place among what is in flight.
#[derive(Debug)]
struct Job {
    claimed: Claimed,
    tenant: Arc<Tenant>,
    _flight: Flight,
}

/// A look for work.
#[derive(Debug)]
struct Round {
    jobs: Vec<Job>,
    /// When there may be more, if nobody says so earlier.
    until: Timestamp,
}

impl Engine {
    /// An engine that does nothing yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(parts: EngineParts) -> Result<Self, reqwest::Error> {
        let lanes = Lanes::new(parts.max_in_flight, Arc::clone(&parts.wake));
        Ok(Self {
            store: parts.store,
            tenants: parts.tenants,
            clock: parts.clock,
            metrics: parts.metrics,
            wake: parts.wake,
            rng: Mutex::new(parts.rng),
            owner: parts.owner,
            lanes,
            push: Push::new()?,
        })
    }

    /// Works until `stop`, then finishes what is in flight. Whoever calls bounds how long that may take: what is
    /// dropped half-way is brought back by its lease.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let in_flight = TaskTracker::new();
        let mut housekeeping = Timestamp::MIN;
        while !stop.is_cancelled() {
            let now = self.clock.now();
            if now >= housekeeping {
                housekeeping = clock::after(now, HOUSEKEEPING);
                self.keep_house().await;
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

    /// Does everything that is due now, and what follows from it, and returns when nothing is due any more. For tests
    /// and simulations, whose clock stands still meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_off(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let round = self.round().await?;
            if round.jobs.is_empty() {
                return Ok(done);
            }
            done += round.jobs.len();
            join_all(round.jobs.into_iter().map(|job| self.perform(job))).await;
        }
    }

    /// Takes back what this host's former self held: after a crash nobody is working on it. To be called once, before
    /// [`Engine::run`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let taken = self.store.reap(self.clock.now(), Some(&self.owner)).await?;
        if taken > 0 {
            tracing::warn!(
                deliveries = taken,
                "took back what was in flight when the host last stopped"
            );
        }
        Ok(taken)
    }

    /// Looks for work once: takes away expired leases, divides what is free among the tenants, claims.
    async fn round(&self) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let expired = self.store.reap(now, None).await?;
        if expired > 0 {
            tracing::warn!(deliveries = expired, "leases ran out");
        }
        let mut serving = HashMap::new();
        let mut wishes = Vec::new();
        for name in self.store.tenants_due(now).await? {
            // Work of a tenant that cannot be served waits until it can.
            let Some(tenant) = self.tenants.get(&name) else {
                continue;
            };
            wishes.push(self.wish(&tenant, now).await?);
            serving.insert(name, tenant);
        }
        let divided = self.lanes.divide(&wishes, now);
        let shares: Vec<_> = divided
            .shares
            .into_iter()
            .filter_map(|(tenant, limit)| {
                let release = serving.get(&tenant)?.release().number;
                Some(TenantShare { tenant, limit, release })
            })
            .collect();
        let mut jobs = vec![];
        if !shares.is_empty() {
            let claim = Claim {
                owner: self.owner.clone(),
                now,
                lease: LEASE,
                tenants: shares,
            };
            for claimed in self.store.claim(claim).await? {
                if let Some(tenant) = serving.get(&claimed.tenant) {
                    let flight = self.lanes.depart(&claimed.tenant, now);
                    jobs.push(Job {
                        claimed,
                        tenant: Arc::clone(tenant),
                        _flight: flight,
                    });
                }
            }
        }
        let next = if jobs.is_empty() {
            self.store.next_due(now).await?
        } else {
            None
        };
        let until = [next, divided.paced_until].into_iter().flatten().min();
        let poll = clock::after(now, POLL);
        Ok(Round {
            jobs,
            until: until.map_or(poll, |until| until.min(poll)),
        })
    }

    async fn wish(&self, tenant: &Tenant, now: Timestamp) -> Result<Wish, StoreError> {
        let name = tenant.release().tenant();
        let spec = tenant.release().spec.delivery.clone();
        let used_today = if spec.per_day.is_some() && self.lanes.is_new(name, &spec) {
            let used = self.store.attempts_since(name, midnight(now)).await?;
            u32::try_from(used).unwrap_or(u32::MAX)
        } else {
            0
        };
        Ok(Wish {
            tenant: name.clone(),
            spec,
            used_today,
        })
    }

    /// Tries one delivery and writes down what follows.
    async fn perform(&self, job: Job) {
        let Job { claimed, tenant, .. } = &job;
        let policy = policy(claimed.kind, tenant);
        let mut attempt = Attempt::new(claimed, tenant, &self.clock, &self.metrics, &self.push);
        let tried = attempt.make(&policy).await;
        let now = self.clock.now();
        let verdict = match tried {
            Tried::Ended { result, progress } => decide(progress, &result, &policy, now, self.jitter()),
            Tried::Ask => Verdict::ask(claimed.progress),
            Tried::Unreadable => Verdict::unreadable(claimed.progress),
        };
        self.metrics.attempt(&claimed.tenant, claimed.kind, verdict.class);
        let (detail, leads) = (attempt.detail, attempt.leads);
        let fault = detail.fault.map(crate::domain::failure::FaultCause::word);
        let http_status = detail.http_status;
        let finish = Finish {
            lease: claimed.lease,
            now,
            verdict: verdict.clone(),
            detail,
            leads,
        };
        match self.finish(finish).await {
            FinishOutcome::Stored { .. } => {
                if claimed.kind == Kind::Disposition && matches!(verdict.step, Step::Done { .. }) {
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

    /// Stores the end of an attempt. It happened, so this is tried until the lease is over anyway.
    async fn finish(&self, finish: Finish) -> FinishOutcome {
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

    async fn keep_house(&self) {
        loop {
            match self.store.forget_keys(self.clock.now()).await {
                Ok(1000..) => {}
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

/// The one log line of an attempt. Its alert, if there is one, is the announcer's to tell.
fn report(claimed: &Claimed, tenant: &Tenant, verdict: &Verdict, fault: Option<&str>, http_status: Option<u16>) {
    let delivery = claimed.lease.id;
    let tenant_name = &claimed.tenant;
    let (kind, class, state) = (claimed.kind, verdict.class, verdict.step.state());
    let release = tenant.release().number;
    if matches!(verdict.step, Step::Done { .. }) {
        tracing::info!(%delivery, tenant = %tenant_name, %release, %kind, %class, %state, http_status, "delivered");
    } else {
        tracing::warn!(%delivery, tenant = %tenant_name, %release, %kind, %class, %state, http_status, fault, "not \
            delivered");
    }
}

/// The beginning of the day, in UTC.
fn midnight(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).start_of_day();
    today.map_or_else(
        |_| now.saturating_sub(24.hours()).unwrap_or(Timestamp::MIN),
        |day| day.timestamp(),
    )
}
