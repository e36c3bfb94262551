//! What the host saw while a call ran. It outlives the call, which may be stopped at any moment.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, Ordering};

use super::stdio::Tail;

/// The record of one call.
///
/// The call writes and, when it has ended, whoever asked for it reads, so no ordering is asked for.
#[derive(Debug, Default)]
pub struct Seen {
    sent: AtomicBool,
    requests: AtomicU32,
    /// Of the last answer; 0 before the first.
    status: AtomicU16,
    waiting: AtomicBool,
    refused: AtomicU8,
    /// The guest's standard output.
    pub stdout: Tail,
    /// The guest's standard error.
    pub stderr: Tail,
}

/// What a guest was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Linear memory.
    Memory = 1,
    /// Elements of a table.
    Table = 2,
}

impl Seen {
    /// A request is about to leave. `changes`: it may change something at the CRM. Returns what [`Self::stayed`] needs.
    pub fn leave(&self, changes: bool) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.waiting.store(true, Ordering::Relaxed);
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

    /// The guest goes on.
    pub fn back(&self) {
        self.waiting.store(false, Ordering::Relaxed);
    }

    /// The guest wanted more memory than it may have. None: it was given what it wanted, so it has got over a refusal.
    pub fn refuse(&self, refused: Option<Refused>) {
        let code = refused.map_or(0, |refused| refused as u8);
        self.refused.store(code, Ordering::Relaxed);
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

    /// Whether the guest waits for an answer.
    pub fn waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// What the guest was refused, and has not got over.
    pub fn refused(&self) -> Option<Refused> {
        let code = self.refused.load(Ordering::Relaxed);
        [Refused::Memory, Refused::Table]
            .into_iter()
            .find(|refused| *refused as u8 == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_until_something_is_granted() {
        let seen = Seen::default();
        assert_eq!(seen.refused(), None);
        for refused in [Refused::Memory, Refused::Table] {
            seen.refuse(Some(refused));
            assert_eq!(seen.refused(), Some(refused));
        }
        seen.refuse(None);
        assert_eq!(seen.refused(), None);
    }

    #[test]
    fn a_request_that_stayed_takes_back_only_its_own_mark() {
        let seen = Seen::default();
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
