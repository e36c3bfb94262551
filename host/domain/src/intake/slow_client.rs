//! Time limits for slow clients. Without them, a client that sends or reads a byte now and then could hold a connection
//! and its resources for as long as it likes.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::after;
use crate::word::words;

/// The lowest average rate of a body in bytes a second, once [`BODY_GRACE`] is over: less than any network in use, more
/// than a byte now and then.
pub const MIN_BODY_RATE: u64 = 1024;
/// How long a body may send nothing at first: time for a client that waits for `100 Continue`, or for lost packets.
pub const BODY_GRACE: Duration = Duration::from_secs(5);
/// How long a closing connection may take until the client has read the last response.
pub const CLOSING: Duration = Duration::from_secs(5);

/// Time limits for the clients of one listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowClientLimits {
    /// For a request's head, from its first byte; for the first head, from the opening of the connection.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// Between two requests.
    pub idle: Duration,
}

impl SlowClientLimits {
    /// When a body times out that started at `began` and of which `received` bytes have arrived.
    #[must_use]
    pub fn body_due(&self, began: Timestamp, received: u64) -> Timestamp {
        let earned = Duration::from_secs(received / MIN_BODY_RATE);
        after(began, self.body.min(BODY_GRACE.saturating_add(earned)))
    }
}

/// Why the host closes a slow connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionTimeout {
    /// A request's head, or the TLS handshake, did not arrive in time.
    Head,
    /// No request arrived for too long. The connection closes gracefully.
    Idle,
    /// It was closing, and the client did not read the remaining bytes.
    Closing,
}

words!(ConnectionTimeout {
    Head = "head",
    Idle = "idle",
    Closing = "closing",
});

/// What a connection is doing, as far as its time limits are concerned.
#[derive(Debug, Clone)]
pub struct ConnectionProgress {
    /// Whether bytes between requests are the start of a head. In HTTP/2 they may belong to the connection.
    heads_visible: bool,
    /// Requests whose head has arrived and that have no response yet. A response that the client is still reading does
    /// not count: a client that does not read it is idle.
    in_flight: u32,
    /// Whether any request has arrived.
    served: bool,
    /// Since when nothing is in flight.
    quiet_since: Timestamp,
    /// When the head that is arriving started.
    head_since: Option<Timestamp>,
    /// When it started to close.
    closing_since: Option<Timestamp>,
}

impl ConnectionProgress {
    /// A connection that was just opened.
    #[must_use]
    pub const fn opened(now: Timestamp) -> Self {
        Self {
            heads_visible: true,
            in_flight: 0,
            served: false,
            quiet_since: now,
            head_since: None,
            closing_since: None,
        }
    }

    /// Records that the connection speaks HTTP/2.
    pub const fn set_http2(&mut self) {
        self.heads_visible = false;
        self.head_since = None;
    }

    /// Records that bytes arrived.
    pub const fn bytes_arrived(&mut self, now: Timestamp) {
        if self.heads_visible && self.served && self.in_flight == 0 && self.head_since.is_none() {
            self.head_since = Some(now);
        }
    }

    /// Records that a request's head is complete.
    pub const fn request_started(&mut self) {
        self.in_flight += 1;
        self.served = true;
        self.head_since = None;
    }

    /// Records that a request has its response, or that nobody waits for it any more.
    pub const fn request_ended(&mut self, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.quiet_since = now;
        }
    }

    /// Whether a request was answered and the next one has not arrived.
    #[must_use]
    pub const fn is_between_requests(&self) -> bool {
        self.served && self.in_flight == 0
    }

    /// Records that the connection closes once the requests in flight are done.
    pub const fn start_closing(&mut self, now: Timestamp) {
        if self.closing_since.is_none() {
            self.closing_since = Some(now);
        }
    }

    /// When the connection times out, and why, if nothing happens until then. Requests in flight have their own
    /// deadlines.
    #[must_use]
    pub fn due(&self, limits: &SlowClientLimits) -> Option<(Timestamp, ConnectionTimeout)> {
        if self.in_flight > 0 {
            return None;
        }
        if let Some(since) = self.closing_since {
            return Some((after(since.max(self.quiet_since), CLOSING), ConnectionTimeout::Closing));
        }
        Some(match (self.served, self.head_since) {
            (false, _) => (after(self.quiet_since, limits.head), ConnectionTimeout::Head),
            (true, Some(since)) => (after(since, limits.head), ConnectionTimeout::Head),
            (true, None) => (after(self.quiet_since, limits.idle), ConnectionTimeout::Idle),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SlowClientLimits = SlowClientLimits {
        head: Duration::from_secs(10),
        body: Duration::from_secs(30),
        idle: Duration::from_secs(75),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_body_gains_time_with_its_bytes() {
        for (received, due) in [
            (0, 5),
            (1023, 5),
            (1024, 6),
            (10 * 1024, 15),
            (25 * 1024, 30),
            (u64::MAX, 30),
        ] {
            assert_eq!(LIMITS.body_due(at(0), received), at(due), "{received}");
        }
        let short = SlowClientLimits {
            body: Duration::from_secs(2),
            ..LIMITS
        };
        assert_eq!(short.body_due(at(0), 0), at(2));
    }

    #[test]
    fn first_head_counts_from_the_opening() {
        // Bytes that trickle in do not extend the first head's limit.
        let mut progress = ConnectionProgress::opened(at(0));
        assert_eq!(progress.due(&LIMITS), Some((at(10), ConnectionTimeout::Head)));
        progress.bytes_arrived(at(9));
        assert_eq!(progress.due(&LIMITS), Some((at(10), ConnectionTimeout::Head)));
    }

    #[test]
    fn a_later_head_counts_from_its_first_byte() {
        let mut progress = ConnectionProgress::opened(at(0));
        progress.request_started();
        progress.bytes_arrived(at(1));
        assert_eq!(progress.due(&LIMITS), None, "a request in flight has its own deadlines");
        progress.request_ended(at(2));
        assert_eq!(progress.due(&LIMITS), Some((at(77), ConnectionTimeout::Idle)));
        progress.bytes_arrived(at(50));
        progress.bytes_arrived(at(55));
        assert_eq!(progress.due(&LIMITS), Some((at(60), ConnectionTimeout::Head)));
        progress.request_started();
        progress.request_ended(at(56));
        assert_eq!(progress.due(&LIMITS), Some((at(131), ConnectionTimeout::Idle)));
    }

    #[test]
    fn http2_bytes_between_requests_are_no_head() {
        let mut progress = ConnectionProgress::opened(at(0));
        progress.set_http2();
        assert_eq!(progress.due(&LIMITS), Some((at(10), ConnectionTimeout::Head)));
        progress.request_started();
        progress.request_started();
        progress.request_ended(at(3));
        assert_eq!(progress.due(&LIMITS), None);
        progress.request_ended(at(4));
        progress.bytes_arrived(at(60));
        assert_eq!(progress.due(&LIMITS), Some((at(79), ConnectionTimeout::Idle)));
    }

    #[test]
    fn closing_waits_for_requests_in_flight() {
        // Closing waits for requests in flight, and then only for `CLOSING`.
        let mut progress = ConnectionProgress::opened(at(0));
        progress.request_started();
        progress.start_closing(at(1));
        progress.start_closing(at(9));
        assert_eq!(progress.due(&LIMITS), None);
        progress.request_ended(at(20));
        assert_eq!(progress.due(&LIMITS), Some((at(25), ConnectionTimeout::Closing)));
        let mut quiet = ConnectionProgress::opened(at(0));
        quiet.start_closing(at(1));
        assert_eq!(quiet.due(&LIMITS), Some((at(6), ConnectionTimeout::Closing)));
    }
}
