//! Path prefixes, compared so that no spelling of a path leads out of them.
//!
//! The host must compare the same path that the CRM's server sees. Servers differ in what they decode, how often, and
//! what they strip from a segment, so no prefix grants a path that could be read in two ways.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::text::text_conversions;

/// How often a path is decoded in search of a hidden separator: a proxy, a server and a framework may each decode it
/// once. A path that is still encoded after that is refused.
const MAX_DECODINGS: usize = 4;

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
    /// Whether a path is below the prefix; `path` is the result of [`decode`] for a URL's path.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.decoded);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
        let above = self.decoded.strip_prefix(base);
        self.covers(base) || above.is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Decodes a URL's path once, as a server does; none if servers could read different segments in it.
///
/// `path` comes from [`Url::path`], so segments `.` and `..`, also spelled `%2e`, are resolved already.
#[must_use]
pub fn decode(path: &str) -> Option<String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).ok();
    // Some servers see a separator or dot that appears only after decoding, and others do not.
    let structure = |text: &str| text.matches(['/', '\\', '.']).count();
    let once = decode(path)?;
    let (expected, mut last) = (structure(path), path.to_owned());
    for _ in 0..MAX_DECODINGS {
        let decoded = decode(&last)?;
        if structure(&decoded) != expected || decoded.contains(char::is_control) {
            return None;
        }
        if decoded == last {
            return decoded.split('/').all(is_plain).then_some(once);
        }
        last = decoded;
    }
    None
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
        Ok(Self {
            encoded: encoded.to_owned(),
            decoded: decode(encoded).ok_or_else(invalid)?,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(prefix: &str, url: &str) -> Option<bool> {
        let url = Url::parse(&format!("https://crm.example{url}")).unwrap();
        decode(url.path()).map(|path| prefix.parse::<PathPrefix>().unwrap().covers(&path))
    }

    #[test]
    fn whole_segments_are_compared() {
        for prefix in ["/api", "/api/"] {
            for inside in [
                "/api",
                "/api/",
                "/api/x",
                "/api?q=/../x",
                "/api//x",
                "/x/../api/y",
                "/%61pi/v1",
            ] {
                assert_eq!(covers(prefix, inside), Some(true), "{prefix} {inside}");
            }
            for outside in [
                "/",
                "/apix",
                "/ap",
                "/API/x",
                "/x/api",
                "/api/../x",
                "/api/%2e%2E/x",
                "/api%20/x",
                "//api",
            ] {
                assert_eq!(covers(prefix, outside), Some(false), "{prefix} {outside}");
            }
        }
        assert_eq!(covers("/", "/anything"), Some(true));
        assert_eq!(covers("/सौदा", "/%e0%a4%b8%e0%a5%8c%e0%a4%a6%e0%a4%be/1"), Some(true));
        assert_eq!(covers("/api", "/api/A-1.json;v=2/%E0%A4%96%20x/100%25"), Some(true));
    }

    #[test]
    fn ambiguous_paths_match_no_grant() {
        // No prefix covers a path that servers read differently.
        for climbing in [
            "/api/..%2fadmin",
            "/api/..%2Fadmin",
            "/api/%2e%2e%2fadmin",
            "/api%2f..%2fadmin",
            "/api/..%5cadmin",
            "/api/%252e%252e/admin",
            "/api/%25252e%25252e/admin",
            "/api/%25%32%65%25%32%65/admin",
            "/api/..%252fadmin",
            "/api/..;/admin",
            "/api/..;x=1/admin",
            "/api/..%3b/admin",
            "/api/.;/admin",
            "/api/..%20/admin",
            "/api/.../admin",
            "/api/%00/admin",
            "/api/..%00/admin",
            "/api/%0d%0a",
            "/api/%c0%ae%c0%ae/admin",
            "/api/%e9",
            "/api/v1%2e5",
            "/api/%2525252525252525252e",
        ] {
            assert_eq!(covers("/api", climbing), None, "{climbing}");
        }
    }

    #[test]
    fn a_prefix_consists_of_whole_segments() {
        for (text, shown) in [
            ("/", "/"),
            ("/api/v2/", "/api/v2"),
            ("/a b", "/a%20b"),
            ("/v1.5/x", "/v1.5/x"),
        ] {
            assert_eq!(text.parse::<PathPrefix>().unwrap().to_string(), shown, "{text}");
        }
        for wrong in [
            "",
            "api",
            "api/",
            "//",
            "/a//b",
            "/a/../b",
            "/..",
            "/.",
            "/a/.",
            "/a/%2e%2e/b",
            "/a%2fb",
            "/a\\b",
            "/a?b",
            "/a#b",
            "/a/*",
            "https://crm.example/a",
            "/a//",
            "/..;/b",
        ] {
            assert_eq!(wrong.parse::<PathPrefix>(), Err(InvalidPath(wrong.into())));
        }
    }

    #[test]
    fn a_base_url_overlaps_a_prefix_above_or_below_it() {
        let prefix: PathPrefix = "/api/v2".parse().unwrap();
        for base in ["/", "", "/api", "/api/", "/api/v2", "/api/v2/eu"] {
            assert!(prefix.overlaps(base), "{base}");
        }
        for base in ["/ap", "/api/v", "/api/v1", "/v2"] {
            assert!(!prefix.overlaps(base), "{base}");
        }
    }

    proptest! {
        /// However often a server decodes a covered path, and whatever it then resolves, the result is below the
        /// prefix.
        #[test]
        fn no_spelling_leads_out_of_a_prefix(tail in "([a-z/.;%\\\\ ]|%2e|%2f|%5c|%25|%3b|\\.\\./){0,12}", rounds in 0_usize..6) {
            let url = Url::parse(&format!("https://crm.example/api/{tail}")).unwrap();
            let prefix: PathPrefix = "/api".parse().unwrap();
            if decode(url.path()).is_some_and(|path| prefix.covers(&path)) {
                let mut seen = url.path().to_owned();
                for _ in 0..rounds {
                    seen = percent_decode_str(&seen).decode_utf8_lossy().into_owned();
                }
                let mut stack = vec![];
                for segment in seen.replace('\\', "/").split('/') {
                    match segment.split(';').next().unwrap().trim_end() {
                        ".." => { stack.pop(); }
                        "" | "." => {}
                        other => stack.push(other.to_owned()),
                    }
                }
                prop_assert_eq!(stack.first().map(String::as_str), Some("api"), "{}", url);
            }
        }

        #[test]
        fn prefixes_round_trip(text in "/[a-zA-Z0-9./%~ -]{0,20}") {
            if let Ok(prefix) = text.parse::<PathPrefix>() {
                prop_assert_eq!(prefix.to_string().parse::<PathPrefix>(), Ok(prefix));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<PathPrefix>();
            let _ = decode(&text);
        }
    }
}
