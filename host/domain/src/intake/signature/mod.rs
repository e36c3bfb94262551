//! Webhook signatures: how a request is signed is data (a [`SignatureProfile`]), and one function verifies them all.
//!
//! What is verified are the raw bytes that came in. Nothing is parsed, trimmed or normalised before: letters of a hex
//! signature are lower-case, base64 is padded, and the signed text takes id and timestamp as the headers spell them, so
//! that any changed bit is refused.

mod key;
mod profile;
mod verify;

pub use key::{InvalidSigningSecret, SigningKey, sign_standard};
pub use profile::{InvalidSignatureProfile, SignatureProfile};
pub use verify::{MAX_SIGNATURES, SignatureRefusal, VerifiedRequest, verify};

#[cfg(test)]
mod tests;
