//! Recognising a repeat.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::id::{DedupKey, Digest};

/// Lead keys are kept at least this long: shorter than a sender's retries would make duplicates.
pub const MIN_WINDOW: Duration = Duration::from_hours(24);
/// How long lead keys are kept when the tenant says nothing.
pub const DEFAULT_WINDOW: Duration = Duration::from_hours(168);

/// The keys under which a webhook counts as a repeat. Each comes out of the signed bytes, so that a forger cannot make a
/// replay look new by altering an unsigned header:
/// the message id where the profile signs it, the body's own `idempotency_key`, and where there is neither, the body.
#[must_use]
pub fn keys(signed_id: Option<&DedupKey>, body: &[u8]) -> Vec<DedupKey> {
    let named = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|document| document.get("idempotency_key")?.as_str()?.parse::<DedupKey>().ok());
    let mut keys: Vec<_> = [("id", signed_id.cloned()), ("key", named)]
        .into_iter()
        .filter_map(|(from, key)| Some(qualified(from, key?.as_str())))
        .collect();
    if keys.is_empty() {
        keys.push(qualified("body", &Digest::of(body).to_string()));
    }
    keys
}

/// Keys of different origin never meet; an over-long one is replaced by its digest.
fn qualified(from: &str, key: &str) -> DedupKey {
    let text = format!("{from}:{key}");
    match text.parse() {
        Ok(key) => key,
        Err(_) => qualified(from, &Digest::of(key.as_bytes()).to_string()),
    }
}

/// What was seen before under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The digest of its body.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
}

/// What a request is, beside what was seen under its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing like it was seen.
    New,
    /// The same was seen.
    Same,
    /// The key was used for another body.
    Conflict,
}

/// Compares a body with what was seen under its keys. What is older than `window` is forgotten; `None` never forgets.
#[must_use]
pub fn compare(digest: Digest, seen: &[Seen], window: Option<Duration>, now: Timestamp) -> Repeat {
    let fresh = |seen: &&Seen| {
        let age = now.duration_since(seen.at);
        window.is_none_or(|window| age.is_negative() || age.unsigned_abs() < window)
    };
    let mut repeat = Repeat::New;
    for seen in seen.iter().filter(fresh) {
        if seen.digest != digest {
            return Repeat::Conflict;
        }
        repeat = Repeat::Same;
    }
    repeat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(keys: &[DedupKey]) -> Vec<&str> {
        keys.iter().map(DedupKey::as_str).collect()
    }

    #[test]
    fn keys_come_from_the_signed_bytes() {
        let id = "msg_1".parse().unwrap();
        assert_eq!(
            texts(&keys(Some(&id), br#"{"idempotency_key":"K"}"#)),
            ["id:msg_1", "key:K"]
        );
        assert_eq!(texts(&keys(None, br#"{"idempotency_key":"K"}"#)), ["key:K"]);
        assert_eq!(texts(&keys(Some(&id), b"a=b")), ["id:msg_1"]);
        assert!(keys(None, b"a=b")[0].as_str().starts_with("body:sha256:"));
        assert_ne!(keys(None, b"a=b"), keys(None, b"a=c"));
    }

    #[test]
    fn a_key_of_full_length_still_fits() {
        let id: DedupKey = "x".repeat(200).parse().unwrap();
        assert!(keys(Some(&id), b"")[0].as_str().starts_with("id:sha256:"));
    }

    #[test]
    fn a_repeat_is_the_same_body_within_the_window() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let at = |second| Timestamp::from_second(second).unwrap();
        let seen = |digest, second| Seen { digest, at: at(second) };
        let hour = Some(Duration::from_hours(1));
        assert_eq!(compare(a, &[], hour, at(0)), Repeat::New);
        assert_eq!(compare(a, &[seen(a, 0)], hour, at(3599)), Repeat::Same);
        assert_eq!(compare(a, &[seen(a, 0)], hour, at(3600)), Repeat::New);
        assert_eq!(compare(a, &[seen(a, 0), seen(b, 0)], hour, at(5)), Repeat::Conflict);
        assert_eq!(compare(a, &[seen(a, 0)], None, Timestamp::MAX), Repeat::Same);
        assert_eq!(
            compare(a, &[seen(a, 100)], hour, at(0)),
            Repeat::Same,
            "a clock that went back forgets nothing"
        );
    }
}
