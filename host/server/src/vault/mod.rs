//! The secrets that this installation keeps, by tenant and name: sealed with the master key before they are stored,
//! opened when they are needed.
//!
//! A host without the right key serves what it can: it reports what it cannot open, and leaves it unchanged.

mod key;
mod rotation;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::sync::{RwLock, RwLockReadGuard};
use zeroize::Zeroizing;

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::seal::{
    KEY_BYTES, KeyId, Keyring, MasterKey, NONCE_BYTES, SealedSecret, SecretContext, UnsealError,
};
use jackfield_domain::id::TenantName;
use jackfield_store::{NewSecret, SecretRecord, SecretStore, StoreError};

pub use key::{KeyError, KeySource};
pub use rotation::{KeyRotation, KeyRotationError};

/// A secret cannot be read or stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret exists and does not open.
    #[error(
        "{0}; start the host with the key that it was sealed with (`jackfield secrets rotate-key --help` says how), or \
         set the secret again"
    )]
    Unopened(#[from] UnsealError),
    /// The host has no master key to seal with.
    #[error(
        "the host has no master key: {} is not there, and secrets were sealed before; restore it, and start again",
        .0.display()
    )]
    NoKey(PathBuf),
}

/// Keeps secrets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault(Arc<VaultInner>);

struct VaultInner {
    store: Arc<dyn SecretStore>,
    clock: SharedClock,
    source: KeySource,
    keys: ArcSwap<Keyring>,
    rng: Mutex<StdRng>,
    /// Held for reading from sealing a secret until it is stored, and for writing by a rotation, so that no secret is
    /// stored under a retired key.
    sealing: RwLock<()>,
}

impl fmt::Debug for VaultInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("keys", &self.keys.load().ids())
            .finish_non_exhaustive()
    }
}

/// Seals secrets for a transaction. No rotation happens until it is dropped, which is after the commit.
pub struct Sealing<'a> {
    inner: &'a VaultInner,
    _no_rotation: RwLockReadGuard<'a, ()>,
}

impl Sealing<'_> {
    /// Seals a secret.
    ///
    /// # Errors
    /// The host has no master key.
    pub fn seal(&self, tenant: &TenantName, name: &str, value: &Sensitive) -> Result<SealedSecret, VaultError> {
        self.inner.seal(tenant, name, value)
    }
}

impl Vault {
    /// Opens the vault of a store: reads the master key, or makes one if nothing was ever sealed. Finishes a rotation
    /// that was interrupted, or that was requested by providing an old key. `rng` must be seeded by the operating
    /// system.
    ///
    /// # Errors
    /// The key cannot be read or made, or the store's.
    pub async fn open(
        store: Arc<dyn SecretStore>,
        clock: SharedClock,
        source: KeySource,
        mut rng: StdRng,
    ) -> Result<Self, VaultOpenError> {
        let kept = store.all_secrets().await?;
        let keys = match (source.read()?, &source) {
            (Some(keys), _) => keys,
            (None, KeySource::File(path)) if kept.is_empty() => {
                let keys = Keyring::new([random_key(&mut rng)]);
                key::write_file(path, &keys)?;
                tracing::info!(file = %path.display(), "a master key was made; back it up apart from the database");
                keys
            }
            (None, _) => Keyring::default(),
        };
        let vault = Self(Arc::new(VaultInner {
            store,
            clock,
            source,
            keys: ArcSwap::from_pointee(keys),
            rng: Mutex::new(rng),
            sealing: RwLock::default(),
        }));
        vault.report(&kept);
        vault.finish_rotation(kept).await?;
        Ok(vault)
    }

    /// The secret with this name.
    ///
    /// # Errors
    /// The store cannot be read, or the secret does not open.
    pub async fn get(&self, tenant: &TenantName, name: &str) -> Result<Option<Sensitive>, VaultError> {
        match self.0.store.secret(tenant, name).await? {
            Some(record) => Ok(Some(self.0.open(&record)?)),
            None => Ok(None),
        }
    }

    /// Stores a secret, replacing one with the same name. It is durable when this returns.
    ///
    /// # Errors
    /// The store cannot be written to, or there is no key; the former secret stays.
    pub async fn put(&self, tenant: &TenantName, name: &str, value: Sensitive) -> Result<(), VaultError> {
        let sealing = self.sealing().await;
        let new = NewSecret {
            tenant: tenant.clone(),
            name: name.to_owned(),
            sealed: sealing.seal(tenant, name, &value)?,
            now: self.0.clock.now(),
        };
        Ok(self.0.store.put_secret(new).await?)
    }

    /// Whether this host has the key with this id.
    #[must_use]
    pub fn has(&self, key: KeyId) -> bool {
        self.0.keys.load().ids().contains(&key)
    }

    /// Seals secrets that are stored in one transaction with other things.
    pub async fn sealing(&self) -> Sealing<'_> {
        Sealing {
            inner: &self.0,
            _no_rotation: self.0.sealing.read().await,
        }
    }

    /// Logs which secrets do not open on this host: one line for each tenant.
    fn report(&self, kept: &[SecretRecord]) {
        let keys = self.0.keys.load();
        let is_unknown = |record: &&SecretRecord| !keys.ids().contains(&record.sealed.key);
        for tenant in kept.chunk_by(|one, other| one.tenant == other.tenant) {
            if let Some(first) = tenant.iter().find(is_unknown) {
                tracing::error!(
                    tenant = %first.tenant, sealed_with = %first.sealed.key, this_host_has = ?keys.ids(),
                    secrets = tenant.iter().filter(is_unknown).count(),
                    "secrets are sealed with a master key that this host does not have; what needs them is not served, \
                     and they are left unchanged"
                );
            }
        }
    }
}

impl VaultInner {
    fn seal(&self, tenant: &TenantName, name: &str, value: &Sensitive) -> Result<SealedSecret, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        lock(&self.rng).fill_bytes(&mut nonce);
        let sealed = self.keys.load().seal(SecretContext { tenant, name }, value, nonce);
        sealed.ok_or_else(|| match &self.source {
            KeySource::File(path) => VaultError::NoKey(path.clone()),
            // A key from the environment is always there.
            KeySource::Environment { .. } => VaultError::NoKey(PathBuf::new()),
        })
    }

    fn open(&self, record: &SecretRecord) -> Result<Sensitive, UnsealError> {
        let context = SecretContext {
            tenant: &record.tenant,
            name: &record.name,
        };
        self.keys.load().open(context, &record.sealed)
    }
}

fn random_key(rng: &mut StdRng) -> MasterKey {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    rng.fill_bytes(&mut *key);
    MasterKey::new(key)
}

/// A vault could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultOpenError {
    /// The master key is not available.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
