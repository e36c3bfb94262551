//! Origins, to which egress is granted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::url_text::{is_ambiguous, trimmed};
use crate::text::text_conversions;

/// Scheme, host and port of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// The text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin; write it like \"https://crm.example\" or \"http://10.0.0.5:8080\", with no path")]
pub struct InvalidOrigin(String);

impl Origin {
    /// The origin of a URL.
    ///
    /// # Errors
    /// The URL has no http or https origin.
    pub fn of(url: &Url) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(url.to_string());
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid());
        }
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host: url
                .host_str()
                // A URL's host may contain a star; in an origin it would look like a wildcard, which origins do not
                // have.
                .filter(|host| !host.is_empty() && !host.contains('*'))
                .ok_or_else(invalid)?
                .to_owned(),
            port: url.port_or_known_default().ok_or_else(invalid)?,
        })
    }

    /// Whether requests to this origin are encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// The host's name, or its address in the normalized spelling of URLs.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let text = trimmed(text);
        // A password is not shown.
        let invalid = || {
            InvalidOrigin(
                text.rsplit_once('@')
                    .map_or(text.to_owned(), |(_, host)| format!("…@{host}")),
            )
        };
        if text.contains(is_ambiguous) {
            return Err(invalid());
        }
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&full).map_err(|_| invalid())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid());
        }
        Self::of(&url).map_err(|_| invalid())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => write!(f, "{}://{}", self.scheme, self.host),
            _ => write!(f, "{}://{}:{}", self.scheme, self.host, self.port),
        }
    }
}

text_conversions!(Origin);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn origins_have_one_spelling() {
        let cases = [
            ("crm.example", "https://crm.example"),
            (" crm.example\n", "https://crm.example"),
            ("\thttps://crm.example ", "https://crm.example"),
            ("https://CRM.Example:443/", "https://crm.example"),
            ("http://crm.example:80", "http://crm.example"),
            ("https://crm.example:80", "https://crm.example:80"),
            ("crm.example:8443", "https://crm.example:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
            // The final dot makes it a different name for resolvers and certificates, so it needs a grant of its own.
            ("https://crm.example.", "https://crm.example."),
            ("http://127.1:9101", "http://127.0.0.1:9101"),
            ("http://2130706433", "http://127.0.0.1"),
            ("http://0x7f.0.0.1", "http://127.0.0.1"),
            ("http://0177.0.0.1", "http://127.0.0.1"),
            ("http://0xA9FEA9FE", "http://169.254.169.254"),
            ("http://[::1]:9101", "http://[::1]:9101"),
            ("http://[0:0:0:0:0:ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn anything_but_an_origin_is_refused() {
        for text in [
            "",
            "*",
            "https://*.example",
            "%2a",
            "https://%2A.example",
            "https://user@crm.example",
            "https://user:pw@crm.example",
            "https://:pw@crm.example",
            "https://crm.example/v1",
            "https://crm.example/?a",
            "https://crm.example/#a",
            "ftp://crm.example",
            "file:///etc/passwd",
            "https://",
            "https://crm.example:99999",
            "https://256.1.1.1",
            "https://[fe80::1%25eth0]",
            "https://crm .example",
            "https://cr\tm.example",
            "https:\\\\crm.example",
            "https://crm\u{200b}.example",
        ] {
            let shown = text
                .split_once('@')
                .map_or(text.to_owned(), |(_, host)| format!("…@{host}"));
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin(shown)));
        }
    }

    proptest! {
        #[test]
        fn origins_round_trip(text in "(https?://)?[a-zA-Z0-9.-]{1,20}(:[0-9]{1,5})?/?") {
            if let Ok(origin) = text.parse::<Origin>() {
                prop_assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<Origin>();
        }
    }
}
