//! Why a request stays here.

use std::net::IpAddr;

use super::{Method, Origin};

/// Why a request stays here: nothing of it was sent.
///
/// The texts are for the adapter's author. They hold what the adapter itself said, so they go to the guest and into no
/// log; a log has the word.
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
    /// The origin is granted, for other methods.
    #[error(
        "{method} to {origin} is not granted: if it should be sent, add \"{method}\" to the methods of its grant in \
         egress.allow"
    )]
    MethodNotGranted {
        /// What was to be done.
        method: Method,
        /// Where.
        origin: Origin,
    },
    /// The origin is granted, for other paths.
    #[error(
        "{method} to {origin} is granted below {granted} only: if this path should be asked for, add a grant with its \
         beginning as `path` to egress.allow"
    )]
    PathNotGranted {
        /// What was to be done.
        method: Method,
        /// Where.
        origin: Origin,
        /// The prefixes granted for the method.
        granted: String,
    },
    /// A prefix is granted, and servers could read different segments in the path.
    #[error(
        "{origin} is granted by path, and this path holds an encoded slash, backslash, dot or control character, an \
         escape that is not UTF-8, or a segment of dots: servers read those differently, so no prefix grants them"
    )]
    AmbiguousPath {
        /// Where it was to go.
        origin: Origin,
    },
    /// The host is, or resolves to, an address that is not public.
    #[error(
        "{0} is not a public address: if the destination is inside your own network, set egress.private_addresses = \
         true in the tenant's file"
    )]
    PrivateAddress(IpAddr),
    /// A name leads to where clouds keep their metadata services.
    #[error(
        "{0} belongs to link-local addresses or to a cloud's metadata service, where no name may lead: if the \
         destination really is there, write the address itself into egress.allow"
    )]
    MetadataAddress(IpAddr),
    /// It is not a request that could be sent.
    #[error("{0}")]
    Malformed(String),
    /// A part of it is larger than the host sends.
    #[error("{0}")]
    TooLarge(String),
    /// The call has used up what it may send or receive.
    #[error("{0}")]
    UsedUp(String),
}

impl EgressRefusal {
    /// Every word, for tables and metrics.
    pub const WORDS: [&str; 12] = [
        "scheme",
        "userinfo",
        "no-host",
        "not-granted",
        "method-not-granted",
        "path-not-granted",
        "ambiguous-path",
        "private-address",
        "metadata-address",
        "malformed",
        "too-large",
        "used-up",
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        Self::WORDS[self.index()]
    }

    /// The place of its word among [`Self::WORDS`].
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Self::Scheme(_) => 0,
            Self::Userinfo => 1,
            Self::NoHost => 2,
            Self::NotGranted(_) => 3,
            Self::MethodNotGranted { .. } => 4,
            Self::PathNotGranted { .. } => 5,
            Self::AmbiguousPath { .. } => 6,
            Self::PrivateAddress(_) => 7,
            Self::MetadataAddress(_) => 8,
            Self::Malformed(_) => 9,
            Self::TooLarge(_) => 10,
            Self::UsedUp(_) => 11,
        }
    }
}
