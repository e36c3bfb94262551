//! What a host keeps its work in.

use std::path::Path;

use super::StartError;
use jackfield_store::SharedStore;
use jackfield_store_sqlite::SqliteOptions;

/// What a host keeps its work in. The default is what it promises with; anything else is for measuring what a promise
/// costs, and no setting reaches it.
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

/// A directory that only its owner may look into.
pub(super) fn make_private_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}
