//! The audit trail: what was done through the admin API, by whom, and with what outcome. A hash chains each entry to
//! the previous one, so an edited, deleted or inserted entry breaks the chain.
//!
//! The chain proves tampering only to somebody who holds a hash that the attacker could not change: the `head` that a
//! verification prints, or the log, stored elsewhere. Without one, a truncated trail looks like a shorter one, and a
//! recomputed chain like a different one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::id::{Digest, InvalidId, TokenId};

/// Requests without a valid operator token are recorded at most this often, with their number: under attack the trail
/// grows by half a million short rows a year, not as fast as requests come in.
pub const REFUSAL_INTERVAL: Duration = Duration::from_mins(1);

/// The previous hash of the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// Who performed an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds this token.
    Operator(TokenId),
    /// Somebody without a valid operator token.
    Unknown,
    /// The host itself: at its start, and when somebody recovers an operator token on its machine.
    Host,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(token) => write!(f, "{token}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Host => f.write_str("host"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "unknown" => Ok(Self::Unknown),
            "host" => Ok(Self::Host),
            token => token.parse().map(Self::Operator),
        }
    }
}

/// An action to record. No bodies, no secrets, no personal data: names and ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When, to the microsecond; finer digits are dropped.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The label of the actor's token.
    pub label: String,
    /// The method and the route, such as `POST /v1/tenants/{tenant}/rollback`.
    pub action: String,
    /// The target, such as `tenant=dwarka-homes release=r3`.
    pub target: String,
    /// The HTTP status of the response; none before there is one. A change is recorded before it starts and again
    /// before it is answered, so a change without the second entry may or may not have happened.
    pub status: Option<u16>,
    /// The id of the request, as in the log.
    pub request: String,
}

/// An event with its position in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counted from 1, without gaps.
    pub seq: i64,
    /// What was done.
    pub event: AuditEvent,
    /// The hash of the previous entry; zeros for the first.
    pub prev: Digest,
    /// The hash of all the fields above.
    pub hash: Digest,
}

impl AuditEntry {
    /// The entry for `event`, after the `last` one if there is any.
    #[must_use]
    pub fn after(last: Option<(i64, Digest)>, event: AuditEvent) -> Self {
        let (seq, prev) = last.map_or((1, GENESIS.into()), |(seq, hash)| (seq + 1, hash));
        let hash = hash(seq, &event, prev);
        Self { seq, event, prev, hash }
    }
}

/// Hashes every part after its length, so that no two entries have the same bytes.
fn hash(seq: i64, event: &AuditEvent, prev: Digest) -> Digest {
    let status = event.status.map_or_else(String::new, |status| status.to_string());
    let (at, actor) = (event.at.as_microsecond().to_be_bytes(), event.actor.to_string());
    let parts: [&[u8]; 9] = [
        &seq.to_be_bytes(),
        &at,
        actor.as_bytes(),
        event.label.as_bytes(),
        event.action.as_bytes(),
        event.target.as_bytes(),
        status.as_bytes(),
        event.request.as_bytes(),
        prev.as_bytes(),
    ];
    let mut sha = Sha256::new_with_prefix(b"jackfield audit 1");
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    <[u8; 32]>::from(sha.finalize()).into()
}

/// The first break in a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// An entry is missing.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// An entry differs from what was written.
    #[error("entry {0} was edited")]
    Edited(i64),
    /// An entry is numbered before the first one.
    #[error("entry {0} was inserted")]
    Inserted(i64),
    /// No entry has the expected hash.
    #[error("no entry has the expected hash: entries were cut off at the end, or the trail was written anew")]
    Truncated,
}

/// Verifies a trail entry by entry, from the first one.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    last: Option<(i64, Digest)>,
    expected: Option<Digest>,
}

impl ChainVerifier {
    /// Verifies a trail that must contain the `expected` hash, if there is one.
    #[must_use]
    pub const fn new(expected: Option<Digest>) -> Self {
        Self { last: None, expected }
    }

    /// How many entries were verified, which is also the number of the last one.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.last.map_or(0, |(seq, _)| seq)
    }

    /// The hash of the last verified entry.
    #[must_use]
    pub fn head(&self) -> Option<Digest> {
        self.last.map(|(_, hash)| hash)
    }

    /// Verifies the row with the next stored number `seq`. `entry` is `None` if the row cannot be read as an entry.
    ///
    /// # Errors
    /// The first break in the chain.
    pub fn next(&mut self, seq: i64, entry: Option<&AuditEntry>) -> Result<(), ChainBreak> {
        let expected = self.count() + 1;
        if seq < expected {
            return Err(ChainBreak::Inserted(seq));
        }
        if seq > expected {
            return Err(ChainBreak::Missing(expected));
        }
        let entry = entry
            .filter(|entry| entry.seq == seq && hash(seq, &entry.event, entry.prev) == entry.hash)
            .ok_or(ChainBreak::Edited(seq))?;
        if entry.prev != self.head().unwrap_or(GENESIS.into()) {
            // This entry is as it was written, so the previous one was replaced together with its hash.
            return Err(ChainBreak::Edited((seq - 1).max(1)));
        }
        self.last = Some((seq, entry.hash));
        if self.expected == Some(entry.hash) {
            self.expected = None;
        }
        Ok(())
    }

    /// Ends the verification: there are no more entries.
    ///
    /// # Errors
    /// No entry had the expected hash.
    pub const fn finish(&self) -> Result<(), ChainBreak> {
        match self.expected {
            Some(_) => Err(ChainBreak::Truncated),
            None => Ok(()),
        }
    }
}

/// Counts refused requests that are not recorded yet.
#[derive(Debug, Default)]
pub struct RefusalCounter {
    recorded_at: Option<Timestamp>,
    unrecorded: u64,
}

impl RefusalCounter {
    /// Counts a request that was refused at `now`. Returns how many to record together, if it is time to.
    pub fn add(&mut self, now: Timestamp) -> Option<u64> {
        self.unrecorded += 1;
        let due = self
            .recorded_at
            .is_none_or(|at| now.duration_since(at).unsigned_abs() >= REFUSAL_INTERVAL);
        due.then(|| {
            self.recorded_at = Some(now);
            std::mem::take(&mut self.unrecorded)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn event(n: i64) -> AuditEvent {
        AuditEvent {
            at: Timestamp::from_second(n).unwrap(),
            actor: Actor::Operator(TokenId(n % 3)),
            label: "on-call".into(),
            action: "POST /v1/tokens".into(),
            target: format!("token=tok_{n}"),
            status: (n % 2 == 0).then_some(201),
            request: format!("req_{n}"),
        }
    }

    fn trail(length: i64) -> Vec<AuditEntry> {
        let mut trail: Vec<AuditEntry> = vec![];
        for n in 0..length {
            let last = trail.last().map(|entry| (entry.seq, entry.hash));
            trail.push(AuditEntry::after(last, event(n)));
        }
        trail
    }

    fn verify(trail: &[AuditEntry], expected: Option<Digest>) -> Result<(i64, Option<Digest>), ChainBreak> {
        let mut verifier = ChainVerifier::new(expected);
        for entry in trail {
            verifier.next(entry.seq, Some(entry))?;
        }
        verifier.finish()?;
        Ok((verifier.count(), verifier.head()))
    }

    #[test]
    fn an_untouched_trail_verifies() {
        assert_eq!(verify(&[], None), Ok((0, None)));
        let trail = trail(5);
        let head = trail[4].hash;
        assert_eq!(verify(&trail, None), Ok((5, Some(head))));
        assert_eq!(verify(&trail, Some(trail[2].hash)), Ok((5, Some(head))));
        assert_eq!(trail[0].prev, GENESIS.into());
    }

    #[test]
    fn every_part_of_an_entry_counts() {
        let edits: [fn(&mut AuditEntry); 8] = [
            |entry| entry.event.at += SignedDuration::from_micros(1),
            |entry| entry.event.actor = Actor::Host,
            |entry| entry.event.label.push('x'),
            |entry| entry.event.action.push('x'),
            |entry| entry.event.target.push('x'),
            |entry| entry.event.status = Some(500),
            |entry| entry.event.request.push('x'),
            |entry| entry.prev = Digest::of(b"x"),
        ];
        for (n, edit) in edits.iter().enumerate() {
            let mut trail = trail(3);
            edit(&mut trail[1]);
            assert_eq!(verify(&trail, None), Err(ChainBreak::Edited(2)), "part {n}");
        }
        // Moving a letter from one part to the next is an edit too.
        let mut trail = trail(1);
        trail[0].event.action.push('t');
        trail[0].event.target.remove(0);
        assert_eq!(verify(&trail, None), Err(ChainBreak::Edited(1)));
    }

    #[test]
    fn an_expected_hash_reveals_truncation() {
        // The chain alone shows neither a truncated nor a recomputed trail; an expected hash does.
        let full = trail(5);
        let expected = Some(full[4].hash);
        // Truncated.
        assert!(verify(&full[..3], None).is_ok());
        assert_eq!(verify(&full[..3], expected), Err(ChainBreak::Truncated));
        // The last entry rewritten together with its hash; and the whole trail deleted.
        let mut last = full.clone();
        last[4] = AuditEntry::after(Some((4, full[3].hash)), event(99));
        assert!(verify(&last, None).is_ok());
        assert_eq!(verify(&last, expected), Err(ChainBreak::Truncated));
        assert_eq!(verify(&[], expected), Err(ChainBreak::Truncated));
    }

    #[test]
    fn unreadable_entries_are_named() {
        // An unreadable row, or one numbered before the first, is reported by its number.
        let trail = trail(2);
        let mut verifier = ChainVerifier::new(None);
        assert_eq!(verifier.next(0, Some(&trail[0])), Err(ChainBreak::Inserted(0)));
        verifier.next(1, Some(&trail[0])).unwrap();
        assert_eq!(verifier.next(2, None), Err(ChainBreak::Edited(2)));
    }

    #[test]
    fn refusals_are_recorded_once_a_minute() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut refusals = RefusalCounter::default();
        let recorded: Vec<_> = [0, 1, 59, 60, 61, 200].map(|second| refusals.add(at(second))).to_vec();
        assert_eq!(recorded, [Some(1), None, None, Some(3), None, Some(2)]);
    }

    #[test]
    fn actors_round_trip() {
        for actor in [Actor::Operator(TokenId(4)), Actor::Unknown, Actor::Host] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert!("somebody".parse::<Actor>().is_err());
    }

    #[derive(Debug, Clone)]
    enum Tampering {
        Edit,
        EditWithHash,
        Delete,
        SwapContents,
        Insert,
    }

    proptest! {
        #[test]
        fn the_first_tampered_entry_is_reported(
            length in 3..40_i64,
            at in any::<prop::sample::Index>(),
            tampering in prop_oneof![
                Just(Tampering::Edit), Just(Tampering::EditWithHash), Just(Tampering::Delete),
                Just(Tampering::SwapContents), Just(Tampering::Insert),
            ],
        ) {
            let mut trail = trail(length);
            // Not the last entry: only an expected hash protects that one.
            let at = at.index(trail.len() - 1);
            let seq = trail[at].seq;
            let expected = match tampering {
                Tampering::Edit => {
                    trail[at].event.target.push('x');
                    ChainBreak::Edited(seq)
                }
                Tampering::EditWithHash => {
                    let last = at.checked_sub(1).map(|before| (trail[before].seq, trail[before].hash));
                    trail[at] = AuditEntry::after(last, event(1000));
                    ChainBreak::Edited(seq)
                }
                Tampering::Delete => {
                    trail.remove(at);
                    ChainBreak::Missing(seq)
                }
                Tampering::SwapContents => {
                    trail.swap(at, at + 1);
                    trail[at].seq = seq;
                    trail[at + 1].seq = seq + 1;
                    ChainBreak::Edited(seq)
                }
                Tampering::Insert => {
                    let last = at.checked_sub(1).map(|before| (trail[before].seq, trail[before].hash));
                    trail.insert(at, AuditEntry::after(last, event(1000)));
                    for entry in &mut trail[at + 1..] {
                        entry.seq += 1;
                    }
                    // The inserted entry is valid by itself; the one after it now has a number that is not its own.
                    ChainBreak::Edited(seq + 1)
                }
            };
            prop_assert_eq!(verify(&trail, None), Err(expected));
        }
    }
}
