//! The instances that may exist at once, and those that are idle until the next invocation of their release.
//!
//! An idle instance keeps its slot, so instances in flight and idle ones together never exceed the engine's pool. If an
//! invocation finds no free slot, an idle instance of any release is dropped for it.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::idle_pool::{IdlePool, PoolOwner};
use crate::guest::instance::Instance;
use jackfield_clock::{SharedClock, lock};

/// A slot for an instance, with or without an instance in it.
pub struct PooledInstance {
    /// Dropped before its slot is released: fields are dropped in their order.
    pub instance: Option<Instance>,
    /// None only if the semaphore is closed, which never happens.
    _slot: Option<OwnedSemaphorePermit>,
}

/// The slots of all releases.
pub struct InstancePool {
    free: Arc<Semaphore>,
    slots: u32,
    /// The most slots that were in use at once since somebody asked.
    peak: AtomicU32,
    idle: Mutex<IdleInstances>,
    next_owner: AtomicU64,
    clock: SharedClock,
}

struct IdleInstances {
    pool: IdlePool<PooledInstance>,
    /// Invocations that wait for a slot. While there are any, no instance is kept idle.
    waiting: usize,
    /// A task drops the instances that have been idle too long.
    watched: bool,
    /// No instance is kept any more.
    closed: bool,
}

impl InstancePool {
    /// A pool of `slots`, at most `idle` of which may hold an idle instance.
    pub fn new(slots: u32, idle: u32, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(slots as usize)),
            slots,
            peak: AtomicU32::default(),
            idle: Mutex::new(IdleInstances {
                pool: IdlePool::new(idle as usize),
                waiting: 0,
                watched: false,
                closed: false,
            }),
            next_owner: AtomicU64::default(),
            clock,
        })
    }

    /// A slot for a fresh instance, as soon as one is free.
    pub async fn acquire(&self) -> PooledInstance {
        let slot = if let Ok(slot) = Arc::clone(&self.free).try_acquire_owned() {
            Some(slot)
        } else {
            let _waiting = self.start_waiting();
            // Nobody closes the semaphore.
            Arc::clone(&self.free).acquire_owned().await.ok()
        };
        self.peak.fetch_max(self.in_use(), Ordering::Relaxed);
        PooledInstance {
            instance: None,
            _slot: slot,
        }
    }

    /// The most slots that were in use at once since this was last asked, idle instances included.
    pub fn peak(&self) -> u32 {
        self.peak.swap(self.in_use(), Ordering::Relaxed)
    }

    fn in_use(&self) -> u32 {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(u32::MAX);
        self.slots.saturating_sub(free)
    }

    /// The idle instances of one release, at most `most` at once, each for `reuse` invocations.
    pub fn for_release(self: &Arc<Self>, reuse: u32, most: usize) -> ReleasePool {
        ReleasePool {
            owner: PoolOwner(self.next_owner.fetch_add(1, Ordering::Relaxed)),
            reuse,
            most,
            instances: Arc::clone(self),
        }
    }

    /// How many instances are idle.
    pub fn idle(&self) -> usize {
        lock(&self.idle).pool.len()
    }

    /// Drops an idle instance of the release that has the most, since memory is scarce.
    pub fn evict_idle(&self) {
        let evicted = lock(&self.idle).pool.evict();
        drop(evicted);
    }

    /// Drops the idle instances, and keeps none from now on.
    pub fn close(&self) {
        let gone = {
            let mut idle = lock(&self.idle);
            idle.closed = true;
            idle.pool.clear()
        };
        drop(gone);
    }

    /// Counts an invocation that waits, until the guard is dropped, and drops an idle instance for it. Instances become
    /// idle under the same lock: either this finds the instance, or whoever releases it sees the waiting invocation.
    fn start_waiting(&self) -> impl Drop + '_ {
        let evicted = {
            let mut idle = lock(&self.idle);
            idle.waiting += 1;
            idle.pool.evict()
        };
        drop(evicted);
        WaitingGuard(self)
    }

    /// Drops the instances that have been idle too long, until none is idle.
    async fn expire(instances: Weak<Self>) {
        while let Some(pool) = instances.upgrade() {
            let (expired, next) = {
                let mut idle = lock(&pool.idle);
                let expired = idle.pool.expire(pool.clock.now());
                let next = idle.pool.next_expiry();
                idle.watched = next.is_some();
                (expired, next)
            };
            drop(expired);
            let Some(next) = next else { return };
            let expiry = pool.clock.sleep_until(next);
            drop(pool);
            expiry.await;
        }
    }
}

struct WaitingGuard<'a>(&'a InstancePool);

impl Drop for WaitingGuard<'_> {
    fn drop(&mut self) {
        lock(&self.0.idle).waiting -= 1;
    }
}

/// The idle instances of one release, and so of one tenant. They are dropped with it.
pub struct ReleasePool {
    owner: PoolOwner,
    reuse: u32,
    most: usize,
    instances: Arc<InstancePool>,
}

impl ReleasePool {
    /// Invocations that one instance may serve.
    pub const fn reuse(&self) -> u32 {
        self.reuse
    }

    /// An idle instance, if there is one.
    pub fn acquire(&self) -> Option<PooledInstance> {
        if self.reuse == 1 {
            return None;
        }
        let now = self.instances.clock.now();
        lock(&self.instances.idle).pool.take(self.owner, now)
    }

    /// Keeps an instance for another invocation of the release, unless an invocation waits for its slot.
    pub fn release(&self, pooled: PooledInstance) {
        let now = self.instances.clock.now();
        let (evicted, watch) = {
            let mut idle = lock(&self.instances.idle);
            if idle.waiting > 0 || idle.closed {
                (Some(pooled), false)
            } else {
                let evicted = idle.pool.insert(self.owner, self.most, pooled, now);
                (evicted, !std::mem::replace(&mut idle.watched, true))
            }
        };
        drop(evicted);
        if watch {
            drop(tokio::spawn(InstancePool::expire(Arc::downgrade(&self.instances))));
        }
    }
}

impl Drop for ReleasePool {
    fn drop(&mut self) {
        if self.reuse > 1 {
            let removed = lock(&self.instances.idle).pool.remove(self.owner);
            drop(removed);
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
    use crate::invocation::idle_pool::MAX_IDLE;
    use jackfield_clock::ManualClock;

    fn pool(slots: u32, idle: u32) -> (Arc<InstancePool>, ManualClock) {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        (InstancePool::new(slots, idle, Arc::new(clock.clone())), clock)
    }

    #[tokio::test]
    async fn a_full_pool_evicts_an_idle_instance() {
        let (pool, _) = pool(2, 2);
        let own = pool.for_release(5, 2);
        let (one, two) = (pool.acquire().await, pool.acquire().await);
        own.release(one);
        own.release(two);
        assert_eq!((pool.idle(), pool.free.available_permits()), (2, 0));
        let stranger = pool.acquire().await;
        assert_eq!((pool.idle(), pool.free.available_permits()), (1, 0));
        assert!(own.acquire().is_some());
        drop(stranger);
        assert_eq!(
            (pool.idle(), pool.free.available_permits()),
            (0, 2),
            "each slot is released"
        );
    }

    #[tokio::test]
    async fn the_peak_is_of_slots_in_use_at_once() {
        let (pool, _) = pool(4, 4);
        let (one, two) = (pool.acquire().await, pool.acquire().await);
        drop(one);
        assert_eq!(pool.peak(), 2);
        assert_eq!(pool.peak(), 1, "since it was asked before, only one slot was in use");
        drop(two);
        let _ = (pool.peak(), pool.acquire().await);
        assert_eq!((pool.peak(), pool.peak()), (1, 0));
    }

    #[tokio::test]
    async fn nothing_is_kept_while_others_wait() {
        let (pool, _) = pool(1, 1);
        let own = pool.for_release(5, 1);
        let busy = pool.acquire().await;
        let mut waits = Box::pin(pool.acquire());
        assert!(futures_util::poll!(&mut waits).is_pending());
        own.release(busy);
        assert_eq!(pool.idle(), 0);
        let slot = waits.await;
        own.release(slot);
        assert_eq!(pool.idle(), 1, "no invocation waits any more");
    }

    #[tokio::test]
    async fn a_cancelled_wait_is_not_counted() {
        let (pool, _) = pool(1, 1);
        let own = pool.for_release(5, 1);
        let busy = pool.acquire().await;
        {
            let mut waits = Box::pin(pool.acquire());
            assert!(futures_util::poll!(&mut waits).is_pending());
        }
        own.release(busy);
        assert_eq!(pool.idle(), 1);
    }

    #[tokio::test]
    async fn idle_instances_expire() {
        // Each slot is released, and then no task watches any more.
        let (pool, clock) = pool(2, 2);
        let own = pool.for_release(5, 2);
        for _ in 0..2 {
            let slot = pool.acquire().await;
            own.release(slot);
            while clock.next_wake().is_none() {
                tokio::task::yield_now().await;
            }
            clock.advance(MAX_IDLE.saturating_sub(Duration::from_secs(1)));
            assert_eq!(pool.idle(), 1);
            clock.advance(Duration::from_secs(1));
            while pool.idle() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(pool.free.available_permits(), 2);
            assert_eq!(clock.next_wake(), None);
        }
    }

    #[tokio::test]
    async fn drop_and_drain_release_idle_instances() {
        let (pool, _) = pool(4, 4);
        let (gone, stays) = (pool.for_release(5, 4), pool.for_release(5, 4));
        for own in [&gone, &stays, &stays] {
            let slot = pool.acquire().await;
            own.release(slot);
        }
        drop(gone);
        assert_eq!((pool.idle(), pool.free.available_permits()), (2, 2));
        assert!(stays.acquire().is_some());
        pool.close();
        let slot = pool.acquire().await;
        stays.release(slot);
        assert_eq!((pool.idle(), pool.free.available_permits()), (0, 4));
    }
}
