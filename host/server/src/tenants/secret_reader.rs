//! Reads the value behind a secret reference: from the environment, a file, the tenant's file or the vault.

use std::collections::BTreeSet;
use std::env::{self, VarError};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::vault::{Vault, VaultError};
use jackfield_clock::lock;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::SecretName;
use jackfield_domain::tenant::release::{SecretRef, TenantSpec};
use jackfield_store::StoreError;

/// Environment variables with secrets of the host itself and of its operators.
const HOST_VARIABLES: [&str; 3] = ["JACKFIELD_MASTER_KEY", "JACKFIELD_MASTER_KEY_OLD", "JACKFIELD_TOKEN"];

/// The prefix of the names that the host generates for literal secrets. Names that operators choose have no `_`.
pub const GENERATED_PREFIX: &str = "sec_";

/// Reads secrets. Cheap to clone; clones say together once what they trimmed.
#[derive(Debug, Clone)]
pub struct SecretReader {
    /// The stored ones.
    pub vault: Vault,
    /// The files and variables of which the log says that their secret was trimmed.
    trimmed: Arc<Mutex<BTreeSet<String>>>,
}

impl SecretReader {
    /// A reader of the environment, files, and the secrets in `vault`.
    pub fn new(vault: Vault) -> Self {
        Self {
            vault,
            trimmed: Arc::default(),
        }
    }

    /// The value of a reference, or why it cannot be read. `fresh` are secrets that the store does not have yet.
    pub async fn read(
        &self,
        spec: &TenantSpec,
        fresh: &[(String, Sensitive)],
        reference: &SecretRef,
    ) -> Result<Result<Sensitive, String>, StoreError> {
        Ok(match reference {
            SecretRef::Env(name) => self.variable(name),
            SecretRef::File(path) => self.file(path),
            SecretRef::Value(value) => Ok(value.clone()),
            SecretRef::Stored(name) => match fresh.iter().find(|(fresh_name, _)| fresh_name == name) {
                Some((_, value)) => Ok(value.clone()),
                None => self.stored(spec, name).await?,
            },
        })
    }

    fn variable(&self, name: &str) -> Result<Sensitive, String> {
        let shown = shown_variable(name);
        // Otherwise a tenant's file could send the host's own keys to a CRM.
        if HOST_VARIABLES.contains(&name) {
            return Err(format!("{shown} is the host's own; name another one"));
        }
        match env::var(name) {
            Ok(text) => Ok(self.trim(text, &shown)),
            Err(VarError::NotPresent) => Err(format!(
                "{shown} is not set for the host's process; set it where `jackfield serve` runs"
            )),
            Err(VarError::NotUnicode(_)) => Err(format!("{shown} is not UTF-8")),
        }
    }

    fn file(&self, path: &Path) -> Result<Sensitive, String> {
        let shown = shown_file(path);
        match fs::read_to_string(path) {
            Ok(text) => Ok(self.trim(text, &shown)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!("{shown} does not exist on the host")),
            Err(error) => Err(format!("{shown} cannot be read by the host: {error}")),
        }
    }

    /// The secret without a byte-order mark and line ends, which the log says once for each source.
    fn trim(&self, text: String, source: &str) -> Sensitive {
        let (secret, is_trimmed) = Sensitive::new(text).trimmed();
        if is_trimmed && lock(&self.trimmed).insert(source.to_owned()) {
            tracing::info!(
                source,
                "a byte-order mark or line ends around a secret are not part of it"
            );
        }
        secret
    }

    async fn stored(&self, spec: &TenantSpec, name: &str) -> Result<Result<Sensitive, String>, StoreError> {
        let tenant = &spec.tenant;
        // Names that operators choose, and those that the host generates.
        let is_name = name.parse::<SecretName>().is_ok() || name.starts_with(GENERATED_PREFIX);
        if !is_name {
            return Ok(Err(
                "`stored` is not the name of a secret that the host keeps: write the name, not the secret".to_owned(),
            ));
        }
        match self.vault.get(tenant, name).await {
            Ok(Some(value)) => Ok(Ok(value)),
            Ok(None) => Ok(Err(format!(
                "the host keeps no secret `{name}`; `jackfield secrets set {tenant} {name}` sets it, or write it as \
                 env, file or value"
            ))),
            Err(VaultError::Store(error)) => Err(error),
            Err(error) => Ok(Err(format!("stored secret `{name}`: {error}"))),
        }
    }
}

/// A variable for messages: its name, unless it looks like a secret that was written in the name's place.
fn shown_variable(name: &str) -> String {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_name) {
        format!("environment variable {name}")
    } else {
        "the environment variable that is named there (write a variable's name, in capitals, not the secret)".to_owned()
    }
}

/// A file for messages: its path, unless it looks like a secret that was written in the path's place.
fn shown_file(path: &Path) -> String {
    if path.is_absolute() || path.starts_with(".") || path.starts_with("..") {
        format!("file {}", path.display())
    } else {
        "the file that is named there (write its whole path, not the secret)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_place_of_names_are_hidden() {
        for secret in ["whsec_Y2FuYXJ5", "hunter2", "SECRET=1", "a b"] {
            assert!(!shown_variable(secret).contains(secret));
            assert!(!shown_file(Path::new(secret)).contains(secret));
        }
        assert_eq!(shown_variable("CRM_TOKEN_2"), "environment variable CRM_TOKEN_2");
        for path in ["/run/secrets/crm", "./crm", "../crm"] {
            assert_eq!(shown_file(Path::new(path)), format!("file {path}"));
        }
    }
}
