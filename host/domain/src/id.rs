//! Names and numbers that identify things. Each has its own type, so that one cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::text::text_conversions;

/// The text is not an identifier of the expected kind. It is not in the message: it may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not valid: {rule}")]
pub struct InvalidId {
    /// The kind of identifier.
    pub what: &'static str,
    /// What is allowed.
    pub rule: &'static str,
}

impl InvalidId {
    const fn new(what: &'static str, rule: &'static str) -> Self {
        Self { what, rule }
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $check;
                if valid(value) { Ok(Self(value.to_owned())) } else { Err(InvalidId::new($what, $rule)) }
            }
        }

        text_conversions!($name);
    };
}

/// Characters of a name in URLs.
pub const MAX_SLUG: usize = 64;
/// Bytes of an id that another system chose.
pub const MAX_FOREIGN: usize = 200;
/// What a name in URLs has to be.
pub const SLUG_RULE: &str = "1 to 64 of a-z, 0-9 and `-`, a letter first, no `-` at the end";
/// What an id has to be that another system chose.
pub const FOREIGN_RULE: &str = "1 to 200 bytes of printable text, no blanks at the ends";

/// Lower-case letters, digits and inner hyphens: safe in URLs, file names and metrics.
fn is_slug(value: &str) -> bool {
    (1..=MAX_SLUG).contains(&value.len())
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && !value.ends_with('-')
        && value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An identifier that another system chose: any printable text of bounded length.
fn is_foreign(value: &str) -> bool {
    (1..=MAX_FOREIGN).contains(&value.len()) && value.trim() == value && !value.chars().any(char::is_control)
}

text_id!(
    /// A tenant's name, as in the URL.
    TenantName, "tenant name", SLUG_RULE, is_slug
);
text_id!(
    /// An adapter's name, as `describe` gives it.
    AdapterName, "adapter name", SLUG_RULE, is_slug
);
text_id!(
    /// A name that a person chose for a secret. The names that the host generates contain other characters.
    SecretName, "secret name", SLUG_RULE, is_slug
);
text_id!(
    /// A lead's id in the CRM.
    LeadId, "lead id", FOREIGN_RULE, is_foreign
);
text_id!(
    /// A call's id at the calling platform: its disposition is deduplicated by this id, without a time limit.
    CallId, "call id", FOREIGN_RULE, is_foreign
);
text_id!(
    /// An idempotency key: requests with the same key are repeats of each other.
    DedupKey, "idempotency key", FOREIGN_RULE, is_foreign
);
text_id!(
    /// An adapter's version: `MAJOR.MINOR.PATCH` with an optional `-suffix`.
    AdapterVersion, "adapter version", "MAJOR.MINOR.PATCH with an optional -suffix of letters, digits, `.` and `-`",
    |value| {
        let (core, suffix) = value.split_once('-').map_or((value, None), |(core, suffix)| (core, Some(suffix)));
        value.len() <= 64
            && core.split('.').count() == 3
            && core.split('.').all(|part| (1..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            && suffix.is_none_or(|s| {
                !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
            })
    }
);

impl From<CallId> for DedupKey {
    /// Both obey the same rule, so a call id is a key as it stands.
    fn from(id: CallId) -> Self {
        Self(id.0)
    }
}

impl DedupKey {
    /// What keys begin with that are made for adapters.
    const MADE: &str = "jf_";
    /// Characters of a key that adapters get as it is.
    const MAX_PLAIN: usize = 64;

    /// The key as adapters get it: 1 to 64 characters of `A-Z a-z 0-9 . _ ~ -`, which headers, URLs and bodies carry
    /// unchanged. A key of another form is replaced by one made from its digest, the same on every attempt.
    #[must_use]
    pub fn for_adapter(&self) -> Self {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        if self.0.len() <= Self::MAX_PLAIN && self.0.bytes().all(is_safe) && !self.0.starts_with(Self::MADE) {
            return self.clone();
        }
        let digest = BASE32_NOPAD.encode(&Sha256::digest(&self.0)).to_ascii_lowercase();
        Self(format!("{}{digest}", Self::MADE))
    }
}

/// The SHA-256 digest of some bytes, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The raw digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidId;

    fn from_str(value: &str) -> Result<Self, InvalidId> {
        let mut bytes = [0; 32];
        value
            .strip_prefix("sha256:")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .map(|()| Self(bytes))
            .ok_or_else(|| InvalidId::new("digest", "`sha256:` and 64 hexadecimal digits"))
    }
}

text_conversions!(Digest);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                value
                    .strip_prefix($prefix)
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| InvalidId::new($what, concat!("`", $prefix, "` and a number")))
            }
        }

        text_conversions!($name);
    };
}

number_id!(
    /// A delivery. Numbers rise in the order of acceptance.
    DeliveryId, "delivery id", "dlv_"
);
number_id!(
    /// The acknowledgement of one inbound request.
    ReceiptId, "receipt id", "rcp_"
);
number_id!(
    /// A release; numbers count up per tenant from 1.
    ReleaseNumber, "release", "r"
);
number_id!(
    /// An alert.
    AlertId, "alert id", "alr_"
);
number_id!(
    /// A token's id in listings; not the token itself.
    TokenId, "token id", "tok_"
);

/// Fencing token: rises with every claim of a delivery. A worker whose fence differs from the delivery's has lost its
/// lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fence(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_urls_and_file_names() {
        for good in ["dwarka-homes", "a", "crm2"] {
            assert!(good.parse::<TenantName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "Dwarka",
            "../etc",
            "a/b",
            "-a",
            "a-",
            "2crm",
            "a b",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<TenantName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_name_the_limits() {
        assert!(SLUG_RULE.starts_with(&format!("1 to {MAX_SLUG} of ")));
        assert!(FOREIGN_RULE.starts_with(&format!("1 to {MAX_FOREIGN} bytes ")));
        assert!("a".repeat(MAX_SLUG).parse::<TenantName>().is_ok());
        assert!("é".repeat(MAX_FOREIGN / 2).parse::<LeadId>().is_ok());
        assert!("a".repeat(MAX_FOREIGN + 1).parse::<LeadId>().is_err());
    }

    #[test]
    fn versions_have_three_numbers() {
        for good in ["1.0.0", "0.12.3-rc.1"] {
            assert!(good.parse::<AdapterVersion>().is_ok(), "{good}");
        }
        for bad in ["1.0", "v1.0.0", "1.0.0-", "1..0", "1.0.0 "] {
            assert!(bad.parse::<AdapterVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_round_trip_and_reject_signs() {
        assert_eq!("dlv_42".parse(), Ok(DeliveryId(42)));
        assert_eq!(DeliveryId(42).to_string(), "dlv_42");
        assert!("dlv_-1".parse::<DeliveryId>().is_err());
        assert!("42".parse::<DeliveryId>().is_err());
        assert!("dlv_99999999999999999999".parse::<DeliveryId>().is_err());
    }

    #[test]
    fn adapters_get_keys_that_travel_unchanged() {
        let made = |key: &str| key.parse::<DedupKey>().unwrap().for_adapter().to_string();
        for plain in ["C-1", "a.b_c~d-E9", &"x".repeat(64)] {
            assert_eq!(made(plain), plain);
        }
        assert_eq!(made("कॉल-2"), "jf_345kgrbeq55jusy2sazig5of2f3zazhydlf7iv3qn5ec3mxbzgpa");
        for other in ["a b", "a/b", "a%2Fb", "a+b", "jf_x", &"x".repeat(65), &"x".repeat(200)] {
            let key = made(other);
            assert!(key.starts_with("jf_") && key.len() == 55, "{other}: {key}");
            assert!(
                key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                "{key}"
            );
        }
        assert_ne!(made("a b"), made("a  b"));
    }

    #[test]
    fn digests_round_trip() {
        let digest = Digest::of(b"component");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("sha256:12".parse::<Digest>().is_err());
    }
}
