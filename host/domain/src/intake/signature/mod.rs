//! Webhook signatures: the signing scheme is data (a [`SignatureProfile`]), and one function verifies all schemes.
//!
//! The raw bytes of the request are verified. Nothing is parsed, trimmed or normalized before: hex signatures are in
//! lower case, base64 is padded, and the signed text contains id and timestamp exactly as in the headers, so that any
//! changed bit is refused.

mod key;
mod profile;
mod verify;

pub use key::{InvalidSigningSecret, SigningKey, sign_standard};
pub use profile::{InvalidSignatureProfile, SignatureProfile};
pub use verify::{MAX_SIGNATURES, SignatureRefusal, VerifiedRequest, verify};

#[cfg(test)]
mod tests;
