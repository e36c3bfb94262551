//! As many places as there may be instances, and those instances that wait in theirs for another call.
//!
//! An idle instance keeps its place, so those in flight and those that wait are never more than the pool holds. Where a
//! call finds no place free, one that waits is given up for it, whosever it is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::instance::Instance;
use crate::idle_pool::{Owner, Reserve};
use jackfield_clock::SharedClock;

/// An instance in its place, or a place for one.
pub struct PooledInstance {
    /// Goes before its place does: fields are dropped in their order.
    pub instance: Option<Instance>,
    /// None if places are not counted any more, which nothing brings about.
    _place: Option<OwnedSemaphorePermit>,
}

/// The places of all releases.
pub struct InstancePool {
    free: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    next_owner: AtomicU64,
    clock: SharedClock,
}

struct Waiting {
    idle: Reserve<PooledInstance>,
    /// Calls that wait for a place. While there are any, nothing is kept idle.
    calls: usize,
    /// Somebody watches for those that have been idle too long.
    watched: bool,
    /// Nothing is kept any more.
    closed: bool,
}

impl InstancePool {
    /// So many places, in which at most `idle` instances may wait.
    pub fn new(places: u32, idle: u32, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(places as usize)),
            waiting: Mutex::new(Waiting {
                idle: Reserve::new(idle as usize),
                calls: 0,
                watched: false,
                closed: false,
            }),
            next_owner: AtomicU64::default(),
            clock,
        })
    }

    /// A place for a fresh instance, as soon as there is one.
    pub async fn take(&self) -> PooledInstance {
        let place = if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            Some(place)
        } else {
            let _counted = self.count_me();
            // A closed semaphore is not possible: nobody closes it.
            Arc::clone(&self.free).acquire_owned().await.ok()
        };
        PooledInstance {
            instance: None,
            _place: place,
        }
    }

    /// The idle instances of one release, each for `reuse` calls, of which at most `most` wait at once.
    pub fn own(self: &Arc<Self>, reuse: u32, most: usize) -> ReleasePool {
        ReleasePool {
            owner: Owner(self.next_owner.fetch_add(1, Ordering::Relaxed)),
            reuse,
            most,
            places: Arc::clone(self),
        }
    }

    /// How many instances wait.
    pub fn idle(&self) -> usize {
        self.lock().idle.len()
    }

    /// Gives up what waits, and keeps nothing from now on.
    pub fn close(&self) {
        let gone = {
            let mut waiting = self.lock();
            waiting.closed = true;
            waiting.idle.clear()
        };
        drop(gone);
    }

    /// Counts a call that waits, until what this returns is dropped, and gives up an idle instance for it. Whoever
    /// would keep one does so under the same lock, so either it is found here, or the call is noticed there.
    fn count_me(&self) -> impl Drop + '_ {
        let given_up = {
            let mut waiting = self.lock();
            waiting.calls += 1;
            waiting.idle.give_up()
        };
        drop(given_up);
        Counted(self)
    }

    /// Gives up whatever has been idle too long, as long as anything is idle.
    async fn watch(places: Weak<Self>) {
        while let Some(here) = places.upgrade() {
            let (gone, next) = {
                let mut waiting = here.lock();
                let gone = waiting.idle.expire(here.clock.now());
                let next = waiting.idle.next_expiry();
                waiting.watched = next.is_some();
                (gone, next)
            };
            drop(gone);
            let Some(next) = next else { return };
            let expiry = here.clock.sleep_until(next);
            drop(here);
            expiry.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Counted<'a>(&'a InstancePool);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.lock().calls -= 1;
    }
}

/// The idle instances of one release, and so of one tenant. They are given up when this is dropped.
pub struct ReleasePool {
    owner: Owner,
    reuse: u32,
    most: usize,
    places: Arc<InstancePool>,
}

impl ReleasePool {
    /// Calls that one instance may serve.
    pub const fn reuse(&self) -> u32 {
        self.reuse
    }

    /// An instance that waits, if there is one.
    pub fn take(&self) -> Option<PooledInstance> {
        if self.reuse == 1 {
            return None;
        }
        let now = self.places.clock.now();
        self.places.lock().idle.take(self.owner, now)
    }

    /// Keeps an instance for another call of the release, unless somebody waits for its place.
    pub fn keep(&self, held: PooledInstance) {
        let now = self.places.clock.now();
        let (gone, watch) = {
            let mut waiting = self.places.lock();
            if waiting.calls > 0 || waiting.closed {
                (Some(held), false)
            } else {
                let gone = waiting.idle.put(self.owner, self.most, held, now);
                (gone, !std::mem::replace(&mut waiting.watched, true))
            }
        };
        drop(gone);
        if watch {
            drop(tokio::spawn(InstancePool::watch(Arc::downgrade(&self.places))));
        }
    }
}

impl Drop for ReleasePool {
    fn drop(&mut self) {
        if self.reuse > 1 {
            let gone = self.places.lock().idle.remove(self.owner);
            drop(gone);
        }
    }
}

impl fmt::Debug for ReleasePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleasePool")
            .field("owner", &self.owner)
            .field("reuse", &self.reuse)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::idle_pool::MAX_IDLE;
    use jackfield_clock::ManualClock;

    fn places(all: u32, idle: u32) -> (Arc<InstancePool>, ManualClock) {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        (InstancePool::new(all, idle, Arc::new(clock.clone())), clock)
    }

    #[tokio::test]
    async fn whoever_finds_no_place_free_gets_that_of_one_that_waits() {
        let (places, _) = places(2, 2);
        let own = places.own(5, 2);
        let (one, two) = (places.take().await, places.take().await);
        own.keep(one);
        own.keep(two);
        assert_eq!((places.idle(), places.free.available_permits()), (2, 0));
        let stranger = places.take().await;
        assert_eq!((places.idle(), places.free.available_permits()), (1, 0));
        assert!(own.take().is_some());
        drop(stranger);
        assert_eq!(
            (places.idle(), places.free.available_permits()),
            (0, 2),
            "each place is back"
        );
    }

    #[tokio::test]
    async fn nothing_is_kept_while_somebody_waits() {
        let (places, _) = places(1, 1);
        let own = places.own(5, 1);
        let busy = places.take().await;
        let mut waits = Box::pin(places.take());
        assert!(futures_util::poll!(&mut waits).is_pending());
        own.keep(busy);
        assert_eq!(places.idle(), 0);
        let place = waits.await;
        own.keep(place);
        assert_eq!(places.idle(), 1, "nobody waits any more");
    }

    #[tokio::test]
    async fn a_call_that_gave_up_waiting_is_not_counted() {
        let (places, _) = places(1, 1);
        let own = places.own(5, 1);
        let busy = places.take().await;
        {
            let mut waits = Box::pin(places.take());
            assert!(futures_util::poll!(&mut waits).is_pending());
        }
        own.keep(busy);
        assert_eq!(places.idle(), 1);
    }

    #[tokio::test]
    async fn what_is_idle_too_long_gives_its_place_back_and_then_nobody_watches() {
        let (places, clock) = places(2, 2);
        let own = places.own(5, 2);
        for _ in 0..2 {
            let held = places.take().await;
            own.keep(held);
            while clock.next_wake().is_none() {
                tokio::task::yield_now().await;
            }
            clock.advance(MAX_IDLE.saturating_sub(Duration::from_secs(1)));
            assert_eq!(places.idle(), 1);
            clock.advance(Duration::from_secs(1));
            while places.idle() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(places.free.available_permits(), 2);
            assert_eq!(clock.next_wake(), None);
        }
    }

    #[tokio::test]
    async fn a_release_that_goes_takes_its_own_along_and_a_host_that_drains_all() {
        let (places, _) = places(4, 4);
        let (gone, stays) = (places.own(5, 4), places.own(5, 4));
        for own in [&gone, &stays, &stays] {
            let held = places.take().await;
            own.keep(held);
        }
        drop(gone);
        assert_eq!((places.idle(), places.free.available_permits()), (2, 2));
        assert!(stays.take().is_some());
        places.close();
        let held = places.take().await;
        stays.keep(held);
        assert_eq!((places.idle(), places.free.available_permits()), (0, 4));
    }
}
