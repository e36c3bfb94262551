//! The recording of one tenant.

use std::fmt;
use std::sync::{Mutex, MutexGuard};

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::recording::{
    ExportKind, OmissionReason, RecordedFixture, RecordedInvocation, RecordingBounds, RecordingBuffer, fixture,
};

/// How much an operator wants recorded, and how.
#[derive(Debug, Clone, Copy)]
pub struct RecordingOptions {
    /// How much.
    pub bounds: RecordingBounds,
    /// Whether personal data stays as it is.
    pub unmasked: bool,
}

/// The recording of one tenant.
pub struct RecordingSession {
    /// What the operator asked for.
    pub options: RecordingOptions,
    salt: [u8; 32],
    clock: SharedClock,
    recorded: Mutex<RecordingBuffer>,
}

impl RecordingSession {
    /// A session that starts now. The values that replace personal data are derived from `salt`.
    pub fn new(options: RecordingOptions, salt: [u8; 32], clock: SharedClock) -> Self {
        let recorded = Mutex::new(RecordingBuffer::start(options.bounds, clock.now()));
        Self {
            options,
            salt,
            clock,
            recorded,
        }
    }

    /// What has been recorded so far.
    pub fn recorded(&self) -> MutexGuard<'_, RecordingBuffer> {
        lock(&self.recorded)
    }

    /// Adds an invocation, unless `holds_secret` finds something in its fixture that nobody may see.
    pub fn add(&self, invocation: &RecordedInvocation, holds_secret: impl FnOnce(&[u8]) -> bool) {
        let fixture = match fixture(invocation, &self.salt, !self.options.unmasked) {
            Ok(fixture) => fixture,
            Err(why) => return self.omit(why),
        };
        let text = fixture.to_string();
        if holds_secret(text.as_bytes()) {
            return self.omit(OmissionReason::Secret);
        }
        let recorded = RecordedFixture {
            kind: ExportKind::of(&invocation.call),
            fixture,
        };
        self.recorded().push(recorded, text.len(), self.clock.now());
    }

    /// Counts an invocation that is not recorded.
    pub fn omit(&self, why: OmissionReason) {
        self.recorded().omit(why, self.clock.now());
    }
}

impl fmt::Debug for RecordingSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingSession(…)")
    }
}
