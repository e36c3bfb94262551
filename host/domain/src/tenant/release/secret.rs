//! Secrets, and references to them.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::custody::Sensitive;

/// Stored secrets whose names start with this are refresh tokens that the host received, and no tenant's file may refer
/// to them.
pub const OAUTH2_SECRETS: &str = "oauth2/";

/// Where a secret is. Files and variables are the host's, read when a release is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// An environment variable of the host's process.
    Env(String),
    /// A file that the host can read; a line break at its end is dropped.
    File(PathBuf),
    /// The secret itself, in a tenant's file only: the host stores it separately and replaces it by `Stored`.
    #[serde(skip_serializing)]
    Value(Sensitive),
    /// A secret that the host stores: set by `jackfield secrets set`, or moved out of a tenant's file under a name that
    /// the host generated.
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

/// A secret that may sign webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WebhookSecretTable")]
pub struct WebhookSecret {
    /// Where it is.
    #[serde(flatten)]
    pub secret: SecretRef,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The operator insists on a secret that is too short to be safe.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_short: bool,
}

/// A webhook secret as a file contains it. Deserializing a flattened [`SecretRef`] would ignore unknown keys, and with
/// a misspelled `expires` a secret would never expire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookSecretTable {
    env: Option<String>,
    file: Option<PathBuf>,
    value: Option<Sensitive>,
    stored: Option<String>,
    expires: Option<Expiry>,
    #[serde(default)]
    allow_short: bool,
}

/// A time in JSON or TOML; TOML has a separate type for times.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expires must be a time with an offset, such as 2026-12-01T00:00:00Z"
)]
enum Expiry {
    Text(Timestamp),
    Toml(toml::value::Datetime),
}

impl TryFrom<WebhookSecretTable> for WebhookSecret {
    type Error = &'static str;

    fn try_from(table: WebhookSecretTable) -> Result<Self, Self::Error> {
        let given = [
            table.env.map(SecretRef::Env),
            table.file.map(SecretRef::File),
            table.value.map(SecretRef::Value),
            table.stored.map(SecretRef::Stored),
        ];
        let mut given = given.into_iter().flatten();
        let (Some(secret), None) = (given.next(), given.next()) else {
            return Err("a secret has exactly one of env, file, value and stored");
        };
        let expires = match table.expires {
            None => None,
            Some(Expiry::Text(time)) => Some(time),
            Some(Expiry::Toml(time)) => {
                let parsed = time.to_string().parse();
                Some(parsed.map_err(|_| "expires must have an offset, such as 2026-12-01T00:00:00Z")?)
            }
        };
        Ok(Self {
            secret,
            expires,
            allow_short: table.allow_short,
        })
    }
}
