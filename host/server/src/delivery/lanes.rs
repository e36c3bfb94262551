//! Decides how much of each tenant's work may be in flight: by its concurrency, its pace, the pauses that destinations
//! ask for, its CRM's breaker, and a fair share of the whole.
//!
//! A fair share is more than an even share: a tenant whose CRM hangs holds its attempts until their deadlines expire,
//! so no tenant may claim more than it leaves free. One tenant alone fills half of what may be in flight, two fill a
//! third each, and the next tenant always finds capacity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::tenants::Breakers;
use jackfield_clock::{self as clock, lock};
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::delivery::DeliverySpec;
use jackfield_domain::delivery::breaker::{BreakerChange, BreakerPermit, CrmSignal, FinishedAttempt};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::pace::{DestinationThrottle, Pace, PaceLimits};
use jackfield_domain::id::{DeliveryId, ReleaseNumber, TenantName};
use jackfield_store::TenantShare;

/// Counts the attempts in flight, with one lane for each tenant. Cheap to clone.
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
    rotation: usize,
}

#[derive(Debug)]
struct Lane {
    in_flight: u32,
    pace: Pace,
    limits: PaceLimits,
    release: ReleaseNumber,
    /// One for each kind, since each kind has its own destination with its own limits.
    throttles: HashMap<DeliveryKind, DestinationThrottle>,
}

/// What a tenant has due, and what its release allows.
#[derive(Debug, Clone)]
pub struct TenantDemand {
    /// The tenant.
    pub tenant: TenantName,
    /// The kinds that have deliveries due.
    pub kinds: Vec<DeliveryKind>,
    /// The release under which they will be attempted.
    pub release: ReleaseNumber,
    /// Its limits.
    pub spec: DeliverySpec,
    /// Attempts of today; only counted if the tenant has a daily limit and its lane is new or has new limits.
    pub used_today: u32,
}

/// How much each tenant may claim, and when to plan again for those that may claim nothing.
#[derive(Debug, Default)]
pub struct ClaimPlan {
    /// In the order in which the tenants are served; no limit is zero.
    pub shares: Vec<TenantShare>,
    /// The earliest time at which a tenant that is held back by its pace, a destination or its breaker may claim.
    pub held_until: Option<Timestamp>,
}

/// Counts an attempt as in flight until it is dropped.
#[derive(Debug)]
pub struct AttemptInFlight {
    lanes: Lanes,
    tenant: TenantName,
    kind: DeliveryKind,
    started_at: Timestamp,
    /// The breaker's permit, until the attempt's end is reported to it.
    permit: Option<BreakerPermit>,
}

impl Lanes {
    /// No lanes yet, and at most `max_in_flight` attempts in flight.
    pub fn new(max_in_flight: u32, ended: Arc<Notify>, breakers: Breakers) -> Self {
        Self {
            shared: Arc::default(),
            breakers,
            ended,
            max_in_flight,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.shared)
    }

    /// Whether a tenant's attempts of today must be counted, because its lane is new or has new limits.
    pub fn needs_daily_count(&self, tenant: &TenantName, spec: &DeliverySpec) -> bool {
        self.counts()
            .lanes
            .get(tenant)
            .is_none_or(|lane| lane.limits != limits(spec))
    }

    /// Divides the free capacity among the tenants that have deliveries due, each within its own limits.
    pub fn divide(&self, demands: &[TenantDemand], now: Timestamp) -> ClaimPlan {
        let counts = &mut *self.counts();
        let mut plan = ClaimPlan::default();
        let mut claimable: Vec<_> = demands
            .iter()
            .filter_map(|demand| self.claimable_share(counts, demand, now, &mut plan.held_until))
            .collect();
        let first = counts.rotation.checked_rem(claimable.len()).unwrap_or(0);
        counts.rotation = counts.rotation.wrapping_add(1);
        claimable.rotate_left(first);
        let mut free = self.max_in_flight.saturating_sub(counts.in_flight);
        let mut remaining = u32::try_from(claimable.len()).unwrap_or(u32::MAX);
        for mut share in claimable {
            let in_flight = counts.lanes.get(&share.tenant).map_or(0, |lane| lane.in_flight);
            let fair = free.div_ceil(remaining.max(1));
            share.limit = share.limit.min(fair).min(headroom(in_flight, free));
            free -= share.limit;
            remaining -= 1;
            if share.limit > 0 {
                plan.shares.push(share);
            }
        }
        plan
    }

    /// What a tenant could claim if it were the only one; `None` if it may claim nothing. Lowers `held_until` to the
    /// time at which that may change.
    fn claimable_share(
        &self,
        counts: &mut Counts,
        demand: &TenantDemand,
        now: Timestamp,
        held_until: &mut Option<Timestamp>,
    ) -> Option<TenantShare> {
        let mut hold = |until: Timestamp| *held_until = Some(held_until.map_or(until, |earlier| earlier.min(until)));
        let lane = counts.lane(demand, now);
        if lane.release != demand.release {
            lane.release = demand.release;
            self.breakers.probe_now(&demand.tenant, now);
        }
        let (mut kinds, mut last) = (vec![], vec![]);
        for kind in &demand.kinds {
            if let Some(pause) = lane.throttles.get(kind).and_then(|throttle| throttle.paused_until(now)) {
                hold(pause);
                continue;
            }
            let mut free = u32::MAX;
            if kind.rules().breaker {
                let (capacity, tried) = self.breakers.capacity(&demand.tenant, &demand.spec, now);
                capacity.until.into_iter().for_each(&mut hold);
                (free, last) = (capacity.free, tried);
            }
            if free > 0 {
                kinds.push((*kind, free));
            }
        }
        if kinds.is_empty() {
            return None;
        }
        if let Some(wait) = lane.pace.wait(now) {
            hold(clock::after(now, wait));
        }
        let remaining = demand.spec.concurrency.get().saturating_sub(lane.in_flight);
        let allowed = kinds.iter().fold(0_u32, |sum, (_, free)| sum.saturating_add(*free));
        let limit = remaining.min(lane.pace.available(now)).min(allowed);
        (limit > 0).then(|| TenantShare {
            tenant: demand.tenant.clone(),
            limit,
            kinds,
            last,
            release: demand.release,
        })
    }

    /// Counts an attempt of `tenant` that starts now.
    pub fn start(&self, tenant: &TenantName, kind: DeliveryKind, now: Timestamp) -> AttemptInFlight {
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
            started_at: now,
            permit: kind.rules().breaker.then(|| self.breakers.acquire_permit(tenant)),
        }
    }

    /// Holds back this kind of delivery until `until`, a day at most, because its destination asked for it.
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
    /// Whether the attempt probes a CRM whose breaker is not closed: then a failure costs the delivery no attempt.
    pub fn is_trial(&self) -> bool {
        self.permit.is_some_and(|permit| permit.trial)
    }

    /// Reports how the attempt ended to the lane, which pauses if the destination asked for it, and to the CRM's
    /// breaker.
    pub fn finish(
        &mut self,
        delivery: DeliveryId,
        outcome: &Result<String, Failure>,
        signal: CrmSignal,
        spec: &DeliverySpec,
        now: Timestamp,
        jitter: f64,
    ) -> Option<BreakerChange> {
        let started_at = self.started_at;
        self.lanes.throttle(&self.tenant, self.kind, |throttle| match outcome {
            Err(Failure::RateLimited { retry_after }) => throttle.record_limited(started_at, now, *retry_after, jitter),
            _ if signal == CrmSignal::Unasked => {}
            _ => throttle.record_passed(started_at),
        });
        let permit = self.permit.take()?;
        let ended = FinishedAttempt {
            permit,
            delivery,
            signal,
        };
        self.lanes.breakers.report(&self.tenant, ended, spec, now, jitter)
    }
}

/// How much of `free` a tenant with `in_flight` attempts may claim, so that it never has more in flight than it leaves
/// free for others.
const fn headroom(in_flight: u32, free: u32) -> u32 {
    free.saturating_sub(in_flight).div_ceil(2)
}

fn limits(spec: &DeliverySpec) -> PaceLimits {
    PaceLimits {
        per_second: spec.per_second,
        per_day: spec.per_day,
        zone: spec.timezone.clone(),
    }
}

impl Counts {
    /// The tenant's lane. If the limits have changed, its pace starts again; attempts in flight still count.
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
        if let Some(permit) = self.permit.take() {
            self.lanes.breakers.release_permit(&self.tenant, permit);
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
