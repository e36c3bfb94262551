//! A path prefix, compared so that no spelling of a path climbs out of it.
//!
//! What is compared must be what the CRM's server sees. Servers differ in what they decode, how often, and what they
//! strip from a segment, so a path that could be read in two ways is never granted by a prefix.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

/// Times that a path is decoded in search of a hidden separator: a proxy, a server and a framework may each do it once.
/// What is still encoded after that is refused.
const MAX_DECODINGS: usize = 4;

/// The beginning of the paths that a grant covers: whole segments, so that `/api` covers `/api` and `/api/x` and never
/// `/apix`. A slash at its end makes no difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix {
    /// As a URL spells it, without a slash at its end; empty for every path.
    spelled: String,
    /// What a server reads in it.
    read: String,
}

/// A text is not a path prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a path prefix; write whole segments like \"/api/v2\", with no query, no `..`, no `*` and no encoded \
     slash, backslash or dot"
)]
pub struct InvalidPath(String);

impl PathPrefix {
    /// Whether a path is below the prefix; `path` is what [`read`] made of a URL's path.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.read);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether every path is below it.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.read.is_empty()
    }

    /// Whether a base URL's path and the prefix lie on one way: one of them is below the other.
    #[must_use]
    pub fn meets(&self, base: &str) -> bool {
        let base = base.trim_end_matches('/');
        let above = self.read.strip_prefix(base);
        self.covers(base) || above.is_some_and(|rest| rest.starts_with('/'))
    }
}

/// What a server reads in a URL's path, decoded once; none if servers could read different segments in it.
///
/// `path` comes from [`Url::path`], so segments `.` and `..`, also in the spelling `%2e`, are resolved already.
#[must_use]
pub fn read(path: &str) -> Option<String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).ok();
    // A separator or a dot that appears only when an escape is decoded is seen by some servers and not by others.
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

/// Some servers cut parameters (`..;x`), spaces and further dots off a segment, and what is left may lead upwards.
fn is_plain(segment: &str) -> bool {
    let kept = segment.split(';').next().unwrap_or_default();
    let kept = kept.trim_matches(|c: char| c.is_whitespace() || c == '.');
    let is_empty = segment.is_empty();
    is_empty || !kept.is_empty() || segment.starts_with(';')
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
        let spelled = url.path().trim_end_matches('/');
        // Fewer segments than were written: some of them were `..` or `.`.
        if spelled.split('/').count() != bare.split('/').count() {
            return Err(invalid());
        }
        Ok(Self {
            spelled: spelled.to_owned(),
            read: read(spelled).ok_or_else(invalid)?,
        })
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_everything() { "/" } else { &self.spelled })
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = InvalidPath;

    fn try_from(text: String) -> Result<Self, InvalidPath> {
        text.parse()
    }
}

impl From<PathPrefix> for String {
    fn from(prefix: PathPrefix) -> String {
        prefix.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(prefix: &str, url: &str) -> Option<bool> {
        let url = Url::parse(&format!("https://crm.example{url}")).unwrap();
        read(url.path()).map(|path| prefix.parse::<PathPrefix>().unwrap().covers(&path))
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
        // A path that servers read differently is covered by nothing.
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
    fn a_prefix_is_whole_segments_and_nothing_else() {
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
    fn a_base_url_meets_a_prefix_above_or_below_it() {
        let prefix: PathPrefix = "/api/v2".parse().unwrap();
        for base in ["/", "", "/api", "/api/", "/api/v2", "/api/v2/eu"] {
            assert!(prefix.meets(base), "{base}");
        }
        for base in ["/ap", "/api/v", "/api/v1", "/v2"] {
            assert!(!prefix.meets(base), "{base}");
        }
    }

    proptest! {
        /// However often a server decodes, and whatever it then resolves, it ends below the prefix.
        #[test]
        fn no_spelling_climbs_out(tail in "([a-z/.;%\\\\ ]|%2e|%2f|%5c|%25|%3b|\\.\\./){0,12}", rounds in 0_usize..6) {
            let url = Url::parse(&format!("https://crm.example/api/{tail}")).unwrap();
            let prefix: PathPrefix = "/api".parse().unwrap();
            if read(url.path()).is_some_and(|path| prefix.covers(&path)) {
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
        fn a_prefix_reads_back_as_itself(text in "/[a-zA-Z0-9./%~ -]{0,20}") {
            if let Ok(prefix) = text.parse::<PathPrefix>() {
                prop_assert_eq!(prefix.to_string().parse::<PathPrefix>(), Ok(prefix));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<PathPrefix>();
            let _ = read(&text);
        }
    }
}
