//! The store of a host: the one place that knows which database it is.

use std::path::Path;
use std::sync::Arc;

use super::StartError;
use crate::vault::Vault;
use jackfield_store::{SharedStore, StoreError};
pub use jackfield_store_sqlite::OpenError as StorageError;
use jackfield_store_sqlite::{SqliteOptions, SqliteStore};

/// The database's file in the data directory.
const FILE: &str = "jackfield.db";

/// Which store a host works with. The default is the one that keeps the promises; anything else is for measuring what
/// a promise costs, and no setting reaches it.
#[derive(Debug, Clone, Copy)]
pub struct Storage {
    /// How the database is opened.
    pub options: SqliteOptions,
    /// Puts something between the host and its database.
    pub before: fn(SharedStore) -> SharedStore,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            options: SqliteOptions::default(),
            before: |store| store,
        }
    }
}

impl Storage {
    /// Opens the store of the host that keeps its files in `data_dir`.
    ///
    /// # Errors
    /// The database cannot be opened, and what to do about it.
    pub async fn open(&self, data_dir: &Path) -> Result<OpenStore, StorageError> {
        let store = SqliteStore::open_with(&data_dir.join(FILE), self.options).await?;
        Ok(OpenStore(Arc::new(store)))
    }
}

/// An open store, and what only its host does with it: before it serves, and after.
#[derive(Debug, Clone)]
pub struct OpenStore(Arc<SqliteStore>);

impl OpenStore {
    /// The store itself.
    #[must_use]
    pub fn store(&self) -> SharedStore {
        Arc::clone(&self.0) as SharedStore
    }

    /// Seals the secrets that an earlier version kept unsealed, and wipes what it left of them.
    ///
    /// # Errors
    /// They could not be sealed. What could not be wiped is only logged: the next start tries again.
    pub(super) async fn seal_plaintext(&self, vault: &Vault) -> Result<(), StoreError> {
        let sealed = self.0.seal_plaintext(vault.sealer()).await?;
        if sealed > 0 {
            tracing::info!(sealed, "secrets that an earlier version kept unsealed were sealed");
        }
        if let Err(error) = self.0.wipe_plaintext().await {
            tracing::error!(
                %error,
                "what an earlier version kept unsealed cannot be wiped from the database file yet; see that the disk \
                 has as much room as the database is large, and start again"
            );
        }
        Ok(())
    }

    /// Closes the database. Nothing is lost without it.
    ///
    /// # Errors
    /// The store's.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.close().await
    }
}

/// A directory that only its owner may look into.
pub(super) fn make_private_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}
