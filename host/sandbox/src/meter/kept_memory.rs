//! When the memory that ended instances have left in the pool is returned to the system.
//!
//! The engine keeps up to 32 MiB of each slot that was ever used, because the next instance there is faster with it. So
//! after a burst, memory stays that nobody needs any more. The engine cannot return it; a fresh engine has none.

use std::time::Duration;

use jiff::Timestamp;

/// Memory that may stay for good: what a few instances of the largest guests leave.
const MAY_STAY: usize = 128 << 20;
/// How long far fewer slots than before must have been in use.
const QUIET: Duration = Duration::from_mins(1);
/// Far fewer: at most this part of the most that were ever in use at once.
const FAR_FEWER: u32 = 2;

/// Decides when kept memory is returned, from what is observed regularly.
#[derive(Debug, Default)]
pub struct KeptMemoryPolicy {
    /// The most slots in use at once since memory was last returned.
    high: u32,
    /// Since when far fewer are in use, and memory is kept that need not be.
    quiet_since: Option<Timestamp>,
}

impl KeptMemoryPolicy {
    /// Whether to return the memory now. `peak` is the most slots that were in use at once since the last observation,
    /// and `kept` the bytes that ended instances have left.
    pub fn observe(&mut self, now: Timestamp, peak: u32, kept: usize) -> bool {
        self.high = self.high.max(peak);
        if kept <= MAY_STAY || peak > self.high / FAR_FEWER {
            self.quiet_since = None;
            return false;
        }
        let since = *self.quiet_since.get_or_insert(now);
        let is_due = now.duration_since(since).unsigned_abs() >= QUIET;
        if is_due {
            *self = Self {
                high: peak,
                quiet_since: None,
            };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which memory is returned, given the slots in use in each second. None is kept afterwards.
    fn returned(peaks: impl IntoIterator<Item = u32>, mut kept: usize) -> Vec<usize> {
        let mut policy = KeptMemoryPolicy::default();
        let mut observe = |(second, peak): (usize, u32)| {
            let now = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
            let is_due = policy.observe(now, peak, kept);
            if is_due {
                kept = 0;
            }
            is_due.then_some(second)
        };
        peaks.into_iter().enumerate().filter_map(&mut observe).collect()
    }

    fn burst_then(later: u32) -> impl Iterator<Item = u32> {
        [64; 10].into_iter().chain([later; 300])
    }

    #[test]
    fn a_burst_leaves_nothing_for_long() {
        assert_eq!(returned(burst_then(0), 2 << 30), [70]);
        assert_eq!(returned(burst_then(3), 2 << 30), [70], "also where a few queries go on");
    }

    #[test]
    fn what_is_needed_again_stays() {
        assert_eq!(returned(burst_then(40), 2 << 30), [0; 0]);
        let waves = (0..600).map(|second| if second % 50 == 0 { 64 } else { 1 });
        assert_eq!(returned(waves, 2 << 30), [0; 0], "bursts within a minute");
        assert_eq!(returned(burst_then(0), MAY_STAY), [0; 0], "little memory");
    }
}
