//! Host names, for addresses that a tenant's file pins.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Host;

use crate::text::text_conversions;

/// A host's name as in URLs: lower case, international names in their ASCII form. Never an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// The text is not a host's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host's name; write it like \"crm.internal\", with no scheme, port or path")]
pub struct InvalidHost(String);

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        match Host::parse(text) {
            Ok(Host::Domain(name)) if !name.contains('*') => Ok(Self(name)),
            _ => Err(InvalidHost(text.to_owned())),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_conversions!(HostName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_normalized() {
        // Names are spelled as in URLs, and addresses are not names.
        for (text, name) in [
            ("CRM.Internal", "crm.internal"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().as_str(), name);
        }
        for wrong in [
            "",
            "10.0.0.5",
            "2130706433",
            "[::1]",
            "https://crm",
            "crm:80",
            "crm/x",
            "*.crm",
            "a b",
        ] {
            assert_eq!(wrong.parse::<HostName>(), Err(InvalidHost(wrong.into())));
        }
    }
}
