//! Where requests may go.
//!
//! A request is checked twice: its URL before anything is looked up, and each address that its host resolves to, at the
//! moment of connecting, so that a name cannot change its meaning in between.

mod address;
mod origin;

use std::net::IpAddr;

use url::{Host, Url};

pub use address::is_public;
pub use origin::{InvalidOrigin, Origin};

use super::release::EgressSpec;

/// Where the requests of one release may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// The origins granted. There are no wildcards.
    pub allow: Vec<Origin>,
    /// Whether those may be at addresses that are not public.
    pub private_addresses: bool,
}

/// Why a request stays here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefusal {
    /// Neither http nor https.
    #[error("scheme `{0}` is refused: requests go out over http and https only")]
    Scheme(String),
    /// The URL holds a user name or a password.
    #[error("a URL with a user name or password is refused: declare a credential, and the host adds it")]
    Userinfo,
    /// The URL names no host.
    #[error("the URL names no host")]
    NoHost,
    /// The tenant's file does not grant the origin.
    #[error("{0} is not granted: if requests should go there, add it to egress.allow in the tenant's file")]
    NotGranted(Origin),
    /// The host is, or resolves to, an address that is not public.
    #[error(
        "{0} is not a public address: if the destination is inside your own network, set egress.private_addresses = \
         true in the tenant's file"
    )]
    PrivateAddress(IpAddr),
}

impl EgressRefusal {
    /// Every word, for tables and metrics.
    pub const WORDS: [&str; 5] = ["scheme", "userinfo", "no-host", "not-granted", "private-address"];

    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Scheme(_) => Self::WORDS[0],
            Self::Userinfo => Self::WORDS[1],
            Self::NoHost => Self::WORDS[2],
            Self::NotGranted(_) => Self::WORDS[3],
            Self::PrivateAddress(_) => Self::WORDS[4],
        }
    }
}

impl From<&EgressSpec> for EgressPolicy {
    fn from(spec: &EgressSpec) -> Self {
        Self {
            allow: spec.allow.clone(),
            private_addresses: spec.private_addresses,
        }
    }
}

impl EgressPolicy {
    /// Checks what a URL says, and an address that it spells out. Returns its origin, for credentials.
    ///
    /// A host given by name needs [`Self::check_address`] too, with every address to be connected to.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check_url(&self, url: &Url) -> Result<Origin, EgressRefusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressRefusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefusal::Userinfo);
        }
        let origin = Origin::of(url).map_err(|_| EgressRefusal::NoHost)?;
        if !self.allow.contains(&origin) {
            return Err(EgressRefusal::NotGranted(origin));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(address.into())?,
            Some(Host::Ipv6(address)) => self.check_address(address.into())?,
            Some(Host::Domain(_)) | None => {}
        }
        Ok(origin)
    }

    /// Checks an address that is about to be connected to.
    ///
    /// # Errors
    /// It is not public, and the tenant has not asked for private addresses.
    pub fn check_address(&self, address: IpAddr) -> Result<(), EgressRefusal> {
        if self.private_addresses || is_public(address) {
            Ok(())
        } else {
            Err(EgressRefusal::PrivateAddress(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(allow: &[&str], private_addresses: bool) -> EgressPolicy {
        EgressPolicy {
            allow: allow.iter().map(|origin| origin.parse().unwrap()).collect(),
            private_addresses,
        }
    }

    #[test]
    fn only_granted_origins_pass() {
        let policy = policy(&["crm.example", "http://crm.example:8080", "8.8.8.8"], false);
        let cases = [
            ("https://crm.example/v1/leads?id=1", "ok"),
            ("https://CRM.EXAMPLE:443/", "ok"),
            ("http://crm.example:8080/", "ok"),
            ("https://8.8.8.8/", "ok"),
            ("http://crm.example/", "not-granted"),
            ("https://crm.example:8443/", "not-granted"),
            ("https://crm.example./", "not-granted"),
            ("https://sub.crm.example/", "not-granted"),
            ("https://crm.example.evil.example/", "not-granted"),
            ("https://crm.example@evil.example/", "userinfo"),
            ("https://user:pw@crm.example/", "userinfo"),
            ("https://crm.example\\@evil.example/", "ok"),
            ("https://evil.example#@crm.example/", "not-granted"),
            ("ftp://crm.example/", "scheme"),
            ("file:///etc/passwd", "scheme"),
            ("data:text/plain,x", "scheme"),
        ];
        for (text, expected) in cases {
            let url = Url::parse(text).unwrap();
            let word = policy.check_url(&url).map_or_else(|refusal| refusal.word(), |_| "ok");
            assert_eq!(word, expected, "{text}");
        }
    }

    #[test]
    fn an_address_spelled_out_must_be_public_however_it_is_spelled() {
        let spellings = [
            "http://127.0.0.1",
            "http://2130706433",
            "http://0177.1",
            "http://0x7f000001",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
            "http://169.254.169.254",
            "http://[fd00:ec2::254]",
            "http://10.0.0.5:8080",
        ];
        for text in spellings {
            let url = Url::parse(text).unwrap();
            let refused = policy(&[text], false).check_url(&url).unwrap_err();
            assert_eq!(refused.word(), "private-address", "{text}");
            assert!(policy(&[text], true).check_url(&url).is_ok(), "{text}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let policy = policy(&["http://10.0.0.5"], false);
        let refusal = |text: &str| policy.check_url(&Url::parse(text).unwrap()).unwrap_err().to_string();
        insta::assert_snapshot!(
            refusal("https://crm.example/v1"),
            @"https://crm.example is not granted: if requests should go there, add it to egress.allow in the tenant's file"
        );
        insta::assert_snapshot!(
            refusal("http://10.0.0.5/"),
            @"10.0.0.5 is not a public address: if the destination is inside your own network, set egress.private_addresses = true in the tenant's file"
        );
    }

    proptest! {
        #[test]
        fn nothing_passes_without_a_grant(text in "https?://[a-z0-9.@:\\[\\]-]{1,30}/?") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert!(EgressPolicy::default().check_url(&url).is_err());
                if let Ok(origin) = policy(&["crm.example"], true).check_url(&url) {
                    prop_assert_eq!(origin.to_string(), "https://crm.example");
                }
            }
        }
    }
}
