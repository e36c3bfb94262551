//! Why the host refuses to send an adapter's request.

use std::net::IpAddr;

use super::{Method, Origin};

/// Why the host refuses to send an adapter's request. No part of it was sent.
///
/// The messages are for the adapter's author. They contain text from the adapter, so they go to the guest and never
/// into a log; logs contain the word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefusal {
    /// Neither http nor https.
    #[error("scheme `{0}` is refused: requests go out over http and https only")]
    Scheme(String),
    /// The URL contains a user name or a password.
    #[error("a URL with a user name or password is refused: declare a credential, and the host adds it")]
    Userinfo,
    /// The URL has no host.
    #[error("the URL names no host")]
    NoHost,
    /// The tenant's file does not grant the origin.
    #[error("{0} is not granted: if requests should go there, add it to egress.allow in the tenant's file")]
    NotGranted(Origin),
    /// The origin is granted only for other methods.
    #[error(
        "{method} to {origin} is not granted: if it should be sent, add \"{method}\" to the methods of its grant in \
         egress.allow"
    )]
    MethodNotGranted {
        /// The request's method.
        method: Method,
        /// The request's origin.
        origin: Origin,
    },
    /// The origin is granted only for other paths.
    #[error(
        "{method} to {origin} is granted below {granted} only: if this path should be asked for, add a grant with its \
         beginning as `path` to egress.allow"
    )]
    PathNotGranted {
        /// The request's method.
        method: Method,
        /// The request's origin.
        origin: Origin,
        /// The prefixes granted for the method.
        granted: String,
    },
    /// Only prefixes are granted, and servers could read different segments in the path.
    #[error(
        "{origin} is granted by path, and this path holds an encoded dot or control character, `%u`, an escape that is \
         not UTF-8, a segment of dots, or characters that some servers read as one of these: servers read those \
         differently, so no prefix grants them"
    )]
    AmbiguousPath {
        /// The request's origin.
        origin: Origin,
    },
    /// A part of the request may replace its method or its URL, and only some of them are granted.
    #[error(
        "{part} may make a server read another method or path than the request has, and {origin} is granted for some \
         methods or paths only: leave it out, or grant the whole origin"
    )]
    Override {
        /// The header or the field.
        part: String,
        /// The request's origin.
        origin: Origin,
    },
    /// The host is, or resolves to, an address that is not public.
    #[error(
        "{0} is not a public address: if the destination is inside your own network, set egress.private_addresses = \
         true in the tenant's file"
    )]
    PrivateAddress(IpAddr),
    /// A name resolves to an address where clouds have metadata services.
    #[error(
        "{0} belongs to link-local addresses or to a cloud's metadata service, where no name may lead: if the \
         destination really is there, write the address itself into egress.allow"
    )]
    MetadataAddress(IpAddr),
    /// It is not a valid request.
    #[error("{0}")]
    Malformed(String),
    /// A part of it is larger than the host allows.
    #[error("{0}")]
    TooLarge(String),
    /// The invocation has used up its quota of requests or bytes.
    #[error("{0}")]
    UsedUp(String),
}

impl EgressRefusal {
    /// Every word, for tables and metrics.
    pub const WORDS: [&str; 13] = [
        "scheme",
        "userinfo",
        "no-host",
        "not-granted",
        "method-not-granted",
        "path-not-granted",
        "ambiguous-path",
        "override",
        "private-address",
        "metadata-address",
        "malformed",
        "too-large",
        "used-up",
    ];

    /// The refusal's word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        Self::WORDS[self.index()]
    }

    /// Whether the same request would be refused again. Only the quota of an invocation is another one the next time.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::UsedUp(_))
    }

    /// The index of its word in [`Self::WORDS`].
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
            Self::Override { .. } => 7,
            Self::PrivateAddress(_) => 8,
            Self::MetadataAddress(_) => 9,
            Self::Malformed(_) => 10,
            Self::TooLarge(_) => 11,
            Self::UsedUp(_) => 12,
        }
    }
}
