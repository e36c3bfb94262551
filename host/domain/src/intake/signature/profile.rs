//! A signing scheme, as data.

mod table;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use http::HeaderName;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::table::ProfileTable;

/// How requests are signed. In a tenant's file either the name of a built-in profile or a table:
///
/// | key | what | when absent |
/// | --- | --- | --- |
/// | `signature_header` | the header with the signature | required |
/// | `signed` | `{id}.{timestamp}.{body}`, `{timestamp}.{body}` or `{body}` | required |
/// | `encoding` | `hex` or `base64` | required |
/// | `layout` | `single` (one, or several with commas), `list` (with spaces) or `pairs` (`k=v,k=v`) | `single` |
/// | `prefix` | the text before the signature, in any case; in a `list`, others are ignored | nothing |
/// | `signature_key` | in `pairs`: the key of a signature | `v1` |
/// | `timestamp_key` | in `pairs`: the key of the timestamp, unless it has a header | `t` |
/// | `timestamp_header` | its header: Unix seconds or milliseconds, or RFC 3339 without fractions | – |
/// | `id_header` | the header with the id | – |
/// | `tolerance_seconds` | how old or how far ahead a timestamp may be, 1 to 86400 | 300 |
/// | `secret` | `raw` (the text's bytes are the key) or `whsec` (base64, with or without `whsec_`) | `raw` |
///
/// With `whsec`, in a `list` with the prefix `v1,`, a secret may also be a public key, `whpk_` and base64, which
/// verifies signatures with the prefix `v1a,`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureProfile {
    pub(super) signature_header: HeaderName,
    pub(super) layout: SignatureLayout,
    pub(super) signed: SignedContent,
    pub(super) encoding: SignatureEncoding,
    /// Not used if no timestamp is signed.
    pub(super) tolerance_seconds: u32,
    pub(super) secret: SecretFormat,
}

/// The layout of the signature header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignatureLayout {
    Single { prefix: String },
    List { prefix: String },
    Pairs { signature_key: String },
}

/// The signed content, and where its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignedContent {
    Body,
    TimestampBody(TimestampSource),
    IdTimestampBody(HeaderName, TimestampSource),
}

/// Where the timestamp is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimestampSource {
    Header(HeaderName),
    Pair(String),
}

impl SignedContent {
    pub(super) const fn timestamp(&self) -> Option<&TimestampSource> {
        match self {
            Self::Body => None,
            Self::TimestampBody(source) | Self::IdTimestampBody(_, source) => Some(source),
        }
    }
}

/// The encoding of the signature's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SignatureEncoding {
    Hex,
    Base64,
}

impl SignatureEncoding {
    /// The bytes of a signature, if it is one.
    pub(super) fn decode<const N: usize>(self, text: &str) -> Option<[u8; N]> {
        let bytes = match self {
            Self::Hex => hex::decode(text).ok()?,
            Self::Base64 => {
                let standard = text.replace('-', "+").replace('_', "/");
                STANDARD_PAD_INDIFFERENT.decode(standard).ok()?
            }
        };
        bytes.try_into().ok()
    }
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SecretFormat {
    #[default]
    Raw,
    Whsec,
}

/// A profile that contradicts itself. The message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignatureProfile {
    /// No built-in profile has this name.
    #[error("there is no signature profile `{0}`; it is one of {names}, or a table with signature_header, signed and \
        encoding", names = names())]
    Name(String),
    /// A name that no header can have.
    #[error("{key} `{value}` is not the name of a header")]
    Header {
        /// Which key of the table.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A missing key that another one requires.
    #[error("{key} is required with {with}")]
    Required {
        /// Which key of the table.
        key: &'static str,
        /// What requires it.
        with: &'static str,
    },
    /// A key that has no effect with the others.
    #[error("{key} must be left out: it is used only with {with}")]
    Unused {
        /// Which key of the table.
        key: &'static str,
        /// What it requires.
        with: &'static str,
    },
    /// A prefix, or a key of a pair, that no header can contain.
    #[error("{key} `{value}` must be visible ASCII without spaces; a key must not be empty nor hold `,` or `=`")]
    Unreadable {
        /// Which key of the table.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// The same key for signature and timestamp.
    #[error("signature_key and timestamp_key must differ, both are `{0}`")]
    SameKey(String),
    /// The tolerance is out of range.
    #[error("tolerance_seconds must be 1 to 86400: repeats are remembered for at least a day, no longer")]
    Tolerance,
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| format!("`{name}`")).join(", ")
}

/// Five minutes, as in Standard Webhooks and at Stripe.
pub(super) const TOLERANCE_SECONDS: u32 = 300;

/// A name, and the profile's constructor: a profile has data on the heap, so it cannot be a constant.
type BuiltIn = (&'static str, fn() -> SignatureProfile);

/// The built-in profiles.
const BUILT_IN: [BuiltIn; 4] = [
    ("standard-webhooks", SignatureProfile::standard_webhooks),
    ("sha256-hex", SignatureProfile::sha256_hex),
    ("timestamp-hex", SignatureProfile::timestamp_hex),
    ("stripe", SignatureProfile::stripe),
];

impl SignatureProfile {
    /// <https://www.standardwebhooks.com>: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`, or `v1a,…`
    /// where the sender has a public key.
    #[must_use]
    pub fn standard_webhooks() -> Self {
        Self {
            signature_header: HeaderName::from_static("webhook-signature"),
            layout: SignatureLayout::List { prefix: "v1,".into() },
            signed: SignedContent::IdTimestampBody(
                HeaderName::from_static("webhook-id"),
                TimestampSource::Header(HeaderName::from_static("webhook-timestamp")),
            ),
            encoding: SignatureEncoding::Base64,
            tolerance_seconds: TOLERANCE_SECONDS,
            secret: SecretFormat::Whsec,
        }
    }

    /// As GitHub signs: `x-hub-signature-256: sha256=…`, hex over the body.
    #[must_use]
    pub fn sha256_hex() -> Self {
        Self {
            signature_header: HeaderName::from_static("x-hub-signature-256"),
            layout: SignatureLayout::Single {
                prefix: "sha256=".into(),
            },
            signed: SignedContent::Body,
            encoding: SignatureEncoding::Hex,
            tolerance_seconds: TOLERANCE_SECONDS,
            secret: SecretFormat::Raw,
        }
    }

    /// `x-timestamp`, and `x-signature` in hex over `{timestamp}.{body}`.
    #[must_use]
    pub fn timestamp_hex() -> Self {
        Self {
            signature_header: HeaderName::from_static("x-signature"),
            layout: SignatureLayout::Single { prefix: String::new() },
            signed: SignedContent::TimestampBody(TimestampSource::Header(HeaderName::from_static("x-timestamp"))),
            encoding: SignatureEncoding::Hex,
            tolerance_seconds: TOLERANCE_SECONDS,
            secret: SecretFormat::Raw,
        }
    }

    /// As Stripe signs: `stripe-signature: t=…,v1=…`, hex over `{timestamp}.{body}`.
    #[must_use]
    pub fn stripe() -> Self {
        Self {
            signature_header: HeaderName::from_static("stripe-signature"),
            layout: SignatureLayout::Pairs {
                signature_key: "v1".into(),
            },
            signed: SignedContent::TimestampBody(TimestampSource::Pair("t".into())),
            encoding: SignatureEncoding::Hex,
            tolerance_seconds: TOLERANCE_SECONDS,
            secret: SecretFormat::Raw,
        }
    }

    /// The built-in profile of this name.
    ///
    /// # Errors
    /// There is none; the message lists the built-in profiles.
    pub fn named(name: &str) -> Result<Self, InvalidSignatureProfile> {
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, make)| make())
            .ok_or_else(|| InvalidSignatureProfile::Name(name.chars().take(80).collect()))
    }

    /// Whether a key may be a public one: signatures by it stand beside the others, with a prefix of their own.
    #[must_use]
    pub(super) fn takes_public_keys(&self) -> bool {
        let is_versioned = matches!(&self.layout, SignatureLayout::List { prefix } if prefix == "v1,");
        is_versioned && self.secret == SecretFormat::Whsec
    }

    /// The profile's name, if it is built in.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let found = BUILT_IN.iter().find(|(_, make)| make() == *self);
        found.map(|(name, _)| *name)
    }
}

impl Default for SignatureProfile {
    fn default() -> Self {
        Self::standard_webhooks()
    }
}

impl Serialize for SignatureProfile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.name() {
            Some(name) => serializer.serialize_str(name),
            None => ProfileTable::from(self).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SignatureProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = SignatureProfile;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(
                    f,
                    "the name of a signature profile ({}) or a table that writes one out",
                    names()
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<SignatureProfile, E> {
                SignatureProfile::named(name).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SignatureProfile, A::Error> {
                let table = ProfileTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                SignatureProfile::try_from(table).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}
