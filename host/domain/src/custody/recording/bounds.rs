//! Bounds of a recording: how much is recorded, and how long it stays in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ExportKind, OmissionReason};
use crate::time::after;

/// The most bytes of all fixtures of a recording: hundreds of ordinary invocations, and little of a host's memory.
const MAX_BYTES: usize = 16 << 20;
/// How long a finished recording stays in memory until somebody fetches it. It may contain personal data.
const RETENTION: Duration = Duration::from_mins(10);

/// How much an operator wants to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingBounds {
    /// How many invocations to record.
    pub invocations: u32,
    /// For how long to record.
    pub length: Duration,
}

impl RecordingBounds {
    /// The most invocations of one recording: a cassette is read by people.
    pub const MAX_INVOCATIONS: u32 = 500;
    /// The longest recording, in minutes: it should end while its operator still remembers it.
    pub const MAX_MINUTES: u32 = 60;
}

/// A recording's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Phase)]
pub enum RecordingPhase {
    /// Invocations are recorded.
    Running,
    /// It has all the requested invocations, or no space for more.
    Full,
    /// Its time is over.
    Over,
    /// Nobody fetched it in time, and its contents are deleted.
    Gone,
}

/// One recorded invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedFixture {
    /// Which export was invoked.
    pub kind: ExportKind,
    /// The fixture.
    pub fixture: Value,
}

/// The recording of one tenant's invocations: its fixtures, and whether it accepts more.
#[derive(Debug)]
pub struct RecordingBuffer {
    bounds: RecordingBounds,
    started_at: Timestamp,
    fixtures: Vec<RecordedFixture>,
    bytes: usize,
    full: bool,
    omitted: BTreeMap<OmissionReason, u32>,
}

/// A recording's status. Contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingStatus {
    /// Its phase.
    pub phase: RecordingPhase,
    /// The requested number of invocations.
    pub requested: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When its time is over.
    pub ends_at: Timestamp,
    /// When its contents are deleted, unless somebody fetches them.
    pub expires_at: Timestamp,
    /// The number of recorded invocations, by kind.
    pub recorded: BTreeMap<ExportKind, u32>,
    /// Bytes of their fixtures.
    pub bytes: usize,
    /// The number of omitted invocations, by reason.
    pub omitted: BTreeMap<OmissionReason, u32>,
}

impl RecordingBuffer {
    /// A recording that starts now.
    #[must_use]
    pub const fn start(bounds: RecordingBounds, now: Timestamp) -> Self {
        Self {
            bounds,
            started_at: now,
            fixtures: vec![],
            bytes: 0,
            full: false,
            omitted: BTreeMap::new(),
        }
    }

    fn ends_at(&self) -> Timestamp {
        after(self.started_at, self.bounds.length)
    }

    fn expires_at(&self) -> Timestamp {
        after(self.ends_at(), RETENTION)
    }

    /// The recording's phase.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> RecordingPhase {
        if now >= self.expires_at() {
            RecordingPhase::Gone
        } else if self.full || self.fixtures.len() >= self.bounds.invocations as usize {
            RecordingPhase::Full
        } else if now >= self.ends_at() {
            RecordingPhase::Over
        } else {
            RecordingPhase::Running
        }
    }

    /// Adds an invocation that ended now. An invocation that started in time but ended too late is dropped.
    pub fn push(&mut self, fixture: RecordedFixture, size: usize, now: Timestamp) {
        if self.phase(now) != RecordingPhase::Running {
            return;
        }
        if self.bytes.saturating_add(size) > MAX_BYTES {
            self.full = true;
            self.omit(OmissionReason::TooLarge, now);
            return;
        }
        self.bytes += size;
        self.fixtures.push(fixture);
    }

    /// Counts an invocation that is omitted.
    pub fn omit(&mut self, why: OmissionReason, now: Timestamp) {
        if self.phase(now) == RecordingPhase::Running || why == OmissionReason::TooLarge {
            *self.omitted.entry(why).or_default() += 1;
        }
    }

    /// The recording's status.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> RecordingStatus {
        let mut recorded = BTreeMap::new();
        for fixture in &self.fixtures {
            *recorded.entry(fixture.kind).or_default() += 1;
        }
        RecordingStatus {
            phase: self.phase(now),
            requested: self.bounds.invocations,
            started_at: self.started_at,
            ends_at: self.ends_at(),
            expires_at: self.expires_at(),
            recorded,
            bytes: self.bytes,
            omitted: self.omitted.clone(),
        }
    }

    /// Removes and returns the fixtures.
    #[must_use]
    pub fn take_fixtures(&mut self) -> Vec<RecordedFixture> {
        std::mem::take(&mut self.fixtures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(kind: ExportKind) -> RecordedFixture {
        RecordedFixture {
            kind,
            fixture: Value::Null,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn start(invocations: u32) -> RecordingBuffer {
        let length = Duration::from_mins(1);
        RecordingBuffer::start(RecordingBounds { invocations, length }, at(0))
    }

    #[test]
    fn it_ends_with_its_invocations() {
        let mut buffer = start(2);
        buffer.push(invocation(ExportKind::Status), 10, at(1));
        buffer.omit(OmissionReason::Fault, at(1));
        assert_eq!(buffer.phase(at(1)), RecordingPhase::Running);
        buffer.push(invocation(ExportKind::Write), 10, at(2));
        assert_eq!(buffer.phase(at(2)), RecordingPhase::Full);
        buffer.push(invocation(ExportKind::Write), 10, at(3));
        buffer.omit(OmissionReason::Fault, at(3));
        let status = buffer.status(at(3));
        assert_eq!((status.recorded.values().sum::<u32>(), status.bytes), (2, 20));
        assert_eq!(status.omitted, BTreeMap::from([(OmissionReason::Fault, 1)]));
    }

    #[test]
    fn it_ends_with_its_time_and_expires_later() {
        let mut buffer = start(2);
        assert_eq!(buffer.phase(at(59)), RecordingPhase::Running);
        assert_eq!(buffer.phase(at(60)), RecordingPhase::Over);
        buffer.push(invocation(ExportKind::Status), 10, at(60));
        assert_eq!(buffer.status(at(60)).recorded, BTreeMap::new());
        assert_eq!(buffer.phase(at(60 + 599)), RecordingPhase::Over);
        assert_eq!(buffer.phase(at(60 + 600)), RecordingPhase::Gone);
    }

    #[test]
    fn it_ends_when_it_is_full() {
        let mut buffer = start(9);
        buffer.push(invocation(ExportKind::Status), MAX_BYTES - 1, at(1));
        assert_eq!(buffer.phase(at(1)), RecordingPhase::Running);
        buffer.push(invocation(ExportKind::Status), 2, at(1));
        assert_eq!(buffer.phase(at(1)), RecordingPhase::Full);
        assert_eq!(
            buffer.status(at(1)).omitted,
            BTreeMap::from([(OmissionReason::TooLarge, 1)])
        );
        assert_eq!(buffer.take_fixtures().len(), 1);
    }
}
