//! How much of each tenant's work may be in flight: its concurrency, its pace, and a fair share of the whole.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock;
use crate::domain::id::TenantName;
use crate::domain::pace::Pace;
use crate::domain::release::DeliverySpec;

/// Counts what is in flight. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lanes {
    shared: Arc<Mutex<Counts>>,
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
    limits: (Option<NonZeroU32>, Option<NonZeroU32>),
}

/// A tenant that has something due, and what its release allows.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose.
    pub tenant: TenantName,
    /// Its limits.
    pub spec: DeliverySpec,
    /// Attempts that it made today, if its lane is new and it has a limit a day.
    pub used_today: u32,
}

/// Who may claim how much, and when those that may not should ask again.
#[derive(Debug, Default)]
pub struct Shares {
    /// In the order in which they are served; none is zero.
    pub shares: Vec<(TenantName, u32)>,
    /// When the first of those held back by their pace may go.
    pub paced_until: Option<Timestamp>,
}

/// Something in flight; landing is dropping it.
#[derive(Debug)]
pub struct Flight {
    lanes: Lanes,
    tenant: TenantName,
}

impl Lanes {
    /// No lanes yet; at most `max_in_flight` in all.
    pub fn new(max_in_flight: u32, landed: Arc<Notify>) -> Self {
        Self {
            shared: Arc::default(),
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
            .is_none_or(|lane| lane.limits != (spec.per_second, spec.per_day))
    }

    /// Divides what is free among those who wish, each within its own limits.
    pub fn divide(&self, wishes: &[Wish], now: Timestamp) -> Shares {
        let counts = &mut *self.counts();
        let mut free = self.max_in_flight.saturating_sub(counts.in_flight);
        let mut left = u32::try_from(wishes.len()).unwrap_or(u32::MAX);
        let first = counts.turn.checked_rem(wishes.len()).unwrap_or(0);
        counts.turn = counts.turn.wrapping_add(1);
        let mut divided = Shares::default();
        for wish in wishes[first..].iter().chain(&wishes[..first]) {
            let lane = counts.lane(wish, now);
            let room = wish.spec.concurrency.get().saturating_sub(lane.in_flight);
            if let Some(wait) = lane.pace.wait(now) {
                let until = clock::after(now, wait);
                divided.paced_until = Some(divided.paced_until.map_or(until, |earlier| earlier.min(until)));
            }
            let fair = free.div_ceil(left.max(1));
            let share = room.min(lane.pace.available(now)).min(fair);
            if share > 0 {
                divided.shares.push((wish.tenant.clone(), share));
            }
            free -= share;
            left -= 1;
        }
        divided
    }

    /// Notes that something of `tenant` goes out.
    pub fn depart(&self, tenant: &TenantName, now: Timestamp) -> Flight {
        let counts = &mut *self.counts();
        counts.in_flight += 1;
        if let Some(lane) = counts.lanes.get_mut(tenant) {
            lane.in_flight += 1;
            lane.pace.take(1, now);
        }
        Flight {
            lanes: self.clone(),
            tenant: tenant.clone(),
        }
    }
}

impl Counts {
    /// The tenant's lane, made anew when its limits changed; what is in flight is remembered.
    fn lane(&mut self, wish: &Wish, now: Timestamp) -> &mut Lane {
        let limits = (wish.spec.per_second, wish.spec.per_day);
        let pace = || Pace::new(limits.0, limits.1, wish.used_today, now);
        let lane = self.lanes.entry(wish.tenant.clone()).or_insert_with(|| Lane {
            in_flight: 0,
            pace: pace(),
            limits,
        });
        if lane.limits != limits {
            (lane.pace, lane.limits) = (pace(), limits);
        }
        lane
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
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
mod tests {
    use super::*;

    fn wish(name: &str, concurrency: u32, per_second: Option<u32>) -> Wish {
        let spec = DeliverySpec {
            concurrency: NonZeroU32::new(concurrency).unwrap(),
            per_second: per_second.and_then(NonZeroU32::new),
            ..DeliverySpec::default()
        };
        Wish {
            tenant: name.parse().unwrap(),
            spec,
            used_today: 0,
        }
    }

    fn total(shares: &Shares) -> u32 {
        shares.shares.iter().map(|(_, share)| share).sum()
    }

    #[test]
    fn a_tenant_gets_no_more_than_its_concurrency() {
        let lanes = Lanes::new(100, Arc::default());
        let now = Timestamp::UNIX_EPOCH;
        let wishes = [wish("a", 3, None)];
        assert_eq!(total(&lanes.divide(&wishes, now)), 3);
        let flight = lanes.depart(&wishes[0].tenant, now);
        assert_eq!(total(&lanes.divide(&wishes, now)), 2);
        drop(flight);
        assert_eq!(total(&lanes.divide(&wishes, now)), 3);
    }

    #[test]
    fn what_is_free_is_divided_fairly_and_whole() {
        let lanes = Lanes::new(10, Arc::default());
        let wishes = [wish("a", 100, None), wish("b", 100, None), wish("c", 1, None)];
        for _ in 0..3 {
            let shares = lanes.divide(&wishes, Timestamp::UNIX_EPOCH);
            assert!(total(&shares) <= 10);
            assert_eq!(shares.shares.len(), 3, "nobody goes without: {shares:?}");
            assert!(shares.shares.iter().all(|(_, share)| *share <= 5), "{shares:?}");
        }
    }

    #[test]
    fn with_too_little_for_all_everybody_has_a_turn() {
        let lanes = Lanes::new(1, Arc::default());
        let wishes = [wish("a", 5, None), wish("b", 5, None), wish("c", 5, None)];
        let served: std::collections::BTreeSet<_> = (0..3)
            .map(|_| lanes.divide(&wishes, Timestamp::UNIX_EPOCH).shares[0].0.to_string())
            .collect();
        assert_eq!(served.len(), 3);
    }

    #[test]
    fn a_tenants_pace_holds_it_back_and_says_until_when() {
        let lanes = Lanes::new(100, Arc::default());
        let now = Timestamp::UNIX_EPOCH;
        let wishes = [wish("a", 50, Some(2))];
        assert_eq!(total(&lanes.divide(&wishes, now)), 2);
        let flights: Vec<_> = (0..2).map(|_| lanes.depart(&wishes[0].tenant, now)).collect();
        let held = lanes.divide(&wishes, now);
        assert_eq!(total(&held), 0);
        let later = held.paced_until.unwrap();
        assert!(later > now);
        drop(flights);
        assert_eq!(total(&lanes.divide(&wishes, later)), 1);
    }
}
