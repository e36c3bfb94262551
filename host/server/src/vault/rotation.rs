//! Changing the master key, so that a crash at any point leaves every secret readable.
//!
//! The new key joins the old ones in the file; then one transaction seals every secret with it; only then the old ones
//! leave the file. Each secret names its key, so between the steps all of them open, and the next start finishes what
//! was broken off. A key that is handed over by the environment is changed the same way, at the start that has both.

use std::sync::Arc;

use super::{KeyError, KeySource, Vault, key, random_key};
use jackfield_clock::lock;
use jackfield_domain::custody::seal::{KeyId, Keyring};
use jackfield_store::{ResealedSecret, SecretRecord, StoreError};

/// The master key was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals now.
    pub key: KeyId,
    /// Secrets that were sealed with it.
    pub resealed: usize,
    /// Secrets that were left as they are, since this host cannot open them.
    pub left: usize,
    /// Why the old key is still in the file, if it is. It opens nothing that can be opened without it.
    pub old_key_kept: Option<String>,
}

/// The master key was not changed, or not for every secret; all of them open as before.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The host does not keep it.
    #[error(
        "the master key is given by JACKFIELD_MASTER_KEY, so the host cannot change it: start the host with a new one \
         there and the present one in JACKFIELD_MASTER_KEY_OLD; at the start after that, leave the old one out"
    )]
    Given,
    /// There is none.
    #[error("the host has no master key to change: restore the file, and start again")]
    NoKey,
    /// The file cannot be written. Nothing was changed.
    #[error("nothing was changed: {0}")]
    File(KeyError),
    /// The secrets could not be stored. Both keys are in the file, and every secret opens.
    #[error("the secrets keep the key that they have, and the new one waits beside it; rotate again: {0}")]
    Store(StoreError),
}

impl Vault {
    /// Changes the master key: makes a new one and seals every secret with it. Secrets are read as ever meanwhile;
    /// those that are to be written wait for the moment that it takes.
    ///
    /// # Errors
    /// It was not changed, or not for every secret. All of them open as before.
    pub async fn rotate(&self) -> Result<Rotated, RotateError> {
        let KeySource::File(path) = &self.0.source else {
            return Err(RotateError::Given);
        };
        let _nobody_seals = self.0.sealing.write().await;
        let former = self.0.keys.load_full();
        if former.primary().is_none() {
            return Err(RotateError::NoKey);
        }
        let new = random_key(&mut lock(&self.0.rng));
        let id = new.id();
        let both = former.with_primary(new);
        key::write_file(path, &both).map_err(RotateError::File)?;
        self.0.keys.store(Arc::new(both));

        let kept = self.0.store.all_secrets().await.map_err(RotateError::Store)?;
        let (resealed, left) = self.reseal(kept).await.map_err(RotateError::Store)?;
        let old_key_kept = self.retire().err().map(|error| error.to_string());
        tracing::info!(key = %id, resealed, left, "the master key was changed");
        Ok(Rotated {
            key: id,
            resealed,
            left,
            old_key_kept,
        })
    }

    /// Finishes a rotation: seals what an older key opens with the one that leads, and gives up the older ones.
    pub(super) async fn settle(&self, kept: Vec<SecretRecord>) -> Result<(), StoreError> {
        let keys = self.0.keys.load_full();
        let Some(leader) = keys.primary().filter(|_| keys.ids().len() > 1) else {
            return Ok(());
        };
        let any = !kept.is_empty();
        let (resealed, _) = self.reseal(kept).await?;
        if resealed > 0 {
            tracing::info!(key = %leader, resealed, "secrets were sealed anew with the master key that leads");
        }
        // With nothing sealed nobody knows whose keys these are, and a file may have been put in the wrong place.
        if any && let Err(error) = self.retire() {
            tracing::warn!(%error, "older keys stay in the master key file; take them out, nothing needs them");
        }
        Ok(())
    }

    /// Seals with the leading key whatever another one opens, in one transaction. Returns how many secrets that were,
    /// and how many nobody here can open.
    async fn reseal(&self, kept: Vec<SecretRecord>) -> Result<(usize, usize), StoreError> {
        let keys = self.0.keys.load_full();
        let (mut anew, mut left) = (vec![], 0);
        for record in kept
            .into_iter()
            .filter(|record| Some(record.sealed.key) != keys.primary())
        {
            let Ok(value) = self.0.open(&record) else {
                left += 1;
                continue;
            };
            let sealed = self.sealer()(&record.tenant, &record.name, &value)?;
            anew.push(ResealedSecret {
                tenant: record.tenant,
                name: record.name,
                was: record.sealed.nonce,
                sealed,
            });
        }
        let wanted = anew.len();
        if wanted > 0 && self.0.store.reseal(anew).await? < wanted {
            // On this host none is written meanwhile, so another one has, perhaps under the key that is to go.
            return Err(StoreError::Unavailable(
                "secrets were changed by another host meanwhile".into(),
            ));
        }
        Ok((wanted, left))
    }

    /// Takes every key but the leading one out of the file and out of memory. A key that was handed over stays, for as
    /// long as it is handed over.
    fn retire(&self) -> Result<(), KeyError> {
        if let KeySource::File(path) = &self.0.source {
            let only: Keyring = self.0.keys.load().primary_only();
            key::write_file(path, &only)?;
            self.0.keys.store(Arc::new(only));
        }
        Ok(())
    }
}
