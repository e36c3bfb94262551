//! Secrets, and references to them.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A secret's value: never shown, never serialised, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sensitive(zeroize::Zeroizing<String>);

impl Sensitive {
    /// Wraps a secret.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(zeroize::Zeroizing::new(value))
    }

    /// The secret itself. Every caller of this is a place where it could leak.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

/// Where a secret is. Files and variables are the host's, read when a release is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// An environment variable of the host's process.
    Env(String),
    /// A file that the host can read; a line break at its end is dropped.
    File(PathBuf),
    /// The secret itself, in a tenant's file only: the host keeps it apart and puts `Stored` in its place.
    #[serde(skip_serializing)]
    Value(Sensitive),
    /// A secret that the host keeps, under a name that it made up.
    Stored(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Value(_) => f.write_str("a literal value"),
            Self::Stored(name) => write!(f, "stored secret {name}"),
        }
    }
}
