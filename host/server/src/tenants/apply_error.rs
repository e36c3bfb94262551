//! Errors of making and activating releases, and of changing stored secrets.

use crate::vault::VaultError;
use jackfield_domain::field::FieldError;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_domain::tenant::release::AdapterRef;
use jackfield_sandbox::LoadError;
use jackfield_store::StoreError;

/// Why a release was not made or not put in service. The old one stays in service.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file is not TOML of the right shape; the text names the line and what is allowed.
    #[error("{0}")]
    Syntax(String),
    /// The file is for another tenant than the one named.
    #[error("the file is for tenant `{0}`")]
    OtherTenant(TenantName),
    /// Fields are missing or wrong.
    #[error("{} fields are missing or wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// No such adapter has been pushed.
    #[error("no adapter `{0}` was pushed; `jackfield adapter list` shows those there are")]
    NoAdapter(AdapterRef),
    /// No such tenant.
    #[error("there is no such tenant; `jackfield tenant list` shows those there are")]
    NoTenant,
    /// No such release, or none before the active one.
    #[error("tenant `{0}` has no release {1}")]
    NoRelease(TenantName, String),
    /// The value of a secret cannot be read.
    #[error("{pointer}: {detail}")]
    Secret {
        /// The secret, as a pointer into the file.
        pointer: String,
        /// Why, and what to do.
        detail: String,
    },
    /// A stored secret cannot be removed: the active release uses it.
    #[error(
        "`{name}` is used by the active release {release} at {pointer}: apply a file that does not name it, then \
         remove it"
    )]
    SecretInUse {
        /// Its name.
        name: String,
        /// The release.
        release: ReleaseNumber,
        /// Where.
        pointer: String,
    },
    /// A stored secret belongs to the host itself; operators cannot change it.
    #[error("this secret is kept by the host for itself, or has no name that a secret can have")]
    HostSecret,
    /// No such stored secret.
    #[error("tenant `{0}` has no such secret; `jackfield secrets list {0}` shows those there are")]
    NoSecret(TenantName),
    /// The adapter does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets in the file cannot be stored.
    #[error(transparent)]
    Vault(VaultError),
}

impl From<VaultError> for ApplyError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => Self::Store(error),
            error => Self::Vault(error),
        }
    }
}

/// An error with its causes, on one line. A cause that the text already contains is not repeated.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
