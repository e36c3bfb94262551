//! How much of each tenant's work may be in flight: its concurrency, its pace, what its destinations ask for, its CRM's
//! breaker, and a fair share of the whole.
//!
//! Fair means more than even: a tenant whose CRM hangs keeps what it has until its deadlines are over, so nobody may
//! take more than is left free afterwards. One tenant alone fills half of what may be in flight, two fill a third each,
//! and whoever comes next always finds room.

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

/// Counts what is in flight. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lanes {
    shared: Arc<Mutex<Counts>>,
    breakers: Breakers,
    /// Told whenever something lands, so that the engine looks for more.
    landed: Arc<Notify>,
    max_in_flight: u32,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: u32,
    lanes: HashMap<TenantName, Lane>,
    /// Where the next round begins, so that no tenant is always served first.
    turn: usize,
}

#[derive(Debug)]
struct Lane {
    in_flight: u32,
    pace: Pace,
    limits: PaceLimits,
    release: ReleaseNumber,
    /// Each kind goes to a destination of its own, with its own idea of too fast.
    throttles: HashMap<DeliveryKind, DestinationThrottle>,
}

/// A tenant that has something due, and what its release allows.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose.
    pub tenant: TenantName,
    /// Of which kinds something is due.
    pub kinds: Vec<DeliveryKind>,
    /// The release under which it will go.
    pub release: ReleaseNumber,
    /// Its limits.
    pub spec: DeliverySpec,
    /// Attempts that it made today, if its lane is new and it has a limit a day.
    pub used_today: u32,
}

/// What one tenant may claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub tenant: TenantName,
    /// At most this many in all; never zero.
    pub limit: u32,
    /// Of these kinds, and at most so many of each.
    pub kinds: Vec<(DeliveryKind, u32)>,
    /// Only if nothing else may go.
    pub last: Vec<DeliveryId>,
    /// The release under which it will go.
    pub release: ReleaseNumber,
}

/// Who may claim how much, and when those that may not should ask again.
#[derive(Debug, Default)]
pub struct Shares {
    /// In the order in which they are served.
    pub shares: Vec<Share>,
    /// When the first of those held back may go: by its pace, by its destination or by its breaker.
    pub held_until: Option<Timestamp>,
}

/// Something in flight; landing is dropping it.
#[derive(Debug)]
pub struct Flight {
    lanes: Lanes,
    tenant: TenantName,
    kind: DeliveryKind,
    began: Timestamp,
    /// Of a disposition whose end has not been told to the breaker.
    pass: Option<BreakerPermit>,
}

impl Lanes {
    /// No lanes yet; at most `max_in_flight` in all.
    pub fn new(max_in_flight: u32, landed: Arc<Notify>, breakers: Breakers) -> Self {
        Self {
            shared: Arc::default(),
            breakers,
            landed,
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

    /// Divides what is free among those who wish, each within its own limits.
    pub fn divide(&self, wishes: &[Wish], now: Timestamp) -> Shares {
        let counts = &mut *self.counts();
        let mut divided = Shares::default();
        let mut able: Vec<_> = wishes
            .iter()
            .filter_map(|wish| self.able(counts, wish, now, &mut divided.held_until))
            .collect();
        let first = counts.turn.checked_rem(able.len()).unwrap_or(0);
        counts.turn = counts.turn.wrapping_add(1);
        able.rotate_left(first);
        let mut free = self.max_in_flight.saturating_sub(counts.in_flight);
        let mut left = u32::try_from(able.len()).unwrap_or(u32::MAX);
        for mut share in able {
            let holds = counts.lanes.get(&share.tenant).map_or(0, |lane| lane.in_flight);
            let fair = free.div_ceil(left.max(1));
            share.limit = share.limit.min(fair).min(at_most(holds, free));
            free -= share.limit;
            left -= 1;
            if share.limit > 0 {
                divided.shares.push(share);
            }
        }
        divided
    }

    /// What a tenant may claim, were it alone; none if it may not. Whatever holds it back says until when.
    fn able(&self, counts: &mut Counts, wish: &Wish, now: Timestamp, until: &mut Option<Timestamp>) -> Option<Share> {
        let mut held_until = |at: Timestamp| *until = Some(until.map_or(at, |earlier| earlier.min(at)));
        let lane = counts.lane(wish, now);
        if lane.release != wish.release {
            lane.release = wish.release;
            self.breakers.probe_now(&wish.tenant, now);
        }
        let (mut kinds, mut last) = (vec![], vec![]);
        for kind in &wish.kinds {
            if let Some(pause) = lane.throttles.get(kind).and_then(|throttle| throttle.lasting(now)) {
                held_until(pause);
                continue;
            }
            let mut free = u32::MAX;
            if *kind == DeliveryKind::Disposition {
                let (room, tried) = self.breakers.room(&wish.tenant, &wish.spec, now);
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
        let room = wish.spec.concurrency.get().saturating_sub(lane.in_flight);
        let allowed = kinds.iter().fold(0_u32, |sum, (_, free)| sum.saturating_add(*free));
        let limit = room.min(lane.pace.available(now)).min(allowed);
        (limit > 0).then(|| Share {
            tenant: wish.tenant.clone(),
            limit,
            kinds,
            last,
            release: wish.release,
        })
    }

    /// Notes that something of `tenant` goes out.
    pub fn depart(&self, tenant: &TenantName, kind: DeliveryKind, now: Timestamp) -> Flight {
        let counts = &mut *self.counts();
        counts.in_flight += 1;
        if let Some(lane) = counts.lanes.get_mut(tenant) {
            lane.in_flight += 1;
            lane.pace.take(1, now);
        }
        Flight {
            lanes: self.clone(),
            tenant: tenant.clone(),
            kind,
            began: now,
            pass: (kind == DeliveryKind::Disposition).then(|| self.breakers.begin(tenant)),
        }
    }

    /// Lets nothing of this kind go before `until`, a day at most: its destination said so.
    pub fn pause(&self, tenant: &TenantName, kind: DeliveryKind, until: Timestamp, now: Timestamp) {
        self.throttle(tenant, kind, |throttle| throttle.pause(until, now));
    }

    fn throttle(&self, tenant: &TenantName, kind: DeliveryKind, change: impl FnOnce(&mut DestinationThrottle)) {
        if let Some(lane) = self.counts().lanes.get_mut(tenant) {
            change(lane.throttles.entry(kind).or_default());
        }
    }
}

impl Flight {
    /// Whether it tries out a CRM whose breaker is not closed: then a failure burns no attempt.
    pub fn is_trial(&self) -> bool {
        self.pass.is_some_and(|pass| pass.trial)
    }

    /// Tells how the attempt ended: to the lane, which pauses if it was told to slow down, and to the CRM's breaker.
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
            Err(Failure::RateLimited { retry_after }) => throttle.limited(began, now, *retry_after, jitter),
            _ => throttle.passed(began),
        });
        let pass = self.pass.take()?;
        let signal = CrmSignal::of(outcome);
        let ended = FinishedAttempt { pass, delivery, signal };
        self.lanes.breakers.end(&self.tenant, ended, spec, now, jitter)
    }
}

/// How much more a tenant that holds `holds` may take of what is `free`: no more than what then is left.
const fn at_most(holds: u32, free: u32) -> u32 {
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
    /// The tenant's lane, made anew when its limits changed; what is in flight is remembered.
    fn lane(&mut self, wish: &Wish, now: Timestamp) -> &mut Lane {
        let limits = limits(&wish.spec);
        let lane = self.lanes.entry(wish.tenant.clone()).or_insert_with(|| Lane {
            in_flight: 0,
            pace: Pace::new(&limits, wish.used_today, now),
            limits: limits.clone(),
            release: wish.release,
            throttles: HashMap::new(),
        });
        if lane.limits != limits {
            lane.pace = Pace::new(&limits, wish.used_today, now);
            lane.limits = limits;
        }
        lane
    }
}

impl Drop for Flight {
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
        self.lanes.landed.notify_one();
    }
}

#[cfg(test)]
mod tests;
