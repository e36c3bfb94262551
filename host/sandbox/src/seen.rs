//! What the host saw while a call ran. It outlives the call, which may be stopped at any moment.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering};

use jiff::Timestamp;

use super::stdio::OutputTail;
use super::tape::Tape;
use jackfield_domain::tenant::egress::EgressRefusal;

/// The record of one call.
///
/// The call writes and, when it has ended, whoever asked for it reads, so no ordering is asked for.
#[derive(Debug, Default)]
pub struct Observations {
    sent: AtomicBool,
    requests: AtomicU32,
    /// Of the last answer; 0 before the first.
    status: AtomicU16,
    /// Bytes of all answers so far.
    received: AtomicUsize,
    /// By the places of their words.
    refused: [AtomicU32; EgressRefusal::WORDS.len()],
    /// Milliseconds since 1970; 0 if no answer asked for a pause.
    pause_until: AtomicI64,
    out_of_time: AtomicBool,
    lacks: AtomicU8,
    /// Bytes of linear memory that it was given.
    memory: AtomicUsize,
    /// Runs if the call is recorded.
    tape: Option<Tape>,
    /// The guest's standard output.
    pub stdout: OutputTail,
    /// The guest's standard error.
    pub stderr: OutputTail,
}

/// What a guest did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Linear memory.
    Memory = 1,
    /// Elements of a table.
    Table = 2,
}

impl Observations {
    /// Nothing yet; with a tape if the call is recorded.
    pub fn recorded(tape: Option<Tape>) -> Self {
        Self {
            tape,
            ..Self::default()
        }
    }

    /// The tape, if the call is recorded.
    pub const fn tape(&self) -> Option<&Tape> {
        self.tape.as_ref()
    }

    /// A request is about to leave. `changes`: it may change something at the CRM. Returns what [`Self::stayed`] needs.
    pub fn leave(&self, changes: bool) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_or(changes, Ordering::Relaxed)
    }

    /// The request that was about to leave did not: `sent` is again what it was.
    pub fn stayed(&self, sent_before: bool) {
        self.sent.store(sent_before, Ordering::Relaxed);
    }

    /// An answer began.
    pub fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Bytes of an answer came. Returns how many have come in all.
    pub fn receive(&self, bytes: usize) -> usize {
        self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
    }

    /// A request stays here. Returns whether it is the first that stays for this reason.
    pub fn refuse(&self, refusal: &EgressRefusal) -> bool {
        self.refused[refusal.index()].fetch_add(1, Ordering::Relaxed) == 0
    }

    /// An answer asked for a pause; of several the longest counts.
    pub fn pause(&self, until: Timestamp) {
        self.pause_until.fetch_max(until.as_millisecond(), Ordering::Relaxed);
    }

    /// A request was given up because the call's time was used up.
    pub fn run_out_of_time(&self) {
        self.out_of_time.store(true, Ordering::Relaxed);
    }

    /// The guest wanted more than it may have. None: it was given what it wanted, so it has got over a shortage.
    pub fn lack(&self, shortage: Option<Shortage>) {
        let code = shortage.map_or(0, |shortage| shortage as u8);
        self.lacks.store(code, Ordering::Relaxed);
    }

    /// The guest was given this much more linear memory.
    pub fn grow(&self, bytes: usize) {
        self.memory.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of linear memory that the guest was given.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Whether a request that may change something left, or may have left.
    pub fn sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// Requests that left or were tried.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Status code of the last answer.
    pub fn status(&self) -> Option<u16> {
        Some(self.status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    /// Bytes of all answers.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }

    /// The words of the refusals, and how many requests stayed for each; those of none are left out.
    pub fn refused(&self) -> Vec<(&'static str, u32)> {
        let counts = self.refused.iter().map(|count| count.load(Ordering::Relaxed));
        let words = EgressRefusal::WORDS.into_iter().zip(counts);
        words.filter(|(_, count)| *count > 0).collect()
    }

    /// Until when the CRM wants no more requests, if it said so.
    pub fn pause_until(&self) -> Option<Timestamp> {
        let until = Some(self.pause_until.load(Ordering::Relaxed)).filter(|until| *until != 0);
        Timestamp::from_millisecond(until?).ok()
    }

    /// Whether a request was given up because the call's time was used up.
    pub fn out_of_time(&self) -> bool {
        self.out_of_time.load(Ordering::Relaxed)
    }

    /// What the guest did not get, and has not got over.
    pub fn shortage(&self) -> Option<Shortage> {
        let code = self.lacks.load(Ordering::Relaxed);
        [Shortage::Memory, Shortage::Table]
            .into_iter()
            .find(|shortage| *shortage as u8 == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_counts_until_something_is_granted() {
        let seen = Observations::default();
        assert_eq!(seen.shortage(), None);
        for shortage in [Shortage::Memory, Shortage::Table] {
            seen.lack(Some(shortage));
            assert_eq!(seen.shortage(), Some(shortage));
        }
        seen.lack(None);
        assert_eq!(seen.shortage(), None);
    }

    #[test]
    fn a_request_that_stayed_takes_back_only_its_own_mark() {
        let seen = Observations::default();
        let before = seen.leave(true);
        assert!(seen.sent());
        seen.stayed(before);
        assert!(!seen.sent());
        seen.leave(true);
        let before = seen.leave(true);
        seen.stayed(before);
        assert!(seen.sent(), "the request before it did leave");
    }
}
