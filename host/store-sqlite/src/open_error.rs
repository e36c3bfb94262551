//! Why a database could not be opened.

use std::io;
use std::path::PathBuf;

use jackfield_store::StoreError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has opened it.
    #[error(
        "another jackfield process uses this database (it holds {}): stop it, or give this one a data folder of its \
            own",
        .0.display()
    )]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot open {}: {source}; check that the folder exists and that this user may write in \
        it", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The writer's thread cannot be started.
    #[error("no thread can be started for what writes to the database: {0}; is there a limit on threads (ulimit -u)?")]
    Thread(io::Error),
    /// The `SQLite` library is too old.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed; build with the bundled one")]
    Sqlite(String),
    /// A pragma did not take effect.
    #[error("SQLite has {name} = {found} and not {wanted}: is the database on a network file system?")]
    Pragma {
        /// The pragma's name.
        name: &'static str,
        /// Its value.
        found: String,
        /// The required value.
        wanted: &'static str,
    },
    /// A later version of Jackfield wrote it.
    #[error("a newer jackfield wrote this database (schema {0}): use that version, or restore a backup")]
    Newer(i64),
    /// A version from before the first release wrote it.
    #[error(
        "a jackfield from before the first release wrote this database, and no version reads it any more: give this \
            one an empty data folder, and apply the tenants' files again"
    )]
    BeforeRelease,
    /// It is not Jackfield's.
    #[error("this file is a database of another program: give jackfield a data folder of its own")]
    Foreign,
    /// Its content cannot be read.
    #[error("cannot read the database: {0}")]
    Content(#[from] StoreError),
    /// `SQLite` reported an error.
    #[error("cannot open the database: {0}")]
    Database(#[from] rusqlite::Error),
}
