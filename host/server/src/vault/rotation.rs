//! Rotation of the master key. After a crash at any point, every secret is still readable.
//!
//! The new key is added to the file, then one transaction seals every secret with it, and only then the old keys are
//! removed from the file. Each secret names its key, so all secrets can be read between the steps, and the next start
//! finishes a rotation that was interrupted. A key from the environment is rotated the same way, by a start that has
//! both keys.

use std::sync::Arc;

use super::{KeyError, KeySource, Vault, key, random_key};
use jackfield_clock::lock;
use jackfield_domain::custody::seal::{KeyId, Keyring};
use jackfield_store::{ResealedSecret, SecretRecord, StoreError};

/// What a rotation of the master key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRotation {
    /// The key that seals now.
    pub key: KeyId,
    /// How many secrets were sealed with it.
    pub resealed: usize,
    /// How many secrets were left unchanged, because this host cannot open them.
    pub left: usize,
    /// Why the old key is still in the file, if it is. No secret needs it.
    pub old_key_kept: Option<String>,
}

/// The master key was not rotated, or not every secret was sealed with the new one. All secrets can be read as before.
#[derive(Debug, thiserror::Error)]
pub enum KeyRotationError {
    /// The key comes from the environment, which the host cannot change.
    #[error(
        "the master key is in JACKFIELD_MASTER_KEY, so the host cannot replace it: start the host with a new one there \
         and the present one in JACKFIELD_MASTER_KEY_OLD; at the start after that, omit the old one"
    )]
    Environment,
    /// The host has no key.
    #[error("the host has no master key to replace: restore the file, and start again")]
    NoKey,
    /// The file cannot be written. Nothing was changed.
    #[error("nothing was changed: {0}")]
    File(KeyError),
    /// The secrets could not be stored. Both keys are in the file, so every secret can be read.
    #[error("the secrets are still sealed with the old key, and the file has both keys; rotate again: {0}")]
    Store(StoreError),
}

impl Vault {
    /// Rotates the master key: generates a new one and seals every secret with it. Meanwhile secrets can be read;
    /// writes wait until the rotation ends.
    ///
    /// # Errors
    /// The key was not rotated, or not every secret was sealed with the new one. All secrets can be read as before.
    pub async fn rotate(&self) -> Result<KeyRotation, KeyRotationError> {
        let KeySource::File(path) = &self.0.source else {
            return Err(KeyRotationError::Environment);
        };
        let _no_sealing = self.0.sealing.write().await;
        let former = self.0.keys.load_full();
        if former.primary().is_none() {
            return Err(KeyRotationError::NoKey);
        }
        let new = random_key(&mut lock(&self.0.rng));
        let id = new.id();
        let both = former.with_primary(new);
        key::write_file(path, &both).map_err(KeyRotationError::File)?;
        self.0.keys.store(Arc::new(both));

        let secrets = self.0.store.all_secrets().await.map_err(KeyRotationError::Store)?;
        let (resealed, left) = self.reseal(secrets).await.map_err(KeyRotationError::Store)?;
        let old_key_kept = self.remove_old_keys().err().map(|error| error.to_string());
        tracing::info!(key = %id, resealed, left, "the master key was rotated");
        Ok(KeyRotation {
            key: id,
            resealed,
            left,
            old_key_kept,
        })
    }

    /// Finishes a rotation: seals every secret of an older key with the primary one, and removes the older keys.
    pub(super) async fn finish_rotation(&self, secrets: Vec<SecretRecord>) -> Result<(), StoreError> {
        let keys = self.0.keys.load_full();
        let Some(primary) = keys.primary().filter(|_| keys.ids().len() > 1) else {
            return Ok(());
        };
        let any = !secrets.is_empty();
        let (resealed, _) = self.reseal(secrets).await?;
        if resealed > 0 {
            tracing::info!(key = %primary, resealed, "secrets were sealed again, with the present master key");
        }
        // Without sealed secrets it is unknown whose keys these are: somebody may have put another installation's file
        // here.
        if any && let Err(error) = self.remove_old_keys() {
            tracing::warn!(%error, "older keys are still in the master key file; remove them, nothing needs them");
        }
        Ok(())
    }

    /// Seals every secret of another key with the primary one, in one transaction. Returns how many secrets were
    /// sealed, and how many this host cannot open.
    async fn reseal(&self, secrets: Vec<SecretRecord>) -> Result<(usize, usize), StoreError> {
        let keys = self.0.keys.load_full();
        let (mut resealed, mut left) = (vec![], 0);
        for record in secrets
            .into_iter()
            .filter(|record| Some(record.sealed.key) != keys.primary())
        {
            let Ok(value) = self.0.open(&record) else {
                left += 1;
                continue;
            };
            let sealed = self.0.seal(&record.tenant, &record.name, &value);
            let sealed = sealed.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            resealed.push(ResealedSecret {
                tenant: record.tenant,
                name: record.name,
                was: record.sealed.nonce,
                sealed,
            });
        }
        let count = resealed.len();
        if count > 0 && self.0.store.reseal(resealed).await? < count {
            // This host writes no secret meanwhile, so another host did, perhaps with the key that is to be removed.
            return Err(StoreError::Unavailable(
                "secrets were changed by another host meanwhile".into(),
            ));
        }
        Ok((count, left))
    }

    /// Removes every key but the primary one from the file and from memory. Keys from the environment are kept until
    /// they are removed there.
    fn remove_old_keys(&self) -> Result<(), KeyError> {
        if let KeySource::File(path) = &self.0.source {
            let only: Keyring = self.0.keys.load().primary_only();
            key::write_file(path, &only)?;
            self.0.keys.store(Arc::new(only));
        }
        Ok(())
    }
}
