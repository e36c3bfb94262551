//! Idle items, kept for their owners, so that they need not be made again.
//!
//! An item is never given to anybody but its owner. There is a limit for each owner and one for all owners together;
//! when the second is reached, the owner with the most items loses its oldest, so that a busy owner does not displace
//! the items of quiet ones. Items expire after [`MAX_IDLE`].

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use jackfield_clock::after;

/// How long an item may be idle: longer than the pauses of a tenant with a telephone call a minute, and short enough
/// that a quiet hour gives its memory to others.
pub const MAX_IDLE: Duration = Duration::from_secs(90);

/// An owner. Two owners that exist at once never have the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolOwner(pub u64);

#[derive(Debug)]
struct IdleItem<T> {
    item: T,
    since: Timestamp,
}

/// The idle items of all owners.
#[derive(Debug)]
pub struct IdlePool<T> {
    /// By owner, the oldest item first. Owners without items are not in it.
    items: HashMap<PoolOwner, VecDeque<IdleItem<T>>>,
    count: usize,
    most: usize,
}

impl<T> IdlePool<T> {
    /// A pool of at most `most` items.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            items: HashMap::new(),
            count: 0,
            most,
        }
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Inserts an item of an owner, who may have `most` of them. Returns the item that is evicted for it, which may be
    /// the same.
    #[must_use]
    pub fn insert(&mut self, owner: PoolOwner, most: usize, item: T, now: Timestamp) -> Option<T> {
        if most == 0 || self.most == 0 {
            return Some(item);
        }
        let own = self.items.entry(owner).or_default();
        own.push_back(IdleItem { item, since: now });
        self.count += 1;
        if own.len() > most {
            self.remove_oldest_of(owner)
        } else if self.count > self.most {
            self.evict()
        } else {
            None
        }
    }

    /// Removes the item that its owner used last: it is the likeliest to be in the processor's caches, and the others
    /// expire.
    pub fn take(&mut self, owner: PoolOwner, now: Timestamp) -> Option<T> {
        let own = self.items.get_mut(&owner)?;
        if own.back().is_none_or(|idle| expires(idle.since) <= now) {
            return None;
        }
        let newest = own.pop_back();
        self.remove_if_empty(owner);
        self.count -= usize::from(newest.is_some());
        newest.map(|idle| idle.item)
    }

    /// Removes the oldest item of the owner with the most items; of several such owners, the one with the oldest item.
    pub fn evict(&mut self) -> Option<T> {
        let rank = |(owner, own): (&PoolOwner, &VecDeque<IdleItem<T>>)| {
            let since = own.front().map(|idle| idle.since);
            (own.len(), std::cmp::Reverse(since), *owner)
        };
        let (.., owner) = self.items.iter().map(rank).max()?;
        self.remove_oldest_of(owner)
    }

    /// Removes all items that have expired.
    #[must_use]
    pub fn expire(&mut self, now: Timestamp) -> Vec<T> {
        let mut expired = vec![];
        self.items.retain(|_, own| {
            while let Some(idle) = own.pop_front_if(|idle| expires(idle.since) <= now) {
                expired.push(idle.item);
            }
            !own.is_empty()
        });
        self.count -= expired.len();
        expired
    }

    /// When the next item expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let oldest = self.items.values().filter_map(|own| own.front());
        oldest.map(|idle| expires(idle.since)).min()
    }

    /// Removes all items of one owner.
    #[must_use]
    pub fn remove(&mut self, owner: PoolOwner) -> Vec<T> {
        let own = self.items.remove(&owner).unwrap_or_default();
        self.count -= own.len();
        own.into_iter().map(|idle| idle.item).collect()
    }

    /// Removes all items.
    #[must_use]
    pub fn clear(&mut self) -> Vec<T> {
        self.count = 0;
        let all = std::mem::take(&mut self.items).into_values().flatten();
        all.map(|idle| idle.item).collect()
    }

    fn remove_oldest_of(&mut self, owner: PoolOwner) -> Option<T> {
        let oldest = self.items.get_mut(&owner)?.pop_front();
        self.remove_if_empty(owner);
        self.count -= usize::from(oldest.is_some());
        oldest.map(|idle| idle.item)
    }

    fn remove_if_empty(&mut self, owner: PoolOwner) {
        if self.items.get(&owner).is_some_and(VecDeque::is_empty) {
            self.items.remove(&owner);
        }
    }
}

fn expires(since: Timestamp) -> Timestamp {
    after(since, MAX_IDLE)
}

#[cfg(test)]
mod tests;
