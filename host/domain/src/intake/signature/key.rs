//! Signing keys, and how the host signs its pushes.

use std::fmt;

use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::profile::{SecretFormat, SignatureProfile};

/// A key, stored as its initial HMAC state: a signature costs no more than hashing the message, and the secret's own
/// bytes are not in memory. Wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// Why a secret cannot be a key. The message never shows the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningSecret {
    /// The secret is empty.
    #[error("the signing secret is empty")]
    Empty,
    /// A Standard Webhooks secret without its prefix: some senders would sign with its bytes, others with the decoded
    /// bytes.
    #[error(
        "the signing secret must be `whsec_` and base64, as Standard Webhooks has it; for a key that is plain text, \
            write the base64 of it after `whsec_`"
    )]
    NoPrefix,
    /// The text after the prefix is not base64.
    #[error("the signing secret must be base64 after `whsec_`")]
    NotBase64,
}

impl SigningKey {
    /// Turns a secret into a profile's key: for Standard Webhooks the decoded base64 after `whsec_`, for all others the
    /// text's own bytes (Stripe's secrets start with `whsec_` too, and there it is part of the key).
    ///
    /// # Errors
    /// The secret is empty, or not in the profile's format.
    pub fn from_secret(text: &str, profile: &SignatureProfile) -> Result<Self, InvalidSigningSecret> {
        match profile.secret {
            SecretFormat::Raw => Self::from_bytes(text.as_bytes()),
            SecretFormat::Whsec if text.is_empty() => Err(InvalidSigningSecret::Empty),
            SecretFormat::Whsec => {
                let encoded = text.strip_prefix("whsec_").ok_or(InvalidSigningSecret::NoPrefix)?;
                let decoded = STANDARD_PAD_INDIFFERENT.decode(encoded).map(Zeroizing::new);
                Self::from_bytes(&decoded.map_err(|_| InvalidSigningSecret::NotBase64)?)
            }
        }
    }

    /// The key with these bytes.
    ///
    /// # Errors
    /// There are no bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSigningSecret> {
        if bytes.is_empty() {
            return Err(InvalidSigningSecret::Empty);
        }
        // HMAC accepts keys of any length, so this error cannot occur; if it did, the secret would be unusable.
        Hmac::new_from_slice(bytes)
            .map(Self)
            .map_err(|_| InvalidSigningSecret::Empty)
    }

    /// The HMAC-SHA256 of the concatenated parts.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The value of `webhook-signature` for a push to the agent, as Standard Webhooks defines it.
///
/// `id` is the value of `webhook-id` and contains no `.`, otherwise the receiver refuses it; `timestamp`, in whole
/// seconds, is the value of `webhook-timestamp`.
#[must_use]
pub fn sign_standard(key: &SigningKey, id: &str, timestamp: Timestamp, body: &[u8]) -> String {
    let seconds = timestamp.as_second().to_string();
    let mac = key.mac(&[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
    format!("v1,{}", BASE64_STANDARD.encode(mac))
}
