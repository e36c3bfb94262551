//! How much of each tenant's work may be in flight: its concurrency, its pace, the pauses that destinations ask for,
//! its CRM's breaker, and a fair share of the whole.
//!
//! Fair means more than even: a tenant whose CRM hangs holds its attempts until their deadlines expire, so no tenant
//! may claim more than it leaves free. One tenant alone fills half of what may be in flight, two fill a third each, and
//! the next tenant always finds room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::tenants::Breakers;
use jackfield_clock as clock;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::delivery::DeliverySpec;
use jackfield_domain::delivery::breaker::{BreakerChange, BreakerPermit, CrmSignal, FinishedAttempt};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::pace::{DestinationThrottle, Pace, PaceLimits};
use jackfield_domain::id::{DeliveryId, ReleaseNumber, TenantName};
use jackfield_store::TenantShare;

/// Counts what is in flight. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lanes {
    shared: Arc<Mutex<Counts>>,
    breakers: Breakers,
    /// Notified whenever an attempt ends, so that the engine looks for more.
    ended: Arc<Notify>,
    max_in_flight: u32,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: u32,
    lanes: HashMap<TenantName, Lane>,
    /// Rotates the order of tenants from round to round, so that none is always served first.
    turn: usize,
}

#[derive(Debug)]
struct Lane {
    in_flight: u32,
    pace: Pace,
    limits: PaceLimits,
    release: ReleaseNumber,
    /// One for each kind: each goes to a destination of its own, with limits of its own.
    throttles: HashMap<DeliveryKind, DestinationThrottle>,
}

/// What a tenant has due, and what its release allows.
#[derive(Debug, Clone)]
pub struct TenantDemand {
    /// The tenant.
    pub tenant: TenantName,
    /// The kinds that have something due.
    pub kinds: Vec<DeliveryKind>,
    /// The release under which it will go.
    pub release: ReleaseNumber,
    /// Its limits.
    pub spec: DeliverySpec,
    /// Attempts that it made today, where its lane is new and it has a daily limit.
    pub used_today: u32,
}

/// What each tenant may claim, and when those that may not should be asked again.
#[derive(Debug, Default)]
pub struct ClaimPlan {
    /// In the order in which the tenants are served; no limit is zero.
    pub shares: Vec<TenantShare>,
    /// When the first of those held back may go: by its pace, by its destination or by its breaker.
    pub held_until: Option<Timestamp>,
}

/// A delivery in flight. Dropping it frees its place.
#[derive(Debug)]
pub struct AttemptInFlight {
    lanes: Lanes,
    tenant: TenantName,
    kind: DeliveryKind,
    began: Timestamp,
    /// The breaker's permit, until the attempt's end is reported to it.
    pass: Option<BreakerPermit>,
}

impl Lanes {
    /// An empty set of lanes that allows at most `max_in_flight` attempts in flight.
    pub fn new(max_in_flight: u32, ended: Arc<Notify>, breakers: Breakers) -> Self {
        Self {
            shared: Arc::default(),
            breakers,
            ended,
            max_in_flight,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a tenant's attempts of today have to be counted before it gets a lane.
    pub fn is_new(&self, tenant: &TenantName, spec: &DeliverySpec) -> bool {
        self.counts()
            .lanes
            .get(tenant)
            .is_none_or(|lane| lane.limits != limits(spec))
    }

    /// Divides what is free among the tenants that have something due, each within its own limits.
    pub fn divide(&self, demands: &[TenantDemand], now: Timestamp) -> ClaimPlan {
        let counts = &mut *self.counts();
        let mut divided = ClaimPlan::default();
        let mut claimable: Vec<_> = demands
            .iter()
            .filter_map(|demand| self.claimable_share(counts, demand, now, &mut divided.held_until))
            .collect();
        let first = counts.turn.checked_rem(claimable.len()).unwrap_or(0);
        counts.turn = counts.turn.wrapping_add(1);
        claimable.rotate_left(first);
        let mut free = self.max_in_flight.saturating_sub(counts.in_flight);
        let mut left = u32::try_from(claimable.len()).unwrap_or(u32::MAX);
        for mut share in claimable {
            let holds = counts.lanes.get(&share.tenant).map_or(0, |lane| lane.in_flight);
            let fair = free.div_ceil(left.max(1));
            share.limit = share.limit.min(fair).min(headroom(holds, free));
            free -= share.limit;
            left -= 1;
            if share.limit > 0 {
                divided.shares.push(share);
            }
        }
        divided
    }

    /// What a tenant could claim if it were alone; `None` if it may claim nothing. `until` becomes the earliest time at
    /// which that may change.
    fn claimable_share(
        &self,
        counts: &mut Counts,
        demand: &TenantDemand,
        now: Timestamp,
        until: &mut Option<Timestamp>,
    ) -> Option<TenantShare> {
        let mut held_until = |at: Timestamp| *until = Some(until.map_or(at, |earlier| earlier.min(at)));
        let lane = counts.lane(demand, now);
        if lane.release != demand.release {
            lane.release = demand.release;
            self.breakers.probe_now(&demand.tenant, now);
        }
        let (mut kinds, mut last) = (vec![], vec![]);
        for kind in &demand.kinds {
            if let Some(pause) = lane.throttles.get(kind).and_then(|throttle| throttle.paused_until(now)) {
                held_until(pause);
                continue;
            }
            let mut free = u32::MAX;
            if kind.rules().breaker {
                let (room, tried) = self.breakers.room(&demand.tenant, &demand.spec, now);
                room.until.into_iter().for_each(&mut held_until);
                (free, last) = (room.free, tried);
            }
            if free > 0 {
                kinds.push((*kind, free));
            }
        }
        if kinds.is_empty() {
            return None;
        }
        if let Some(wait) = lane.pace.wait(now) {
            held_until(clock::after(now, wait));
        }
        let room = demand.spec.concurrency.get().saturating_sub(lane.in_flight);
        let allowed = kinds.iter().fold(0_u32, |sum, (_, free)| sum.saturating_add(*free));
        let limit = room.min(lane.pace.available(now)).min(allowed);
        (limit > 0).then(|| TenantShare {
            tenant: demand.tenant.clone(),
            limit,
            kinds,
            last,
            release: demand.release,
        })
    }

    /// Counts an attempt of `tenant` that begins now.
    pub fn begin(&self, tenant: &TenantName, kind: DeliveryKind, now: Timestamp) -> AttemptInFlight {
        let counts = &mut *self.counts();
        counts.in_flight += 1;
        if let Some(lane) = counts.lanes.get_mut(tenant) {
            lane.in_flight += 1;
            lane.pace.consume(1, now);
        }
        AttemptInFlight {
            lanes: self.clone(),
            tenant: tenant.clone(),
            kind,
            began: now,
            pass: kind.rules().breaker.then(|| self.breakers.begin(tenant)),
        }
    }

    /// Holds this kind of delivery back until `until`, a day at most: its destination asked for it.
    pub fn pause(&self, tenant: &TenantName, kind: DeliveryKind, until: Timestamp, now: Timestamp) {
        self.throttle(tenant, kind, |throttle| throttle.pause(until, now));
    }

    fn throttle(&self, tenant: &TenantName, kind: DeliveryKind, change: impl FnOnce(&mut DestinationThrottle)) {
        if let Some(lane) = self.counts().lanes.get_mut(tenant) {
            change(lane.throttles.entry(kind).or_default());
        }
    }
}

impl AttemptInFlight {
    /// Whether it probes a CRM whose breaker is not closed: then a failure costs no attempt.
    pub fn is_trial(&self) -> bool {
        self.pass.is_some_and(|pass| pass.trial)
    }

    /// Reports how the attempt ended to the lane, which pauses if the destination asked for it, and to the CRM's
    /// breaker.
    pub fn ended(
        &mut self,
        delivery: DeliveryId,
        outcome: &Result<String, Failure>,
        spec: &DeliverySpec,
        now: Timestamp,
        jitter: f64,
    ) -> Option<BreakerChange> {
        let began = self.began;
        self.lanes.throttle(&self.tenant, self.kind, |throttle| match outcome {
            Err(Failure::RateLimited { retry_after }) => throttle.record_limited(began, now, *retry_after, jitter),
            _ => throttle.record_passed(began),
        });
        let pass = self.pass.take()?;
        let signal = CrmSignal::of(outcome);
        let ended = FinishedAttempt {
            permit: pass,
            delivery,
            signal,
        };
        self.lanes.breakers.end(&self.tenant, ended, spec, now, jitter)
    }
}

/// How much of `free` a tenant that has `holds` in flight may claim: no more than what is then left for others.
const fn headroom(holds: u32, free: u32) -> u32 {
    free.saturating_sub(holds).div_ceil(2)
}

fn limits(spec: &DeliverySpec) -> PaceLimits {
    PaceLimits {
        per_second: spec.per_second,
        per_day: spec.per_day,
        zone: spec.timezone.clone(),
    }
}

impl Counts {
    /// The tenant's lane. When its limits changed, its pace starts anew; what is in flight still counts.
    fn lane(&mut self, demand: &TenantDemand, now: Timestamp) -> &mut Lane {
        let limits = limits(&demand.spec);
        let lane = self.lanes.entry(demand.tenant.clone()).or_insert_with(|| Lane {
            in_flight: 0,
            pace: Pace::new(&limits, demand.used_today, now),
            limits: limits.clone(),
            release: demand.release,
            throttles: HashMap::new(),
        });
        if lane.limits != limits {
            lane.pace = Pace::new(&limits, demand.used_today, now);
            lane.limits = limits;
        }
        lane
    }
}

impl Drop for AttemptInFlight {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.lanes.breakers.abandon(&self.tenant, pass);
        }
        {
            let counts = &mut *self.lanes.counts();
            counts.in_flight -= 1;
            if let Some(lane) = counts.lanes.get_mut(&self.tenant) {
                lane.in_flight = lane.in_flight.saturating_sub(1);
            }
        }
        self.lanes.ended.notify_one();
    }
}

#[cfg(test)]
mod tests;
