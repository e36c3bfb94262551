//! Is this request what somebody with a valid key sent, and did they send it just now?

use std::fmt;

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use subtle::{Choice, ConstantTimeEq as _};

use super::key::SigningKey;
use super::profile::{Layout, SignatureProfile, Signed, TimestampIn};
use crate::id::DedupKey;

/// The most parts of a signature header that are looked at, so that a forger cannot make the host compare for long.
/// Senders in rotation send two or three.
pub const MAX_SIGNATURES: usize = 16;

/// What a valid signature vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRequest {
    /// The message's id, where the profile signs one.
    pub signed_id: Option<DedupKey>,
}

/// Why a request is refused. For metrics and the operator's log; the caller is told only that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureRefusal {
    /// A header that the profile needs is not there.
    MissingHeader,
    /// A header is there twice: whoever comes next might read the other one.
    DuplicateHeader,
    /// A header is not in the profile's form: no UTF-8, no number, a `.` in the id, no signature of the right version.
    MalformedHeader,
    /// The header holds more than [`MAX_SIGNATURES`].
    TooManySignatures,
    /// Sent longer ago than the profile tolerates.
    StaleTimestamp,
    /// Sent further in the future than the profile tolerates.
    FutureTimestamp,
    /// Every key has expired, or there is none.
    NoValidKey,
    /// No signature is by a valid key over this request.
    NoMatch,
}

impl SignatureRefusal {
    /// Every refusal, for tables and metrics.
    pub const ALL: [Self; 8] = [
        Self::MissingHeader,
        Self::DuplicateHeader,
        Self::MalformedHeader,
        Self::TooManySignatures,
        Self::StaleTimestamp,
        Self::FutureTimestamp,
        Self::NoValidKey,
        Self::NoMatch,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing-header",
            Self::DuplicateHeader => "duplicate-header",
            Self::MalformedHeader => "malformed-header",
            Self::TooManySignatures => "too-many-signatures",
            Self::StaleTimestamp => "stale-timestamp",
            Self::FutureTimestamp => "future-timestamp",
            Self::NoValidKey => "no-valid-key",
            Self::NoMatch => "no-match",
        }
    }
}

impl fmt::Display for SignatureRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Verifies a request that came in at `now`, under any of the keys that have not expired then.
///
/// Every valid key is tried against every signature even after one has matched, and each comparison takes the same
/// time wherever the difference is.
///
/// # Errors
/// The first reason found to refuse it.
pub fn verify(
    profile: &SignatureProfile,
    keys: &[(SigningKey, Option<Timestamp>)],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<VerifiedRequest, SignatureRefusal> {
    let claim = Claim::read(profile, headers)?;
    if let Some(timestamp) = claim.timestamp {
        check_age(timestamp, i64::from(profile.tolerance_seconds), now)?;
    }
    let message = claim.message(body);
    let mut tried = false;
    let mut matched = Choice::from(0);
    for (key, _) in keys.iter().filter(|(_, expires)| expires.is_none_or(|at| now < at)) {
        tried = true;
        let expected = profile.encoding.encode(&key.mac(&message));
        for signature in &claim.signatures {
            matched |= signature.as_bytes().ct_eq(expected.as_bytes());
        }
    }
    match (bool::from(matched), tried) {
        (true, _) => Ok(VerifiedRequest { signed_id: claim.id }),
        (false, true) => Err(SignatureRefusal::NoMatch),
        (false, false) => Err(SignatureRefusal::NoValidKey),
    }
}

/// What a request's headers say of itself.
struct Claim<'a> {
    id: Option<DedupKey>,
    timestamp: Option<&'a str>,
    signatures: Vec<&'a str>,
}

impl<'a> Claim<'a> {
    fn read(profile: &SignatureProfile, headers: &'a HeaderMap) -> Result<Self, SignatureRefusal> {
        let value = single(headers, &profile.signature_header)?;
        let signatures = match &profile.layout {
            Layout::Single { prefix } => vec![
                value
                    .strip_prefix(prefix.as_str())
                    .ok_or(SignatureRefusal::MalformedHeader)?,
            ],
            Layout::List { prefix } => bounded(value, ' ')?
                .into_iter()
                .filter_map(|part| part.strip_prefix(prefix.as_str()))
                .collect(),
            Layout::Pairs { signature_key } => named(value, signature_key)?,
        };
        if signatures.is_empty() || signatures.iter().any(|signature| signature.is_empty()) {
            return Err(SignatureRefusal::MalformedHeader);
        }
        let timestamp = match profile.signed.timestamp() {
            None => None,
            Some(TimestampIn::Header(name)) => Some(single(headers, name)?),
            Some(TimestampIn::Pair(name)) => match named(value, name)?[..] {
                [] => return Err(SignatureRefusal::MissingHeader),
                [timestamp] => Some(timestamp),
                _ => return Err(SignatureRefusal::DuplicateHeader),
            },
        };
        let id = match &profile.signed {
            Signed::IdTimestampBody(name, _) => Some(id(single(headers, name)?)?),
            Signed::TimestampBody(_) | Signed::Body => None,
        };
        Ok(Self {
            id,
            timestamp,
            signatures,
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

/// An id with a `.` in it would let one signature vouch for two readings of the signed text.
fn id(text: &str) -> Result<DedupKey, SignatureRefusal> {
    match text.parse() {
        Ok(id) if !text.contains('.') => Ok(id),
        _ => Err(SignatureRefusal::MalformedHeader),
    }
}

fn bounded(value: &str, separator: char) -> Result<Vec<&str>, SignatureRefusal> {
    let parts: Vec<_> = value.split(separator).take(MAX_SIGNATURES + 1).collect();
    if parts.len() > MAX_SIGNATURES {
        return Err(SignatureRefusal::TooManySignatures);
    }
    Ok(parts)
}

/// The values under a name in `k=v,k=v`.
fn named<'a>(value: &'a str, name: &str) -> Result<Vec<&'a str>, SignatureRefusal> {
    let pairs = bounded(value, ',')?;
    Ok(pairs
        .into_iter()
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(key, value)| (key == name).then_some(value))
        .collect())
}

/// Checks a time in Unix seconds. Both ends of the tolerance pass; fractions of the host's own second do not count.
fn check_age(timestamp: &str, tolerance: i64, now: Timestamp) -> Result<(), SignatureRefusal> {
    let sent: i64 = timestamp.parse().map_err(|_| SignatureRefusal::MalformedHeader)?;
    let age = now.as_second().saturating_sub(sent);
    if age > tolerance {
        Err(SignatureRefusal::StaleTimestamp)
    } else if age < -tolerance {
        Err(SignatureRefusal::FutureTimestamp)
    } else {
        Ok(())
    }
}
