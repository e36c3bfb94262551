//! Public keys of senders that sign with Ed25519: `v1a` of Standard Webhooks.

use std::fmt;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{SignatureVerificationAlgorithm, alg_id};

/// Bytes of a public key.
const KEY_BYTES: usize = 32;
/// Bytes of a signature.
pub(super) const SIGNATURE_BYTES: usize = 64;

/// An Ed25519 public key. TLS brings the algorithm, so the host has one library for it.
#[derive(Clone)]
pub struct Ed25519Key {
    bytes: [u8; KEY_BYTES],
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl Ed25519Key {
    /// The key with these bytes; none if there are not 32 of them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let algorithms = default_provider().signature_verification_algorithms.all;
        let mut algorithms = algorithms.iter().copied();
        Some(Self {
            bytes: bytes.try_into().ok()?,
            algorithm: algorithms.find(|algorithm| algorithm.signature_alg_id() == alg_id::ED25519)?,
        })
    }

    /// Whether a signature is the sender's, over exactly this message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.algorithm.verify_signature(&self.bytes, message, signature).is_ok()
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Key(…)")
    }
}
