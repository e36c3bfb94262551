//! Signing keys, and how the host signs its pushes.

use std::fmt;

use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::profile::{SecretFormat, SignatureProfile};
use super::public_key::Ed25519Key;

/// A key, stored as its initial HMAC state: a signature costs no more than hashing the message, and the secret's own
/// bytes are not in memory. Wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// A key that may have signed a webhook.
#[derive(Debug, Clone)]
pub enum WebhookKey {
    /// The secret that the sender shares with the host.
    Shared(SigningKey),
    /// The sender's public key.
    Public(Ed25519Key),
}

/// Why a secret cannot be a key. The message never shows the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningSecret {
    /// The secret is empty.
    #[error("the signing secret is empty")]
    Empty,
    /// It is not base64.
    #[error(
        "the signing secret must be base64, as Standard Webhooks has it, with or without `whsec_` before it: copy it \
         whole; if the other side takes the text itself as its key, write the base64 of the text, or to verify \
         webhooks a profile with secret = \"raw\""
    )]
    NotBase64,
    /// It is a public key, where a secret is needed.
    #[error(
        "`whpk_` begins a public key, which verifies webhooks of the profile `standard-webhooks` and signs nothing: \
         write the secret here, `whsec_` and base64"
    )]
    PublicKey,
    /// It is a private key, which the host does not use.
    #[error(
        "`whsk_` begins a private key, which stays with the sender of webhooks: write its public key to verify them, \
         `whpk_` and base64, or a secret to sign, `whsec_` and base64"
    )]
    PrivateKey,
    /// The text after `whpk_` is not a public key.
    #[error("the public key must be `whpk_` and the base64 of its 32 bytes")]
    NotPublicKey,
}

impl WebhookKey {
    /// Turns a secret into a profile's key. Where Standard Webhooks' signatures are verified it may be a public key,
    /// `whpk_` and base64.
    ///
    /// # Errors
    /// The secret is empty, or not in the profile's format.
    pub fn from_secret(text: &str, profile: &SignatureProfile) -> Result<Self, InvalidSigningSecret> {
        let public_key = text.strip_prefix(PUBLIC_KEY).filter(|_| profile.takes_public_keys());
        let Some(encoded) = public_key else {
            return SigningKey::from_secret(text, profile).map(Self::Shared);
        };
        let decoded = STANDARD_PAD_INDIFFERENT.decode(encoded).ok();
        let key = decoded.and_then(|bytes| Ed25519Key::from_bytes(&bytes));
        key.map(Self::Public).ok_or(InvalidSigningSecret::NotPublicKey)
    }
}

/// What to tell the operator of a signing secret that is valid, and probably not what is meant.
#[must_use]
pub fn signing_secret_hint(text: &str, profile: &SignatureProfile) -> Option<&'static str> {
    let text = text.trim();
    let is_hex = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (profile.secret == SecretFormat::Whsec && is_hex).then_some(
        "the secret looks like hex, and is read as base64, as Standard Webhooks has it; if signatures do not match, \
         the other side takes the text itself, or its bytes, as the key: write the base64 of that",
    )
}

impl From<SigningKey> for WebhookKey {
    fn from(key: SigningKey) -> Self {
        Self::Shared(key)
    }
}

/// What may stand before keys, as Standard Webhooks has it.
const SECRET: &str = "whsec_";
const PUBLIC_KEY: &str = "whpk_";
const PRIVATE_KEY: &str = "whsk_";

impl SigningKey {
    /// Turns a secret into a profile's key: for Standard Webhooks the decoded base64, with or without `whsec_` before
    /// it, as the official libraries do; for all others the text's own bytes (Stripe's secrets start with `whsec_` too,
    /// and there it is part of the key).
    ///
    /// # Errors
    /// The secret is empty, or not in the profile's format.
    pub fn from_secret(text: &str, profile: &SignatureProfile) -> Result<Self, InvalidSigningSecret> {
        match profile.secret {
            SecretFormat::Raw => Self::from_bytes(text.as_bytes()),
            SecretFormat::Whsec if text.starts_with(PUBLIC_KEY) => Err(InvalidSigningSecret::PublicKey),
            SecretFormat::Whsec if text.starts_with(PRIVATE_KEY) => Err(InvalidSigningSecret::PrivateKey),
            SecretFormat::Whsec => {
                let encoded = text.strip_prefix(SECRET).unwrap_or(text);
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

/// The value of `webhook-signature` for a push to the agent, as Standard Webhooks defines it: a signature by each key,
/// so that the agent may verify with the old secret or the new one while they change.
///
/// `id` is the value of `webhook-id` and contains no `.`, otherwise the receiver refuses it; `timestamp`, in whole
/// seconds, is the value of `webhook-timestamp`.
#[must_use]
pub fn sign_standard(keys: &[SigningKey], id: &str, timestamp: Timestamp, body: &[u8]) -> String {
    let seconds = timestamp.as_second().to_string();
    let signature = |key: &SigningKey| {
        let mac = key.mac(&[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
        format!("v1,{}", BASE64_STANDARD.encode(mac))
    };
    keys.iter().map(signature).collect::<Vec<_>>().join(" ")
}
