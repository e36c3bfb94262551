//! A breaker's states, each with only its own data.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Where a breaker is, with all that matters there.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Closed {
        in_a_row: u32,
        /// Which of the last attempts failed, the newest last.
        recent: VecDeque<bool>,
    },
    Open {
        since: Timestamp,
        until: Timestamp,
        /// Probes in a row that failed.
        failed: u32,
        probing: bool,
    },
    Ramping {
        since: Timestamp,
        step: u32,
        in_flight: u32,
        successes: u32,
        /// When the next step begins, once this one is done.
        raise_at: Option<Timestamp>,
    },
}

impl Phase {
    pub(super) const fn closed() -> Self {
        Self::Closed {
            in_a_row: 0,
            recent: VecDeque::new(),
        }
    }

    /// Waits for a probe that may go at once.
    pub(super) const fn to_be_probed(since: Timestamp, now: Timestamp) -> Self {
        Self::Open {
            since,
            until: now,
            failed: 0,
            probing: false,
        }
    }
}
