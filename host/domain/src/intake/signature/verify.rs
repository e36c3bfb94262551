//! Verifies a webhook: the sender has a valid key, the request is unchanged, and it was sent just now.

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use subtle::{Choice, ConstantTimeEq as _};

use super::key::WebhookKey;
use super::profile::{SignatureEncoding, SignatureLayout, SignatureProfile, SignedContent, TimestampSource};
use super::public_key::SIGNATURE_BYTES;
use crate::id::DedupKey;
use crate::word::words;

/// The most parts of a signature header that are compared, so that an attacker cannot keep the host busy. Senders that
/// rotate their keys send two or three.
pub const MAX_SIGNATURES: usize = 16;
/// The most of them that are by public keys, which take much longer to verify. A sender has the old key and the
/// new one.
const MAX_PUBLIC_KEY_SIGNATURES: usize = 4;
/// What stands before a signature by a public key.
const PUBLIC_KEY_SIGNATURE: &str = "v1a,";

/// What a valid signature proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRequest {
    /// The message's id, if the profile signs one.
    pub signed_id: Option<DedupKey>,
}

/// Why a request is refused. For metrics and the operator's log; the sender learns only that it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureRefusal {
    /// A header that the profile requires is missing.
    MissingHeader,
    /// A header is present twice: another reader might use the other one.
    DuplicateHeader,
    /// A header is not in the profile's format: not UTF-8, not a number, a `.` in the id, no signature of the right
    /// version.
    MalformedHeader,
    /// The header contains more than [`MAX_SIGNATURES`].
    TooManySignatures,
    /// Sent longer ago than the profile tolerates.
    StaleTimestamp,
    /// Sent further in the future than the profile tolerates.
    FutureTimestamp,
    /// Every key has expired, or there is none.
    NoValidKey,
    /// No signature matches this request under a valid key.
    NoMatch,
}

words!(SignatureRefusal {
    MissingHeader = "missing-header",
    DuplicateHeader = "duplicate-header",
    MalformedHeader = "malformed-header",
    TooManySignatures = "too-many-signatures",
    StaleTimestamp = "stale-timestamp",
    FutureTimestamp = "future-timestamp",
    NoValidKey = "no-valid-key",
    NoMatch = "no-match",
});

/// Verifies a request that arrived at `now`, with any of the keys that have not expired then.
///
/// Every valid key is compared with every signature even after one has matched, and each comparison takes the same time
/// wherever the difference is.
///
/// # Errors
/// The first reason to refuse it.
pub fn verify(
    profile: &SignatureProfile,
    keys: &[(WebhookKey, Option<Timestamp>)],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<VerifiedRequest, SignatureRefusal> {
    let signed = SignatureHeaders::read(profile, headers)?;
    if let Some(timestamp) = signed.timestamp {
        check_age(timestamp, i64::from(profile.tolerance_seconds), now)?;
    }
    let message = signed.message(body);
    let received: Vec<[u8; 32]> = signed
        .signatures
        .iter()
        .filter_map(|text| profile.encoding.decode(text))
        .collect();
    let by_public_key: Vec<[u8; SIGNATURE_BYTES]> = signed
        .by_public_key
        .iter()
        .filter_map(|text| SignatureEncoding::Base64.decode(text))
        .collect();
    if received.is_empty() && by_public_key.is_empty() {
        return Err(SignatureRefusal::MalformedHeader);
    }
    let mut tried = false;
    let mut matched = Choice::from(0);
    for (key, _) in keys.iter().filter(|(_, expires)| expires.is_none_or(|at| now < at)) {
        tried = true;
        match key {
            WebhookKey::Shared(key) => {
                let expected = key.mac(&message);
                for signature in &received {
                    matched |= signature.ct_eq(&expected);
                }
            }
            WebhookKey::Public(_) if by_public_key.is_empty() => {}
            WebhookKey::Public(key) => {
                let message = message.concat();
                for signature in &by_public_key {
                    matched |= Choice::from(u8::from(key.verifies(&message, signature)));
                }
            }
        }
    }
    match (bool::from(matched), tried) {
        (true, _) => Ok(VerifiedRequest { signed_id: signed.id }),
        (false, true) => Err(SignatureRefusal::NoMatch),
        (false, false) => Err(SignatureRefusal::NoValidKey),
    }
}

/// The id, timestamp and signatures in a request's headers, not verified yet.
struct SignatureHeaders<'a> {
    id: Option<DedupKey>,
    timestamp: Option<&'a str>,
    signatures: Vec<&'a str>,
    /// Those that a public key verifies.
    by_public_key: Vec<&'a str>,
}

impl<'a> SignatureHeaders<'a> {
    fn read(profile: &SignatureProfile, headers: &'a HeaderMap) -> Result<Self, SignatureRefusal> {
        let value = single(headers, &profile.signature_header)?;
        let signatures = match &profile.layout {
            SignatureLayout::Single { prefix } => prefixed(value, prefix)?,
            SignatureLayout::List { prefix } => bounded(value, ' ')?
                .into_iter()
                .filter_map(|part| without_prefix(part, prefix))
                .map(|signature| signature.trim_end_matches(','))
                .collect(),
            SignatureLayout::Pairs { signature_key } => named(value, signature_key)?,
        };
        let by_public_key: Vec<_> = if profile.takes_public_keys() {
            let parts = value.split(' ');
            parts
                .filter_map(|part| without_prefix(part, PUBLIC_KEY_SIGNATURE))
                .collect()
        } else {
            vec![]
        };
        if by_public_key.len() > MAX_PUBLIC_KEY_SIGNATURES {
            return Err(SignatureRefusal::TooManySignatures);
        }
        let mut all = signatures.iter().chain(&by_public_key).peekable();
        if all.peek().is_none() || all.any(|signature| signature.is_empty()) {
            return Err(SignatureRefusal::MalformedHeader);
        }
        let timestamp = match profile.signed.timestamp() {
            None => None,
            Some(TimestampSource::Header(name)) => Some(single(headers, name)?),
            Some(TimestampSource::Pair(name)) => match named(value, name)?[..] {
                [] => return Err(SignatureRefusal::MissingHeader),
                [timestamp] => Some(timestamp),
                _ => return Err(SignatureRefusal::DuplicateHeader),
            },
        };
        let id = match &profile.signed {
            SignedContent::IdTimestampBody(name, _) => Some(id(single(headers, name)?)?),
            SignedContent::TimestampBody(_) | SignedContent::Body => None,
        };
        Ok(Self {
            id,
            timestamp,
            signatures,
            by_public_key,
        })
    }

    /// The signed bytes, in parts.
    fn message<'b>(&'b self, body: &'b [u8]) -> Vec<&'b [u8]> {
        let stamps = [self.id.as_ref().map(DedupKey::as_str), self.timestamp];
        let mut parts: Vec<&[u8]> = vec![];
        for stamp in stamps.into_iter().flatten() {
            parts.extend([stamp.as_bytes(), b"."]);
        }
        parts.push(body);
        parts
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, SignatureRefusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignatureRefusal::MissingHeader)?;
    if values.next().is_some() {
        return Err(SignatureRefusal::DuplicateHeader);
    }
    std::str::from_utf8(value.as_bytes()).map_err(|_| SignatureRefusal::MalformedHeader)
}

/// Parses an id. With a `.` in an id, one signature would be valid for two readings of the signed text.
fn id(text: &str) -> Result<DedupKey, SignatureRefusal> {
    match text.parse() {
        Ok(id) if !text.contains('.') => Ok(id),
        _ => Err(SignatureRefusal::MalformedHeader),
    }
}

/// The text after a prefix, whose case does not matter: vendors write `sha256=` and `SHA256=`.
fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn bounded(value: &str, separator: char) -> Result<Vec<&str>, SignatureRefusal> {
    let parts: Vec<_> = value.split(separator).take(MAX_SIGNATURES + 1).collect();
    if parts.len() > MAX_SIGNATURES {
        return Err(SignatureRefusal::TooManySignatures);
    }
    Ok(parts)
}

/// The signatures in `prefix…,prefix…`, of which most senders send one. Blanks, quotes and a comma at the end do not
/// count, and parts with another prefix are of another scheme.
fn prefixed<'a>(value: &'a str, prefix: &str) -> Result<Vec<&'a str>, SignatureRefusal> {
    let is_around = |c: char| c.is_ascii_whitespace() || c == '"';
    let parts = bounded(value, ',')?
        .into_iter()
        .map(|part| part.trim_matches(is_around));
    let signatures = parts
        .filter(|part| !part.is_empty())
        .filter_map(|part| without_prefix(part, prefix));
    Ok(signatures.map(|signature| signature.trim_matches(is_around)).collect())
}

/// The values of a key in `k=v,k=v`. Blanks around keys and values do not count.
fn named<'a>(value: &'a str, name: &str) -> Result<Vec<&'a str>, SignatureRefusal> {
    let pairs = bounded(value, ',')?;
    Ok(pairs
        .into_iter()
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(key, value)| (key.trim_ascii() == name).then_some(value.trim_ascii().trim_matches('"')))
        .collect())
}

/// From here on a timestamp is in milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973.
const LEAST_MILLISECONDS: i64 = 100_000_000_000;

/// Checks a time in Unix seconds or milliseconds, or in RFC 3339. Both ends of the tolerance are allowed; milliseconds
/// do not count. A point is refused, as in an id: the signed text would have two readings.
fn check_age(timestamp: &str, tolerance: i64, now: Timestamp) -> Result<(), SignatureRefusal> {
    if timestamp.contains('.') {
        return Err(SignatureRefusal::MalformedHeader);
    }
    let sent = match timestamp.parse::<i64>() {
        Ok(sent) if sent < LEAST_MILLISECONDS => sent,
        Ok(sent) => sent / 1000,
        Err(_) => {
            let instant: Timestamp = timestamp.parse().map_err(|_| SignatureRefusal::MalformedHeader)?;
            instant.as_second()
        }
    };
    let age = now.as_second().saturating_sub(sent);
    if age > tolerance {
        Err(SignatureRefusal::StaleTimestamp)
    } else if age < -tolerance {
        Err(SignatureRefusal::FutureTimestamp)
    } else {
        Ok(())
    }
}
