//! Failures that repeat: one log line a second says as much as a thousand, and does not fill a disk that is full.

use std::time::Duration;

use jiff::Timestamp;

/// The shortest time between two log lines about the same failure.
pub const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Decides which occurrences of a repeated failure get a log line.
#[derive(Debug, Default)]
pub struct RepeatedFailure {
    logged_at: Option<Timestamp>,
    unlogged: u64,
}

impl RepeatedFailure {
    /// Counts a failure at `now`. If it gets a line, returns how many did not since the last one.
    pub fn add(&mut self, now: Timestamp) -> Option<u64> {
        let is_due = |at: Timestamp| now.duration_since(at).unsigned_abs() >= LINE_INTERVAL;
        if self.logged_at.is_none_or(is_due) {
            self.logged_at = Some(now);
            Some(std::mem::take(&mut self.unlogged))
        } else {
            self.unlogged += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_a_second_is_logged() {
        let mut failure = RepeatedFailure::default();
        let logged: Vec<_> = [0, 1, 999, 1000, 1500, 4000, 3500, 2999]
            .map(|at| failure.add(Timestamp::from_millisecond(at).unwrap()))
            .to_vec();
        assert_eq!(logged, [Some(0), None, None, Some(2), None, Some(1), None, Some(1)]);
    }
}
