//! URLs as people write them into a tenant's file.
//!
//! What is wrong with one is said with its place in the file, and never with the URL itself, which may hold a password.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::text::is_percent_encoded;
use crate::visible_text::is_visible;

/// A URL as it was written. It is read again wherever it is used, and checked with the file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UrlText(String);

/// What is wrong with a URL. The message says what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// It is relative, not http or https, or has no host.
    #[error("must be an absolute http or https URL, such as \"https://crm.example/api\"")]
    NotAbsolute,
    /// It holds a character that programs read in different ways.
    #[error(
        "must hold no blanks, control characters and backslashes; there is U+{code:04X} at character {place}: encode \
         it in percent form, or leave it out"
    )]
    Character {
        /// The first one's code point.
        code: u32,
        /// Its place, from 1.
        place: usize,
    },
    /// Its path climbs, or has a step that goes nowhere.
    #[error("must have no `.` and `..` in its path, also spelled `%2e`: write the path that is meant")]
    Dots,
    /// It has a `%` that begins no percent form.
    #[error("must have two hex digits after every `%`; a `%` itself is written %25")]
    Percent,
    /// It has a user name or a password.
    #[error("must hold no user name and password: this file is shown to people")]
    Userinfo,
    /// It has a query.
    #[error("must have no query (`?…`): the adapter adds paths and its own parameters to it")]
    Query,
    /// It has a fragment.
    #[error("must have no fragment (`#…`): it is never sent")]
    Fragment,
}

impl UrlText {
    /// The URL. Blanks around it do not count.
    ///
    /// # Errors
    /// It is not one that the host may send requests to.
    pub fn parse(&self) -> Result<Url, UrlProblem> {
        let text = trimmed(&self.0);
        if let Some((before, found)) = text.chars().enumerate().find(|(_, c)| is_ambiguous(*c)) {
            return Err(UrlProblem::Character {
                code: found.into(),
                place: before + 1,
            });
        }
        let url = Url::parse(text).map_err(|_| UrlProblem::NotAbsolute)?;
        let has_host = url
            .host_str()
            .is_some_and(|host| !host.is_empty() && !host.contains('*'));
        if !matches!(url.scheme(), "http" | "https") || !has_host {
            return Err(UrlProblem::NotAbsolute);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlProblem::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(UrlProblem::Fragment);
        }
        if has_dots(text) {
            return Err(UrlProblem::Dots);
        }
        if !is_percent_encoded(text) {
            return Err(UrlProblem::Percent);
        }
        Ok(url)
    }

    /// The URL, to which an adapter adds paths and parameters.
    ///
    /// # Errors
    /// As for [`Self::parse`], or it has a query.
    pub fn parse_base(&self) -> Result<Url, UrlProblem> {
        let url = self.parse()?;
        if url.query().is_some() {
            return Err(UrlProblem::Query);
        }
        Ok(url)
    }

    /// Drops the blanks around it. Returns whether there were any.
    pub fn trim(&mut self) -> bool {
        let text = trimmed(&self.0);
        let had_blanks = text.len() < self.0.len();
        if had_blanks {
            self.0 = text.to_owned();
        }
        had_blanks
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for UrlText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parse() {
            Ok(url) => write!(f, "UrlText({url})"),
            Err(_) => f.write_str("UrlText(…)"),
        }
    }
}

/// Whether a path has segments `.` or `..`, which URL readers resolve before anybody sees them.
fn has_dots(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segments = path
        .split('/')
        .skip(3)
        .map(|segment| segment.to_ascii_lowercase().replace("%2e", "."));
    segments.into_iter().any(|segment| segment == "." || segment == "..")
}

/// Whether programs read a character of a URL in different ways: some drop it, others keep it or read another.
pub(super) fn is_ambiguous(c: char) -> bool {
    c.is_whitespace() || c == '\\' || !is_visible(c)
}

/// A text without what people do not see around it: a copied URL often has a line break or a zero-width space.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || !is_visible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let text = UrlText::from(text.to_owned());
        match (text.parse(), text.parse_base()) {
            (Ok(url), Ok(_)) => url.to_string(),
            (Ok(url), Err(problem)) => format!("{url}, but as a base {problem}"),
            (Err(problem), _) => problem.to_string(),
        }
    }

    #[test]
    fn urls_are_read_in_one_way() {
        let cases = [
            "https://crm.example/api",
            " \t\u{feff}https://CRM.example:443/api\u{200b}\n",
            "http://127.1:9101",
            "https://crm.example/api?key=1",
            "https://crm.example/?",
            "https://crm.example/#top",
            "https://user@crm.example",
            "https://:hunter2@crm.example",
            "https://user:hunter2@crm.example/#top",
            "https://crm.example/api/../admin",
            "https://crm.example/api/%2E%2e/admin?x=1",
            "https://crm.example/./api",
            "https://crm.example/v1.0/..x/...",
            "https://crm.example/%zz",
            "https://crm.example/100%",
            "https://crm.exa\tmple",
            "https://crm.example/a b",
            "https:\\\\crm.example",
            "https://crm\u{202e}.example",
            "https://user:hunter2@",
            "https://*.example",
            "ftp://crm.example",
            "//crm.example",
            "crm.example/api",
            "localhost:9101",
            "",
        ];
        let results = cases.map(read);
        assert!(results.iter().all(|line| !line.contains("hunter2")), "{results:?}");
        insta::assert_snapshot!(results.join("\n"), @r#"
        https://crm.example/api
        https://crm.example/api
        http://127.0.0.1:9101/
        https://crm.example/api?key=1, but as a base must have no query (`?…`): the adapter adds paths and its own parameters to it
        https://crm.example/?, but as a base must have no query (`?…`): the adapter adds paths and its own parameters to it
        must have no fragment (`#…`): it is never sent
        must hold no user name and password: this file is shown to people
        must hold no user name and password: this file is shown to people
        must hold no user name and password: this file is shown to people
        must have no `.` and `..` in its path, also spelled `%2e`: write the path that is meant
        must have no `.` and `..` in its path, also spelled `%2e`: write the path that is meant
        must have no `.` and `..` in its path, also spelled `%2e`: write the path that is meant
        https://crm.example/v1.0/..x/...
        must have two hex digits after every `%`; a `%` itself is written %25
        must have two hex digits after every `%`; a `%` itself is written %25
        must hold no blanks, control characters and backslashes; there is U+0009 at character 16: encode it in percent form, or leave it out
        must hold no blanks, control characters and backslashes; there is U+0020 at character 22: encode it in percent form, or leave it out
        must hold no blanks, control characters and backslashes; there is U+005C at character 7: encode it in percent form, or leave it out
        must hold no blanks, control characters and backslashes; there is U+202E at character 12: encode it in percent form, or leave it out
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        must be an absolute http or https URL, such as "https://crm.example/api"
        "#);
        let shown = format!("{:?}", UrlText::from("https://user:hunter2@crm.example".to_owned()));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
