//! How much is recorded, and for how long it is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ExportKind, OmissionReason};
use crate::time::after;

/// Bytes of all fixtures of a recording: hundreds of ordinary invocations, and little of a host's memory.
const MAX_BYTES: usize = 16 << 20;
/// How long a finished recording is kept until it is fetched. It may contain personal data.
const HELD: Duration = Duration::from_mins(10);

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingBounds {
    /// How many invocations to record.
    pub calls: u32,
    /// How long.
    pub length: Duration,
}

impl RecordingBounds {
    /// The most invocations of one recording: a cassette is read by people.
    pub const MAX_CALLS: u32 = 500;
    /// The longest recording, in minutes: it should end while somebody still thinks of it.
    pub const MAX_MINUTES: u32 = 60;
}

/// A recording's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Phase)]
pub enum RecordingPhase {
    /// Invocations are recorded.
    Running,
    /// It has all the invocations that were asked for, or no space for more.
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
    begun: Timestamp,
    kept: Vec<RecordedFixture>,
    bytes: usize,
    full: bool,
    left_out: BTreeMap<OmissionReason, u32>,
}

/// A recording's status. Contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingStatus {
    /// Where it is.
    pub phase: RecordingPhase,
    /// How many calls it is to have.
    pub wanted: u32,
    /// When it began.
    pub begun: Timestamp,
    /// When its time is over.
    pub ends: Timestamp,
    /// When what it holds is forgotten, if nobody takes it.
    pub forgotten: Timestamp,
    /// Calls that it has, by kind.
    pub kept: BTreeMap<ExportKind, u32>,
    /// Bytes of their fixtures.
    pub bytes: usize,
    /// Calls that it left out.
    pub left_out: BTreeMap<OmissionReason, u32>,
}

impl RecordingBuffer {
    /// A recording that begins now.
    #[must_use]
    pub const fn begin(bounds: RecordingBounds, now: Timestamp) -> Self {
        Self {
            bounds,
            begun: now,
            kept: vec![],
            bytes: 0,
            full: false,
            left_out: BTreeMap::new(),
        }
    }

    fn ends(&self) -> Timestamp {
        after(self.begun, self.bounds.length)
    }

    fn forgotten(&self) -> Timestamp {
        after(self.ends(), HELD)
    }

    /// Where it is.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> RecordingPhase {
        if now >= self.forgotten() {
            RecordingPhase::Gone
        } else if self.full || self.kept.len() >= self.bounds.calls as usize {
            RecordingPhase::Full
        } else if now >= self.ends() {
            RecordingPhase::Over
        } else {
            RecordingPhase::Running
        }
    }

    /// Adds an invocation that ended now. One that began in time but ended too late is left out.
    pub fn take(&mut self, kept: RecordedFixture, size: usize, now: Timestamp) {
        if self.phase(now) != RecordingPhase::Running {
            return;
        }
        if self.bytes.saturating_add(size) > MAX_BYTES {
            self.full = true;
            self.leave_out(OmissionReason::TooLarge, now);
            return;
        }
        self.bytes += size;
        self.kept.push(kept);
    }

    /// Counts an invocation that is left out.
    pub fn leave_out(&mut self, why: OmissionReason, now: Timestamp) {
        if self.phase(now) == RecordingPhase::Running || why == OmissionReason::TooLarge {
            *self.left_out.entry(why).or_default() += 1;
        }
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> RecordingStatus {
        let mut kept = BTreeMap::new();
        for call in &self.kept {
            *kept.entry(call.kind).or_default() += 1;
        }
        RecordingStatus {
            phase: self.phase(now),
            wanted: self.bounds.calls,
            begun: self.begun,
            ends: self.ends(),
            forgotten: self.forgotten(),
            kept,
            bytes: self.bytes,
            left_out: self.left_out.clone(),
        }
    }

    /// Removes and returns its fixtures.
    #[must_use]
    pub fn take_fixtures(&mut self) -> Vec<RecordedFixture> {
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: ExportKind) -> RecordedFixture {
        RecordedFixture {
            kind,
            fixture: Value::Null,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn begin(calls: u32) -> RecordingBuffer {
        let length = Duration::from_mins(1);
        RecordingBuffer::begin(RecordingBounds { calls, length }, at(0))
    }

    #[test]
    fn it_ends_with_its_calls() {
        let mut taken = begin(2);
        taken.take(call(ExportKind::Status), 10, at(1));
        taken.leave_out(OmissionReason::Fault, at(1));
        assert_eq!(taken.phase(at(1)), RecordingPhase::Running);
        taken.take(call(ExportKind::Write), 10, at(2));
        assert_eq!(taken.phase(at(2)), RecordingPhase::Full);
        taken.take(call(ExportKind::Write), 10, at(3));
        taken.leave_out(OmissionReason::Fault, at(3));
        let standing = taken.status(at(3));
        assert_eq!((standing.kept.values().sum::<u32>(), standing.bytes), (2, 20));
        assert_eq!(standing.left_out, BTreeMap::from([(OmissionReason::Fault, 1)]));
    }

    #[test]
    fn it_ends_with_its_time_and_is_forgotten_later() {
        let mut taken = begin(2);
        assert_eq!(taken.phase(at(59)), RecordingPhase::Running);
        assert_eq!(taken.phase(at(60)), RecordingPhase::Over);
        taken.take(call(ExportKind::Status), 10, at(60));
        assert_eq!(taken.status(at(60)).kept, BTreeMap::new());
        assert_eq!(taken.phase(at(60 + 599)), RecordingPhase::Over);
        assert_eq!(taken.phase(at(60 + 600)), RecordingPhase::Gone);
    }

    #[test]
    fn it_ends_when_there_is_no_more_room() {
        let mut taken = begin(9);
        taken.take(call(ExportKind::Status), MAX_BYTES - 1, at(1));
        assert_eq!(taken.phase(at(1)), RecordingPhase::Running);
        taken.take(call(ExportKind::Status), 2, at(1));
        assert_eq!(taken.phase(at(1)), RecordingPhase::Full);
        assert_eq!(
            taken.status(at(1)).left_out,
            BTreeMap::from([(OmissionReason::TooLarge, 1)])
        );
        assert_eq!(taken.take_fixtures().len(), 1);
    }
}
