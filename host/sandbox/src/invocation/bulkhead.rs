//! The bulkhead between status queries and everything else, and between the status queries of different tenants.
//!
//! A status query precedes every telephone call and has a second to be answered. It must not queue behind writes that
//! hang, nor they behind it, so it acquires a permit of its own or is refused at once. A tenant has as many permits as
//! its release says, and never more than are still free for all others: a few CRMs that hang leave room for the rest.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of one release for status queries.
pub struct Bulkhead {
    own: Arc<Semaphore>,
    size: usize,
    all: Arc<Semaphore>,
}

/// A permit for one status query; dropping it releases it.
#[derive(Debug)]
pub struct StatusPermit {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Bulkhead {
    /// `size` permits, out of `all`.
    pub fn new(size: u32, all: Arc<Semaphore>) -> Self {
        let size = size as usize;
        Self {
            own: Arc::new(Semaphore::new(size)),
            size,
            all,
        }
    }

    /// Acquires a permit; none if all are in use.
    pub fn acquire(&self) -> Option<StatusPermit> {
        let in_use = self.size.saturating_sub(self.own.available_permits());
        if in_use >= self.all.available_permits() {
            return None;
        }
        Some(StatusPermit {
            _own: Arc::clone(&self.own).try_acquire_owned().ok()?,
            _all: Arc::clone(&self.all).try_acquire_owned().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(bulkhead: &Bulkhead) -> Vec<StatusPermit> {
        std::iter::from_fn(|| bulkhead.acquire()).collect()
    }

    #[test]
    fn a_tenant_releases_its_own_permits() {
        let all = Arc::new(Semaphore::new(100));
        let (one, other) = (Bulkhead::new(3, all.clone()), Bulkhead::new(3, all));
        let permits = fill(&one);
        assert_eq!(permits.len(), 3);
        assert_eq!(fill(&other).len(), 3, "another tenant's are free");
        drop(permits);
        assert_eq!(fill(&one).len(), 3);
    }

    #[test]
    fn hanging_tenants_leave_permits_for_others() {
        let all = Arc::new(Semaphore::new(12));
        let greedy: Vec<_> = (0..3).map(|_| Bulkhead::new(100, all.clone())).collect();
        let held: Vec<_> = greedy.iter().map(fill).collect();
        let counts: Vec<_> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [6, 3, 2], "never more than are left free");
        assert!(Bulkhead::new(100, all).acquire().is_some());
    }
}
