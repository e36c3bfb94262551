//! A breaker's states, each with only its own data.

use std::collections::VecDeque;

use jiff::Timestamp;

/// A breaker's state, with the data that this state needs.
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
        /// How many probes in a row failed.
        failed: u32,
        probing: bool,
    },
    Ramping {
        since: Timestamp,
        step: u32,
        in_flight: u32,
        successes: u32,
        /// When the next step starts, once this one is done.
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

    /// Open, and the first probe is due at `now`.
    pub(super) const fn awaiting_probe(since: Timestamp, now: Timestamp) -> Self {
        Self::Open {
            since,
            until: now,
            failed: 0,
            probing: false,
        }
    }
}
