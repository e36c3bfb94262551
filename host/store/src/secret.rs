//! Secrets that the installation keeps: sealed before they get here, and opened by nobody here.

use jiff::Timestamp;

use jackfield_domain::custody::seal::{NONCE_BYTES, SealedSecret};
use jackfield_domain::id::TenantName;

/// A secret to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Whose.
    pub tenant: TenantName,
    /// Under which name.
    pub name: String,
    /// The secret.
    pub sealed: SealedSecret,
    /// When.
    pub now: Timestamp,
}

/// A secret, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Whose.
    pub tenant: TenantName,
    /// Its name.
    pub name: String,
    /// The secret.
    pub sealed: SealedSecret,
    /// When it got its value; sealing it anew does not change that.
    pub set_at: Timestamp,
}

/// A secret that is to be kept under another key, with the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Whose.
    pub tenant: TenantName,
    /// Its name.
    pub name: String,
    /// The nonce that it was sealed with before: if the row has another by now, it has another value.
    pub was: [u8; NONCE_BYTES],
    /// The secret.
    pub sealed: SealedSecret,
}
