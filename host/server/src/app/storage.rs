//! The store of a host. Only this file knows which database the host uses.

use std::path::Path;
use std::sync::Arc;

use super::StartError;
use jackfield_store::{SharedStore, StoreError};
pub use jackfield_store_sqlite::OpenError as StorageError;
use jackfield_store_sqlite::{SqliteOptions, SqliteStore};

/// The database's file in the data directory.
const FILE: &str = "jackfield.db";

/// Which store a host opens. Only the default keeps the host's promises. The benchmarks use others to measure what a
/// promise costs; no setting selects them.
#[derive(Debug, Clone, Copy)]
pub struct Storage {
    /// How the database is opened.
    pub options: SqliteOptions,
    /// Wraps the store that the host uses.
    pub wrap: fn(SharedStore) -> SharedStore,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            options: SqliteOptions::default(),
            wrap: |store| store,
        }
    }
}

impl Storage {
    /// Opens the store of the host whose files are in `data_dir`.
    ///
    /// # Errors
    /// The database cannot be opened. The error says what to do about it.
    pub async fn open(&self, data_dir: &Path) -> Result<OpenStore, StorageError> {
        let store = SqliteStore::open_with(&data_dir.join(FILE), self.options).await?;
        Ok(OpenStore(Arc::new(store)))
    }
}

/// An open store, with what only its host does when it stops.
#[derive(Debug, Clone)]
pub struct OpenStore(Arc<SqliteStore>);

impl OpenStore {
    /// The store itself.
    #[must_use]
    pub fn store(&self) -> SharedStore {
        Arc::clone(&self.0) as SharedStore
    }

    /// Closes the database. Nothing is lost if this is omitted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.close().await
    }
}

/// Creates a directory that only its owner may read.
pub(super) fn make_private_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}
