//! Path prefixes, compared so that no spelling of a path leads out of them.
//!
//! The host must compare the same path that the CRM's server sees. Servers differ in what they decode, how often, what
//! they strip from a segment, and whether they normalize Unicode. So a path is below a prefix only if it is in every
//! reading, and no prefix grants a path in which some reading climbs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::text::text_conversions;

/// How often a path is decoded in search of a hidden separator: a proxy, a server and a framework may each decode it
/// once. A path that is still encoded after that is refused.
const MAX_DECODINGS: usize = 4;
/// What separates segments for some server: a backslash, and the characters that systems which convert a path to
/// another charset make a slash or a backslash of.
const SEPARATORS: [char; 7] = ['/', '\\', '\u{2044}', '\u{2215}', '\u{2216}', '\u{29f5}', '\u{29f8}'];

/// The prefix of the paths that a grant covers. It consists of whole segments, so `/api` covers `/api` and `/api/x` but
/// not `/apix`. A trailing slash makes no difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix {
    /// As in a URL, without a trailing slash; empty for every path.
    encoded: String,
    /// As a server decodes it.
    decoded: String,
}

/// The text is not a path prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a path prefix; write whole segments like \"/api/v2\", with no query, no `..`, no `*` and no encoded \
     slash, backslash or dot"
)]
pub struct InvalidPath(String);

impl PathPrefix {
    /// Whether a path is below the prefix, however a server reads it.
    #[must_use]
    pub fn covers(&self, path: &DecodedPath) -> bool {
        let exact: Vec<_> = self.decoded.split('/').map(ToOwned::to_owned).collect();
        let normal: Vec<_> = self.encoded.split('/').map(comparable).collect();
        path.segments.starts_with(&exact) && path.readings.iter().all(|reading| reading.starts_with(&normal))
    }

    /// Whether every path is below the prefix.
    #[must_use]
    pub const fn covers_everything(&self) -> bool {
        self.decoded.is_empty()
    }

    /// Whether a base URL's path is below the prefix, or the prefix below the path.
    #[must_use]
    pub fn overlaps(&self, base: &str) -> bool {
        let base = base.trim_end_matches('/');
        let is_within = |path: &str, prefix: &str| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        is_within(base, &self.decoded) || is_within(&self.decoded, base)
    }
}

/// A URL's path, in every way in which servers may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedPath {
    /// Its segments, each decoded once.
    segments: Vec<String>,
    /// Its segments if it is decoded so often before it is divided, each in the form that is compared.
    readings: Vec<Vec<String>>,
}

/// Reads a URL's path as servers do; none if a segment leads upwards for some of them, or holds something that servers
/// read too differently. An encoded slash is a slash to some and part of a segment to others: both are readings.
///
/// `path` comes from [`Url::path`], so segments `.` and `..`, also spelled `%2e`, are resolved already.
#[must_use]
pub fn decode(path: &str) -> Option<DecodedPath> {
    let mut readings = vec![];
    for normalizes in [false, true] {
        read(path, normalizes, &mut readings)?;
    }
    let segments = path.split('/').map(decode_once).collect::<Option<_>>()?;
    Some(DecodedPath { segments, readings })
}

/// Adds the readings of servers that normalize what they have decoded, or do not.
fn read(path: &str, normalizes: bool, readings: &mut Vec<Vec<String>>) -> Option<()> {
    let mut text = path.to_owned();
    for _ in 0..=MAX_DECODINGS {
        if normalizes {
            text = normalize(&text).into_owned();
        }
        // IIS reads `%u002e` as a dot. A dot that appears only after decoding is one to some servers only.
        let is_doubtful = text.contains("%u") || text.contains("%U") || text.contains(char::is_control);
        if is_doubtful || dots(&text) != dots(path) || !text.split(SEPARATORS).all(is_plain) {
            return None;
        }
        readings.push(text.split(SEPARATORS).map(comparable).collect());
        let decoded = decode_once(&text)?;
        if decoded == text {
            return Some(());
        }
        text = decoded;
    }
    None
}

fn decode_once(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().map(String::from).ok()
}

fn dots(text: &str) -> usize {
    text.matches('.').count()
}

/// A text without the characters that are never seen, and with one spelling for those that look alike (NFKC): some
/// servers and file systems read a full-width dot, or one with a zero-width space after it, as a dot.
fn normalize(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let visible: String = text.chars().filter(|c| !ignorable.contains(*c)).collect();
    Cow::Owned(ComposingNormalizerBorrowed::new_nfkc().normalize(&visible).into_owned())
}

/// A segment in the form in which readings are compared: decoded completely, and normalized.
fn comparable(segment: &str) -> String {
    let mut text = normalize(segment).into_owned();
    for _ in 0..=MAX_DECODINGS {
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        let next = normalize(&decoded).into_owned();
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// Whether all servers read a segment alike: some strip parameters (`..;x`), spaces and further dots from it, and the
/// rest may lead upwards.
fn is_plain(segment: &str) -> bool {
    let stripped = segment.split(';').next().unwrap_or_default();
    let stripped = stripped.trim_matches(|c: char| c.is_whitespace() || c == '.');
    let is_empty = segment.is_empty();
    is_empty || !stripped.is_empty() || segment.starts_with(';')
}

impl FromStr for PathPrefix {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let invalid = || InvalidPath(text.to_owned());
        let bare = text.strip_suffix('/').unwrap_or(text);
        let odd = bare.contains("//") || text.contains(['*', '\\', '?', '#']) || text.contains(char::is_control);
        if !text.starts_with('/') || odd || bare.ends_with('/') {
            return Err(invalid());
        }
        let url = Url::parse(&format!("https://crm.example{text}")).map_err(|_| invalid())?;
        let encoded = url.path().trim_end_matches('/');
        // Fewer segments than given: some of them were `..` or `.`.
        if encoded.split('/').count() != bare.split('/').count() {
            return Err(invalid());
        }
        // A prefix says itself where its segments end.
        if decode(encoded).is_none()
            || encoded
                .split('/')
                .any(|segment| comparable(segment).contains(SEPARATORS))
        {
            return Err(invalid());
        }
        Ok(Self {
            encoded: encoded.to_owned(),
            decoded: decode_once(encoded).ok_or_else(invalid)?,
        })
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.covers_everything() { "/" } else { &self.encoded })
    }
}

text_conversions!(PathPrefix);

#[cfg(test)]
mod tests;
