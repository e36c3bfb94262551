//! The audit trail: what was done by the admin API, by whom, and with what outcome; each entry chained to the one
//! before by a hash, so that one that is edited, left out or put in between does not fit.
//!
//! The chain shows tampering to whoever has a hash that the tamperer could not change: the `head` that a verification
//! prints, or the log, kept elsewhere. Without one, entries cut off at the end, and a whole chain computed anew, look
//! like a shorter and another trail.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::id::{Digest, InvalidId, TokenId};

/// Requests without a valid operator token are written down at most this often, with their number: under attack the
/// trail grows by half a million short rows a year, not as fast as requests come in.
pub const REFUSALS_EVERY: Duration = Duration::from_mins(1);

/// What the first entry follows.
const GENESIS: [u8; 32] = [0; 32];

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds this token.
    Operator(TokenId),
    /// Somebody without a valid operator token.
    Unknown,
    /// The host, at its start.
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
    /// When, to the microsecond; what is finer is dropped.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The label of the actor's token.
    pub label: String,
    /// The method and the route, such as `POST /v1/tenants/{tenant}/rollback`.
    pub action: String,
    /// The target, such as `tenant=dwarka-homes release=r3`.
    pub target: String,
    /// The HTTP status of the answer; none before there is one. A change is written down before it is begun and before
    /// it is answered, so one whose end is missing may or may not have happened.
    pub status: Option<u16>,
    /// The id of the request, as in the log.
    pub request: String,
}

/// An event in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counted from 1, without gaps.
    pub seq: i64,
    /// What was done.
    pub event: AuditEvent,
    /// The hash of the entry before; zeros for the first.
    pub prev: Digest,
    /// The hash of all this.
    pub hash: Digest,
}

impl AuditEntry {
    /// The entry of an event that follows the last one, or is the first.
    #[must_use]
    pub fn after(last: Option<(i64, Digest)>, event: AuditEvent) -> Self {
        let (seq, prev) = last.map_or((1, GENESIS.into()), |(seq, hash)| (seq + 1, hash));
        let hash = hash(seq, &event, prev);
        Self { seq, event, prev, hash }
    }
}

/// Every part with its length before it, so that no two entries read alike.
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

/// The first thing that is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// An entry is not there.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// An entry is not what was written.
    #[error("entry {0} was edited")]
    Edited(i64),
    /// An entry stands before the first one.
    #[error("entry {0} was inserted")]
    Inserted(i64),
    /// The hash that somebody kept is not in the trail.
    #[error("no entry has the expected hash: entries were cut off at the end, or the trail was written anew")]
    Cut,
}

/// Reads a trail from its beginning.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    last: Option<(i64, Digest)>,
    expected: Option<Digest>,
}

impl ChainVerifier {
    /// Of a trail that must hold the `expected` hash, if there is one.
    #[must_use]
    pub const fn new(expected: Option<Digest>) -> Self {
        Self { last: None, expected }
    }

    /// How many entries were read, which is also the number of the last one.
    #[must_use]
    pub fn read(&self) -> i64 {
        self.last.map_or(0, |(seq, _)| seq)
    }

    /// The hash of the last entry that was read.
    #[must_use]
    pub fn head(&self) -> Option<Digest> {
        self.last.map(|(_, hash)| hash)
    }

    /// Reads what is kept under the next number that is in use; nothing, if it cannot be read as an entry.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn next(&mut self, seq: i64, entry: Option<&AuditEntry>) -> Result<(), ChainBreak> {
        let wanted = self.read() + 1;
        if seq < wanted {
            return Err(ChainBreak::Inserted(seq));
        }
        if seq > wanted {
            return Err(ChainBreak::Missing(wanted));
        }
        let entry = entry
            .filter(|entry| entry.seq == seq && hash(seq, &entry.event, entry.prev) == entry.hash)
            .ok_or(ChainBreak::Edited(seq))?;
        if entry.prev != self.head().unwrap_or(GENESIS.into()) {
            // This one is as it was written, so the one before it was replaced, its own hash included.
            return Err(ChainBreak::Edited((seq - 1).max(1)));
        }
        self.last = Some((seq, entry.hash));
        if self.expected == Some(entry.hash) {
            self.expected = None;
        }
        Ok(())
    }

    /// There are no more.
    ///
    /// # Errors
    /// The expected hash was not among them.
    pub const fn end(&self) -> Result<(), ChainBreak> {
        match self.expected {
            Some(_) => Err(ChainBreak::Cut),
            None => Ok(()),
        }
    }
}

/// Counts refused requests that are not recorded yet.
#[derive(Debug, Default)]
pub struct RefusalCounter {
    written: Option<Timestamp>,
    waiting: u64,
}

impl RefusalCounter {
    /// A request was refused at `now`. Returns how many are to be written down together, if it is time to.
    pub fn note(&mut self, now: Timestamp) -> Option<u64> {
        self.waiting += 1;
        let due = self
            .written
            .is_none_or(|at| now.duration_since(at).unsigned_abs() >= REFUSALS_EVERY);
        due.then(|| {
            self.written = Some(now);
            std::mem::take(&mut self.waiting)
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
        verifier.end()?;
        Ok((verifier.read(), verifier.head()))
    }

    #[test]
    fn an_untouched_trail_is_whole() {
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
        // A letter that moves from one part to the next is an edit too.
        let mut trail = trail(1);
        trail[0].event.action.push('t');
        trail[0].event.target.remove(0);
        assert_eq!(verify(&trail, None), Err(ChainBreak::Edited(1)));
    }

    #[test]
    fn what_a_chain_alone_cannot_show_a_kept_hash_does() {
        let full = trail(5);
        let kept = Some(full[4].hash);
        // Cut off at the end.
        assert!(verify(&full[..3], None).is_ok());
        assert_eq!(verify(&full[..3], kept), Err(ChainBreak::Cut));
        // The last entry, written anew with its hash; and the whole trail.
        let mut last = full.clone();
        last[4] = AuditEntry::after(Some((4, full[3].hash)), event(99));
        assert!(verify(&last, None).is_ok());
        assert_eq!(verify(&last, kept), Err(ChainBreak::Cut));
        assert_eq!(verify(&[], kept), Err(ChainBreak::Cut));
    }

    #[test]
    fn unreadable_entries_are_named() {
        // What cannot be read or stands before the first is named.
        let trail = trail(2);
        let mut verifier = ChainVerifier::new(None);
        assert_eq!(verifier.next(0, Some(&trail[0])), Err(ChainBreak::Inserted(0)));
        verifier.next(1, Some(&trail[0])).unwrap();
        assert_eq!(verifier.next(2, None), Err(ChainBreak::Edited(2)));
    }

    #[test]
    fn refusals_are_counted_and_told_once_a_minute() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut refusals = RefusalCounter::default();
        let told: Vec<_> = [0, 1, 59, 60, 61, 200].map(|second| refusals.note(at(second))).to_vec();
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }

    #[test]
    fn an_actor_reads_back() {
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
        fn the_first_place_that_was_tampered_with_is_named(
            length in 3..40_i64,
            at in any::<prop::sample::Index>(),
            tampering in prop_oneof![
                Just(Tampering::Edit), Just(Tampering::EditWithHash), Just(Tampering::Delete),
                Just(Tampering::SwapContents), Just(Tampering::Insert),
            ],
        ) {
            let mut trail = trail(length);
            // Not the last one: that is what a kept hash is for.
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
                    // What was inserted fits by itself; the one that it pushed aside has a number that is not its own.
                    ChainBreak::Edited(seq + 1)
                }
            };
            prop_assert_eq!(verify(&trail, None), Err(expected));
        }
    }
}
