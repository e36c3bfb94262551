//! Idle items, kept for their owners, so that they need not be made anew.
//!
//! It is never given to anybody but its owner. There is a bound for each owner and one for all together; where the
//! second is reached, the owner that has most gives up what has waited longest, so that a busy one does not take away
//! everything that the quiet ones have. What waited longer than [`MAX_IDLE`] is given up in any case.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long something waits before it is given up: longer than the pauses of a tenant with a call a minute, and short
/// enough that the memory of a quiet hour is somebody else's.
pub const MAX_IDLE: Duration = Duration::from_secs(90);

/// Whose it is. Two that are alive at once never have the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub u64);

#[derive(Debug)]
struct Idle<T> {
    thing: T,
    since: Timestamp,
}

/// Everything that waits, of all owners.
#[derive(Debug)]
pub struct Reserve<T> {
    /// Of each owner, what has waited longest first. No owner without anything is in it.
    idle: HashMap<Owner, VecDeque<Idle<T>>>,
    count: usize,
    most: usize,
}

impl<T> Reserve<T> {
    /// A reserve of at most so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            idle: HashMap::new(),
            count: 0,
            most,
        }
    }

    /// How many wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Keeps something for its owner, who may have `most` of them. What is given up for it is returned, which may be
    /// the thing itself.
    #[must_use]
    pub fn put(&mut self, owner: Owner, most: usize, thing: T, now: Timestamp) -> Option<T> {
        if most == 0 || self.most == 0 {
            return Some(thing);
        }
        let own = self.idle.entry(owner).or_default();
        own.push_back(Idle { thing, since: now });
        self.count += 1;
        if own.len() > most {
            self.oldest_of(owner)
        } else if self.count > self.most {
            self.give_up()
        } else {
            None
        }
    }

    /// Takes what its owner used last: of all that wait, the processor's caches know it best, and the others grow old
    /// and go.
    pub fn take(&mut self, owner: Owner, now: Timestamp) -> Option<T> {
        let own = self.idle.get_mut(&owner)?;
        if own.back().is_none_or(|idle| expires(idle.since) <= now) {
            return None;
        }
        let taken = own.pop_back();
        self.forget_if_empty(owner);
        self.count -= usize::from(taken.is_some());
        taken.map(|idle| idle.thing)
    }

    /// Gives one up: what has waited longest of the owner that has most. Where several have as many, of the one whose
    /// has waited longest.
    pub fn give_up(&mut self) -> Option<T> {
        let rank = |(owner, own): (&Owner, &VecDeque<Idle<T>>)| {
            let since = own.front().map(|idle| idle.since);
            (own.len(), std::cmp::Reverse(since), *owner)
        };
        let (.., owner) = self.idle.iter().map(rank).max()?;
        self.oldest_of(owner)
    }

    /// Takes out everything that has waited too long.
    #[must_use]
    pub fn expire(&mut self, now: Timestamp) -> Vec<T> {
        let mut gone = vec![];
        self.idle.retain(|_, own| {
            while let Some(idle) = own.pop_front_if(|idle| expires(idle.since) <= now) {
                gone.push(idle.thing);
            }
            !own.is_empty()
        });
        self.count -= gone.len();
        gone
    }

    /// When the next of them has waited too long.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let oldest = self.idle.values().filter_map(|own| own.front());
        oldest.map(|idle| expires(idle.since)).min()
    }

    /// Takes out everything of one owner.
    #[must_use]
    pub fn remove(&mut self, owner: Owner) -> Vec<T> {
        let own = self.idle.remove(&owner).unwrap_or_default();
        self.count -= own.len();
        own.into_iter().map(|idle| idle.thing).collect()
    }

    /// Takes out everything.
    #[must_use]
    pub fn clear(&mut self) -> Vec<T> {
        self.count = 0;
        let all = std::mem::take(&mut self.idle).into_values().flatten();
        all.map(|idle| idle.thing).collect()
    }

    fn oldest_of(&mut self, owner: Owner) -> Option<T> {
        let oldest = self.idle.get_mut(&owner)?.pop_front();
        self.forget_if_empty(owner);
        self.count -= usize::from(oldest.is_some());
        oldest.map(|idle| idle.thing)
    }

    fn forget_if_empty(&mut self, owner: Owner) {
        if self.idle.get(&owner).is_some_and(VecDeque::is_empty) {
            self.idle.remove(&owner);
        }
    }
}

fn expires(since: Timestamp) -> Timestamp {
    let wait = SignedDuration::try_from(MAX_IDLE).unwrap_or(SignedDuration::MAX);
    since.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
