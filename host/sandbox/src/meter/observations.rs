//! What the host observes of an invocation. It outlives the invocation, which may be stopped at any moment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering};

use jiff::Timestamp;
use reqwest::Url;
use tokio::sync::Notify;

use super::log::GuestLog;
use super::stdio::OutputTail;
use crate::contract::bindings::log::{Field, Level};
use crate::recording::tape::Tape;
use jackfield_clock::lock;
use jackfield_domain::delivery::LastRequest;
use jackfield_domain::delivery::failure::{Fault, Reason};
use jackfield_domain::tenant::egress::EgressRefusal;
use jackfield_domain::tenant::obstacle::HostObstacle;
use jackfield_domain::visible_text::visible;

/// Bytes of a method that are shown: none that may be sent is longer.
const MAX_METHOD: usize = 10;
/// Bytes of a URL that are kept to show its path.
const MAX_URL: usize = 2 << 10;

/// What the host observes of one invocation.
///
/// The invocation writes, and its invoker reads when it has ended, so no ordering is needed.
#[derive(Debug, Default)]
pub struct Observations {
    sent: AtomicBool,
    requests: AtomicU32,
    /// The last request, whether or not it was sent.
    last_request: Mutex<Option<WantedRequest>>,
    /// Status code of the answer to the last request; 0 without one.
    status: AtomicU16,
    /// Bytes of all answers so far.
    received: AtomicUsize,
    /// Refused requests, by the index of the reason.
    refused: [AtomicU32; EgressRefusal::WORDS.len()],
    /// Why the host itself did not send a request.
    obstacle: Mutex<Option<HostObstacle>>,
    /// Why the last request was not sent, or has no answer that can be read.
    trouble: Mutex<Option<String>>,
    /// What the guest logged.
    log: Mutex<GuestLog>,
    /// The fault with which the host stops the invocation.
    halt: Mutex<Option<Fault>>,
    halted: Notify,
    /// Milliseconds since 1970; 0 if no answer asked for a pause.
    pause_until: AtomicI64,
    out_of_time: AtomicBool,
    shortage: AtomicU8,
    /// Bytes of linear memory that the guest has.
    memory: AtomicUsize,
    /// Present if the invocation is recorded.
    tape: Option<Tape>,
    /// The guest's standard output.
    pub stdout: OutputTail,
    /// The guest's standard error.
    pub stderr: OutputTail,
}

/// A request as a guest wants it sent.
#[derive(Debug)]
struct WantedRequest {
    method: String,
    url: String,
    /// Counted from 1.
    step: u32,
}

/// A resource that a guest was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Linear memory.
    Memory = 1,
    /// Elements of a table.
    Table = 2,
    /// Memory, of which all guests together have as much as they may.
    Budget = 3,
    /// Memory, of which the tenant's guests together have as much as they may.
    Share = 4,
}

impl Shortage {
    const ALL: [Self; 4] = [Self::Memory, Self::Table, Self::Budget, Self::Share];
}

impl Observations {
    /// Nothing observed yet; with a tape if the invocation is recorded.
    pub fn new(tape: Option<Tape>) -> Self {
        Self {
            tape,
            ..Self::default()
        }
    }

    /// The tape, if the invocation is recorded.
    pub const fn tape(&self) -> Option<&Tape> {
        self.tape.as_ref()
    }

    /// The guest wants to send a request.
    pub fn requested(&self, method: &str, url: &str) {
        let mut last = lock(&self.last_request);
        let step = last.as_ref().map_or(0, |earlier| earlier.step).saturating_add(1);
        *last = Some(WantedRequest {
            method: method[..method.floor_char_boundary(MAX_METHOD)].to_owned(),
            url: url[..url.floor_char_boundary(MAX_URL)].to_owned(),
            step,
        });
        self.status.store(0, Ordering::Relaxed);
        self.set_trouble(None);
    }

    /// A request is about to be sent. `changes`: it may change something at the CRM. Returns what [`Self::not_sent`]
    /// needs.
    pub fn sending(&self, changes: bool) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_or(changes, Ordering::Relaxed)
    }

    /// The request that was about to be sent was not: restores `sent`.
    pub fn not_sent(&self, sent_before: bool) {
        self.sent.store(sent_before, Ordering::Relaxed);
    }

    /// An answer has started to arrive.
    pub fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Bytes of an answer have arrived. Returns how many have arrived in total.
    pub fn add_received(&self, bytes: usize) -> usize {
        self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
    }

    /// A request is refused. Returns whether it is the first that is refused for this reason.
    pub fn refuse(&self, refusal: &EgressRefusal) -> bool {
        if let Some(obstacle) = HostObstacle::of_refusal(refusal) {
            self.set_obstacle(obstacle);
        }
        self.refused[refusal.index()].fetch_add(1, Ordering::Relaxed) == 0
    }

    /// The host itself did not send a request.
    pub fn set_obstacle(&self, obstacle: HostObstacle) {
        let mut known = lock(&self.obstacle);
        *known = Some(match known.take() {
            Some(earlier) => earlier.then(obstacle),
            None => obstacle,
        });
    }

    /// Why the last request was not sent, or has no answer that can be read; none if it has one.
    pub fn set_trouble(&self, why: Option<String>) {
        *lock(&self.trouble) = why;
    }

    /// The guest writes a log line.
    pub fn log(&self, level: Level, message: &str, fields: &[Field]) {
        lock(&self.log).add(level, message, fields);
    }

    /// Stops the invocation with a fault, whatever it waits for.
    pub fn halt(&self, fault: Fault) {
        *lock(&self.halt) = Some(fault);
        self.halted.notify_one();
    }

    /// Waits until the host stops the invocation; the fault with which it ends.
    pub async fn halted(&self) -> Fault {
        loop {
            self.halted.notified().await;
            if let Some(fault) = lock(&self.halt).take() {
                return fault;
            }
        }
    }

    /// An answer asks for a pause; the longest one counts.
    pub fn pause(&self, until: Timestamp) {
        self.pause_until.fetch_max(until.as_millisecond(), Ordering::Relaxed);
    }

    /// A request was given up because the invocation's time had run out.
    pub fn set_out_of_time(&self) {
        self.out_of_time.store(true, Ordering::Relaxed);
    }

    /// The guest was refused a resource. None: the guest got what it asked for, so it has recovered from a shortage.
    pub fn set_shortage(&self, shortage: Option<Shortage>) {
        let code = shortage.map_or(0, |shortage| shortage as u8);
        self.shortage.store(code, Ordering::Relaxed);
    }

    /// The guest got this much more linear memory.
    pub fn add_memory(&self, bytes: usize) {
        self.memory.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of linear memory that the guest has.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Whether a request that may change something was sent, or may have been sent.
    pub fn sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// Requests that were sent or attempted.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The last request, whether or not it was sent.
    pub fn last_request(&self) -> Option<LastRequest> {
        let last = lock(&self.last_request);
        let WantedRequest { method, url, step } = last.as_ref()?;
        let path = Url::parse(url).map_or_else(|_| "(not a URL)".into(), |url| url.path().to_owned());
        Some(LastRequest {
            method: visible(method),
            path: path[..path.floor_char_boundary(Reason::MAX_BYTES)].to_owned(),
            step: *step,
        })
    }

    /// Status code of the answer to the last request, if it has one.
    pub fn status(&self) -> Option<u16> {
        Some(self.status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    /// Bytes of all answers.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }

    /// The reasons for which requests were refused, and how many for each.
    pub fn refused(&self) -> Vec<(&'static str, u32)> {
        let counts = self.refused.iter().map(|count| count.load(Ordering::Relaxed));
        let words = EgressRefusal::WORDS.into_iter().zip(counts);
        words.filter(|(_, count)| *count > 0).collect()
    }

    /// Why the host itself did not send a request, if it had an obstacle.
    pub fn obstacle(&self) -> Option<HostObstacle> {
        lock(&self.obstacle).clone()
    }

    /// Why the last request was not sent, or has no answer that can be read.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// What the guest logged, with the last lines of its standard streams. It is empty from then on.
    pub fn take_log(&self) -> GuestLog {
        let mut log = std::mem::take(&mut *lock(&self.log));
        log.end(&self.stdout.last_line(), &self.stderr.last_line());
        log
    }

    /// The time before which the CRM wants no more requests, if it said so.
    pub fn pause_until(&self) -> Option<Timestamp> {
        let until = Some(self.pause_until.load(Ordering::Relaxed)).filter(|until| *until != 0);
        Timestamp::from_millisecond(until?).ok()
    }

    /// Whether a request was given up because the invocation's time had run out.
    pub fn out_of_time(&self) -> bool {
        self.out_of_time.load(Ordering::Relaxed)
    }

    /// The resource that the guest was refused, if it has not recovered from that.
    pub fn shortage(&self) -> Option<Shortage> {
        let code = self.shortage.load(Ordering::Relaxed);
        Shortage::ALL.into_iter().find(|shortage| *shortage as u8 == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_lasts_until_a_grant() {
        let observations = Observations::default();
        assert_eq!(observations.shortage(), None);
        for shortage in Shortage::ALL {
            observations.set_shortage(Some(shortage));
            assert_eq!(observations.shortage(), Some(shortage));
        }
        observations.set_shortage(None);
        assert_eq!(observations.shortage(), None);
    }

    #[test]
    fn an_unsent_request_restores_sent() {
        let observations = Observations::default();
        let before = observations.sending(true);
        assert!(observations.sent());
        observations.not_sent(before);
        assert!(!observations.sent());
        observations.sending(true);
        let before = observations.sending(true);
        observations.not_sent(before);
        assert!(observations.sent(), "the request before it was sent");
    }
}
