//! Time limits for slow clients. Without them, a client that sends or reads a byte now and then could hold a connection
//! and its resources for as long as it likes.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::after;

/// Bytes a second that a body must bring on average, once [`BODY_GRACE`] is over: less than any network in use, more
/// than a byte now and then.
pub const MIN_BODY_RATE: u64 = 1024;
/// How long a body may bring nothing at first: time for a client that waits for `100 Continue`, or for lost packets.
pub const BODY_GRACE: Duration = Duration::from_secs(5);
/// How long a closing connection may take until the last answer is read.
pub const CLOSING: Duration = Duration::from_secs(5);

/// Time limits for the clients of one listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowClientLimits {
    /// For a request's head, from its first byte; for the first one from when the connection was opened.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// Between two requests.
    pub idle: Duration,
}

impl SlowClientLimits {
    /// When a body that began at `began` and has brought so many bytes times out.
    #[must_use]
    pub fn body_due(&self, began: Timestamp, received: u64) -> Timestamp {
        let earned = Duration::from_secs(received / MIN_BODY_RATE);
        after(began, self.body.min(BODY_GRACE.saturating_add(earned)))
    }
}

/// Why the host ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionTimeout {
    /// A request's head, or the TLS handshake, did not come in time.
    Head,
    /// No request came for too long. The connection closes gracefully.
    Idle,
    /// It was closing, and the remaining bytes did not move.
    Closing,
}

impl ConnectionTimeout {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Closing => "closing",
        }
    }
}

/// What a connection is doing, as far as its time limits are concerned.
#[derive(Debug, Clone)]
pub struct ConnectionProgress {
    /// Whether bytes between requests are the beginning of a head. In HTTP/2 they may be about the connection.
    heads_show: bool,
    /// Requests whose head has come and that are not answered yet. An answer that is being read is none: who does not
    /// read it is idle.
    in_flight: u32,
    /// Whether any request has come.
    served: bool,
    /// Since when nothing is in flight.
    quiet_since: Timestamp,
    /// When the head that is coming began.
    head_since: Option<Timestamp>,
    /// When it began to close.
    closing_since: Option<Timestamp>,
}

impl ConnectionProgress {
    /// A connection that was just opened.
    #[must_use]
    pub const fn opened(now: Timestamp) -> Self {
        Self {
            heads_show: true,
            in_flight: 0,
            served: false,
            quiet_since: now,
            head_since: None,
            closing_since: None,
        }
    }

    /// It speaks HTTP/2.
    pub const fn is_http2(&mut self) {
        self.heads_show = false;
        self.head_since = None;
    }

    /// Bytes came.
    pub const fn arrived(&mut self, now: Timestamp) {
        if self.heads_show && self.served && self.in_flight == 0 && self.head_since.is_none() {
            self.head_since = Some(now);
        }
    }

    /// A request's head is complete.
    pub const fn began(&mut self) {
        self.in_flight += 1;
        self.served = true;
        self.head_since = None;
    }

    /// A request is answered, or nobody waits for it any more.
    pub const fn ended(&mut self, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.quiet_since = now;
        }
    }

    /// It closes once the requests in flight are done.
    pub const fn closing(&mut self, now: Timestamp) {
        if self.closing_since.is_none() {
            self.closing_since = Some(now);
        }
    }

    /// When the connection times out, and why, if nothing happens until then. Requests in flight have their own
    /// deadlines.
    #[must_use]
    pub fn due(&self, patience: &SlowClientLimits) -> Option<(Timestamp, ConnectionTimeout)> {
        if self.in_flight > 0 {
            return None;
        }
        if let Some(since) = self.closing_since {
            return Some((after(since.max(self.quiet_since), CLOSING), ConnectionTimeout::Closing));
        }
        Some(match (self.served, self.head_since) {
            (false, _) => (after(self.quiet_since, patience.head), ConnectionTimeout::Head),
            (true, Some(since)) => (after(since, patience.head), ConnectionTimeout::Head),
            (true, None) => (after(self.quiet_since, patience.idle), ConnectionTimeout::Idle),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: SlowClientLimits = SlowClientLimits {
        head: Duration::from_secs(10),
        body: Duration::from_secs(30),
        idle: Duration::from_secs(75),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_body_earns_its_time() {
        for (received, due) in [
            (0, 5),
            (1023, 5),
            (1024, 6),
            (10 * 1024, 15),
            (25 * 1024, 30),
            (u64::MAX, 30),
        ] {
            assert_eq!(PATIENCE.body_due(at(0), received), at(due), "{received}");
        }
        let short = SlowClientLimits {
            body: Duration::from_secs(2),
            ..PATIENCE
        };
        assert_eq!(short.body_due(at(0), 0), at(2));
    }

    #[test]
    fn first_head_counts_from_the_opening() {
        // The first head counts from the opening whatever drips.
        let mut progress = ConnectionProgress::opened(at(0));
        assert_eq!(progress.due(&PATIENCE), Some((at(10), ConnectionTimeout::Head)));
        progress.arrived(at(9));
        assert_eq!(progress.due(&PATIENCE), Some((at(10), ConnectionTimeout::Head)));
    }

    #[test]
    fn a_later_head_counts_from_its_first_byte() {
        let mut progress = ConnectionProgress::opened(at(0));
        progress.began();
        progress.arrived(at(1));
        assert_eq!(
            progress.due(&PATIENCE),
            None,
            "a request in flight has its own deadlines"
        );
        progress.ended(at(2));
        assert_eq!(progress.due(&PATIENCE), Some((at(77), ConnectionTimeout::Idle)));
        progress.arrived(at(50));
        progress.arrived(at(55));
        assert_eq!(progress.due(&PATIENCE), Some((at(60), ConnectionTimeout::Head)));
        progress.began();
        progress.ended(at(56));
        assert_eq!(progress.due(&PATIENCE), Some((at(131), ConnectionTimeout::Idle)));
    }

    #[test]
    fn in_http2_bytes_between_requests_are_no_head() {
        let mut progress = ConnectionProgress::opened(at(0));
        progress.is_http2();
        assert_eq!(progress.due(&PATIENCE), Some((at(10), ConnectionTimeout::Head)));
        progress.began();
        progress.began();
        progress.ended(at(3));
        assert_eq!(progress.due(&PATIENCE), None);
        progress.ended(at(4));
        progress.arrived(at(60));
        assert_eq!(progress.due(&PATIENCE), Some((at(79), ConnectionTimeout::Idle)));
    }

    #[test]
    fn closing_waits_for_requests_in_flight() {
        // Closing waits for what is in flight and then only a little.
        let mut progress = ConnectionProgress::opened(at(0));
        progress.began();
        progress.closing(at(1));
        progress.closing(at(9));
        assert_eq!(progress.due(&PATIENCE), None);
        progress.ended(at(20));
        assert_eq!(progress.due(&PATIENCE), Some((at(25), ConnectionTimeout::Closing)));
        let mut quiet = ConnectionProgress::opened(at(0));
        quiet.closing(at(1));
        assert_eq!(quiet.due(&PATIENCE), Some((at(6), ConnectionTimeout::Closing)));
    }
}
