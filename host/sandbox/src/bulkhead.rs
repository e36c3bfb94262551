//! The bulkhead between status queries and everything else, and between the status queries of one tenant and another's.
//!
//! A status query is asked before every call and has a second to be answered; it must not queue behind writes that
//! hang, nor they behind it. So it takes a seat of its own or is refused at once. A tenant has as many as its release
//! says, and never more than are still free for all others: a few CRMs that hang leave room for those that do not.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The seats of one release.
pub struct Bulkhead {
    own: Arc<Semaphore>,
    size: usize,
    all: Arc<Semaphore>,
}

/// A seat; dropping it frees it.
#[derive(Debug)]
pub struct StatusPermit {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Bulkhead {
    /// `size` seats, out of `all`.
    pub fn new(size: u32, all: Arc<Semaphore>) -> Self {
        let size = size as usize;
        Self {
            own: Arc::new(Semaphore::new(size)),
            size,
            all,
        }
    }

    /// Takes a seat; none if all are taken.
    pub fn seat(&self) -> Option<StatusPermit> {
        let taken = self.size.saturating_sub(self.own.available_permits());
        if taken >= self.all.available_permits() {
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
        std::iter::from_fn(|| bulkhead.seat()).collect()
    }

    #[test]
    fn a_tenant_has_its_own_seats_and_gives_them_back() {
        let all = Arc::new(Semaphore::new(100));
        let (one, other) = (Bulkhead::new(3, all.clone()), Bulkhead::new(3, all));
        let seats = fill(&one);
        assert_eq!(seats.len(), 3);
        assert_eq!(fill(&other).len(), 3, "another's are free");
        drop(seats);
        assert_eq!(fill(&one).len(), 3);
    }

    #[test]
    fn tenants_that_hang_leave_seats_for_the_next() {
        let all = Arc::new(Semaphore::new(12));
        let greedy: Vec<_> = (0..3).map(|_| Bulkhead::new(100, all.clone())).collect();
        let held: Vec<_> = greedy.iter().map(fill).collect();
        let counts: Vec<_> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [6, 3, 2], "never more than are left free");
        assert!(Bulkhead::new(100, all).seat().is_some());
    }
}
