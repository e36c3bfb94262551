//! Webhook signatures: the signing scheme is data (a [`SignatureProfile`]), and one function verifies all schemes.
//!
//! The raw bytes of the request are verified: nothing of the body is parsed, trimmed or normalized before, and the
//! signed text contains id and timestamp exactly as in the headers, so that any changed bit is refused. How the
//! signature itself is written does not matter, as vendors differ: capitals in hex, base64 without padding or with the
//! alphabet for URLs, blanks after commas, quotes. Timestamps may be in milliseconds, or in RFC 3339.

mod key;
mod profile;
mod public_key;
mod verify;

pub use key::{InvalidSigningSecret, SigningKey, WebhookKey, sign_standard, signing_secret_hint};
pub use profile::{InvalidSignatureProfile, SignatureProfile};
pub use public_key::Ed25519Key;
pub use verify::{MAX_SIGNATURES, SignatureRefusal, VerifiedRequest, verify};

#[cfg(test)]
mod tests;
