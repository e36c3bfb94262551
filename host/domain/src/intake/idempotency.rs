//! Recognizes a repeated request.

use std::time::Duration;

use jiff::Timestamp;

use crate::id::{DedupKey, Digest, ReceiptId, TenantName};
use crate::intake::signature::{InvalidSigningSecret, SigningKey};
use crate::json::JsonDocument;

/// The keys by which a repeated webhook is recognized. Each comes from the signed bytes, so that an attacker cannot
/// make a replay look new by changing an unsigned header: the message id if the profile signs it, the body's
/// `idempotency_key`, and if there is neither, the body's digest. `document` is the body, if it is JSON.
#[must_use]
pub fn keys(signed_id: Option<&DedupKey>, document: Option<&JsonDocument>, body: &[u8]) -> Vec<DedupKey> {
    let named = document.and_then(|document| document.root().member("idempotency_key")?.as_text()?.parse().ok());
    let mut keys: Vec<_> = [("id", signed_id.cloned()), ("key", named)]
        .into_iter()
        .filter_map(|(source, key)| Some(with_source(source, key?.as_str())))
        .collect();
    if keys.is_empty() {
        keys.push(with_source("body", &Digest::of(body).to_string()));
    }
    keys
}

/// The digest by which a webhook in the contract's shape is compared with earlier ones of its key: blanks, escapes and
/// the order of members do not change it, the text of a number does. Other webhooks are compared byte for byte.
#[must_use]
pub fn digest(document: &JsonDocument) -> Digest {
    Digest::of(document.root().canonical().as_bytes())
}

/// Prefixes a key with its source, so that keys from different sources never collide. A key that is too long is
/// replaced by its digest.
fn with_source(source: &str, key: &str) -> DedupKey {
    let text = format!("{source}:{key}");
    match text.parse() {
        Ok(key) => key,
        Err(_) => with_source(source, &Digest::of(key.as_bytes()).to_string()),
    }
}

/// The key of a delivery if another delivery already has its request's first key. A delivery outlives the deduplication
/// window of its request, and a destination may still know the key; so a request that is repeated after the window is
/// new and gets a key that was never used. No webhook's key starts with `again:`, and no two have the same receipt.
#[must_use]
pub fn key_again(receipt: ReceiptId, key: &DedupKey) -> DedupKey {
    with_source(&format!("again:{}", receipt.0), key.as_str())
}

/// The length of a key's digest. Two of a billion keys share one with a probability of 1 : 10²⁰.
pub const KEY_DIGEST_BYTES: usize = 16;

/// Makes digests of the keys that a store remembers, some of them for ever: a key may be made from personal data, and
/// whoever reads the database cannot find it out by trying.
#[derive(Debug, Clone)]
pub struct KeyDigester(SigningKey);

impl KeyDigester {
    /// With the secret of a database.
    ///
    /// # Errors
    /// The secret is empty.
    pub fn new(secret: &[u8]) -> Result<Self, InvalidSigningSecret> {
        SigningKey::from_bytes(secret).map(Self)
    }

    /// The digest of a tenant's key. `scope` keeps keys of different kinds apart.
    #[must_use]
    pub fn digest(&self, tenant: &TenantName, scope: &str, key: &str) -> [u8; KEY_DIGEST_BYTES] {
        let parts = [tenant.as_str(), "\n", scope, "\n", key].map(str::as_bytes);
        let mac = self.0.mac(&parts);
        std::array::from_fn(|n| mac[n])
    }
}

/// How many expired keys a store removes at once: few enough to delay nobody. A caller that gets this many asks again.
pub const KEYS_FORGOTTEN_AT_ONCE: usize = 1000;

/// An earlier request with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenKey {
    /// The digest of its body.
    pub digest: Digest,
    /// When it was accepted.
    pub at: Timestamp,
}

/// How a request compares with earlier requests that have one of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatCheck {
    /// No earlier request has one of its keys.
    New,
    /// An earlier request has the key and the same body.
    Same,
    /// The key was used for another body.
    Conflict,
}

/// Compares a body with the earlier requests that have one of its keys. Requests older than `window` do not count;
/// without a window, all count.
#[must_use]
pub fn compare(digest: Digest, seen: &[SeenKey], window: Option<Duration>, now: Timestamp) -> RepeatCheck {
    let fresh = |seen: &&SeenKey| {
        let age = now.duration_since(seen.at);
        window.is_none_or(|window| age.is_negative() || age.unsigned_abs() < window)
    };
    let mut repeat = RepeatCheck::New;
    for seen in seen.iter().filter(fresh) {
        if seen.digest != digest {
            return RepeatCheck::Conflict;
        }
        repeat = RepeatCheck::Same;
    }
    repeat
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys of a body, parsed as the host parses it.
    fn keys(signed_id: Option<&DedupKey>, body: &[u8]) -> Vec<DedupKey> {
        super::keys(signed_id, JsonDocument::parse(body).ok().as_ref(), body)
    }

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
    fn digits_make_another_body() {
        let digest = |body: &str| digest(&JsonDocument::parse(body.as_bytes()).unwrap());
        let first = digest(r#"{"idempotency_key":"K","lead":{"budget":1.10}}"#);
        assert_eq!(
            first,
            digest("\u{feff}{\"lead\": {\"budget\": 1.10}, \"idempotency_key\": \"\\u004b\"}\n")
        );
        assert_ne!(first, digest(r#"{"idempotency_key":"K","lead":{"budget":1.1}}"#));
    }

    #[test]
    fn a_key_of_full_length_still_fits() {
        let id: DedupKey = "x".repeat(200).parse().unwrap();
        assert!(keys(Some(&id), b"")[0].as_str().starts_with("id:sha256:"));
    }

    #[test]
    fn a_used_key_is_qualified_by_the_receipt() {
        let again = |key: &str| key_again(ReceiptId(7), &key.parse().unwrap());
        assert_eq!(again("key:K").as_str(), "again:7:key:K");
        assert!(again(&"x".repeat(200)).as_str().starts_with("again:7:sha256:"));
    }

    #[test]
    fn repeats_have_the_same_body_in_the_window() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let at = |second| Timestamp::from_second(second).unwrap();
        let seen = |digest, second| SeenKey { digest, at: at(second) };
        let hour = Some(Duration::from_hours(1));
        assert_eq!(compare(a, &[], hour, at(0)), RepeatCheck::New);
        assert_eq!(compare(a, &[seen(a, 0)], hour, at(3599)), RepeatCheck::Same);
        assert_eq!(compare(a, &[seen(a, 0)], hour, at(3600)), RepeatCheck::New);
        assert_eq!(
            compare(a, &[seen(a, 0), seen(b, 0)], hour, at(5)),
            RepeatCheck::Conflict
        );
        assert_eq!(compare(a, &[seen(a, 0)], None, Timestamp::MAX), RepeatCheck::Same);
        assert_eq!(
            compare(a, &[seen(a, 100)], hour, at(0)),
            RepeatCheck::Same,
            "a clock that went back forgets nothing"
        );
    }

    proptest! {
        /// One different body within the window makes a conflict, in any order of the earlier requests.
        #[test]
        fn earlier_requests_count_in_any_order(
            body in 0..3_u8,
            seen in prop::collection::vec((0..3_u8, -1000..1000_i64), 0..6),
            window in prop::option::of(0..1500_u64),
            now in -1000..1000_i64,
        ) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let mut seen: Vec<_> = seen
                .into_iter()
                .map(|(body, second)| SeenKey { digest: Digest::of(&[body]), at: at(second) })
                .collect();
            let digest = Digest::of(&[body]);
            let check = compare(digest, &seen, window.map(Duration::from_secs), at(now));
            let fresh = |seen: &&SeenKey| window.is_none_or(|window| {
                now - seen.at.as_second() < i64::try_from(window).unwrap() || now < seen.at.as_second()
            });
            let fresh: Vec<_> = seen.iter().filter(fresh).collect();
            let expected = match (fresh.is_empty(), fresh.iter().all(|seen| seen.digest == digest)) {
                (true, _) => RepeatCheck::New,
                (false, true) => RepeatCheck::Same,
                (false, false) => RepeatCheck::Conflict,
            };
            prop_assert_eq!(check, expected);
            seen.reverse();
            prop_assert_eq!(compare(digest, &seen, window.map(Duration::from_secs), at(now)), expected);
        }

        #[test]
        fn without_a_window_keys_never_expire(
            body: Vec<u8>,
            second in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
            now in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
        ) {
            let digest = Digest::of(&body);
            let seen = [SeenKey { digest, at: Timestamp::from_second(second).unwrap() }];
            let now = Timestamp::from_second(now).unwrap();
            prop_assert_eq!(compare(digest, &seen, None, now), RepeatCheck::Same);
            let _ = compare(digest, &seen, Some(Duration::from_hours(168)), now);
        }

        #[test]
        fn repeats_share_their_keys(id in "[!-~]{1,200}", key: String, body: Vec<u8>) {
            let named = serde_json::json!({ "idempotency_key": key }).to_string();
            for body in [&body[..], named.as_bytes()] {
                for id in [None, id.parse().ok().as_ref()] {
                    let found = keys(id, body);
                    prop_assert!((1..=2).contains(&found.len()));
                    prop_assert_eq!(found.iter().any(|key| key.as_str().starts_with("id:")), id.is_some());
                    prop_assert_eq!(&keys(id, body), &found);
                }
            }
        }
    }
}
