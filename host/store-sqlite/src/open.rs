//! Opens the database file: the lock, the pragmas, the checks, the tables.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::SqliteStore;
use crate::lead::dnc::DoNotCall;
use crate::open_error::OpenError;
use crate::readers::Readers;
use crate::schema::{self, Installation};
use crate::sql::{failed, only};
use crate::writer::{LastIds, Writer};
use jackfield_store::StoreError;

/// The oldest `SQLite` version that is accepted: the first in which resetting the WAL cannot lose a commit.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long to wait for a lock that another program holds, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections for reading. Reads are short; more connections than cores would only compete with each other.
const READERS: usize = 4;

/// Pages of WAL (of 4 KiB) after which the writer moves them into the database file: 16 MiB, so that a page that is
/// rewritten by many commits is moved once.
const CHECKPOINT_PAGES: u32 = 4000;

/// Prepared statements in a connection's cache: more than there are different ones.
const STATEMENTS: usize = 256;

/// Options for opening a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Most callers that may wait for the writer before others are refused. 4096: about a second of work for a slow
    /// disk.
    pub queue: usize,
    /// Most bytes of the database file; unlimited when absent.
    pub max_bytes: Option<u64>,
    /// Whether a commit waits for the disk. No setting of the host changes this.
    pub synchronous: Synchronous,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// For the disk, as a host promises.
    #[default]
    Full,
    /// For nothing, so that a power failure loses the last acknowledged requests. For measuring the cost of the
    /// promise.
    Normal,
}

impl Synchronous {
    /// The number that `SQLite` has for it.
    const fn number(self) -> &'static str {
        match self {
            Self::Full => "2",
            Self::Normal => "1",
        }
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            queue: 4096,
            max_bytes: None,
            synchronous: Synchronous::Full,
        }
    }
}

impl SqliteStore {
    /// Opens the database at `path`, and creates it if there is none. Its folder must exist. Locks `<path>.lock` while
    /// the store is open.
    ///
    /// # Errors
    /// Anything that would break a promise: another process, a pragma without effect, an old `SQLite`, a schema that
    /// this version does not know, a file that cannot be written.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, SqliteOptions::default()).await
    }

    /// [`SqliteStore::open`], with options.
    ///
    /// # Errors
    /// As for [`SqliteStore::open`].
    pub async fn open_with(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let file = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || OpenFile::open(&file, options));
        let gone = |_| StoreError::Unavailable("the database was not opened".into());
        let OpenFile {
            lock,
            db,
            readers,
            installation,
            last,
            dnc,
        } = opening.await.map_err(gone)??;
        let digester = installation.digester;
        let writer = Writer::start(db, last, digester.clone(), options.queue, lock);
        Ok(Self {
            digester,
            writer: writer.map_err(OpenError::Thread)?,
            readers: Readers::new(readers),
            dnc,
            folder: folder_of(path).to_owned(),
        })
    }
}

/// What a database has when it is open.
struct OpenFile {
    lock: Lock,
    db: Connection,
    readers: Vec<Connection>,
    installation: Installation,
    last: LastIds,
    dnc: DoNotCall,
}

impl OpenFile {
    fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let is_empty = schema::is_empty(path)?;
        private_file(path)?;
        let db = connect(path, options.synchronous)?;
        if is_empty {
            schema::create(&db)?;
        }
        let installation = schema::installation(&db)?;
        limit(&db, options.max_bytes)?;
        let reader = |_| {
            let reader = connect(path, Synchronous::Full)?;
            reader.pragma_update(None, "query_only", "on")?;
            Ok::<_, OpenError>(reader)
        };
        Ok(Self {
            readers: (0..READERS).map(reader).collect::<Result<_, _>>()?,
            last: LastIds::read(&db, installation.first_id)?,
            dnc: DoNotCall::read(&db)?,
            installation,
            lock,
            db,
        })
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A file lock, held until this is dropped.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is being started has it open too until it execs.
        let _ = self.0.unlock();
    }
}

fn lock(path: &Path) -> Result<Lock, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path)),
        Err(TryLockError::Error(source)) => Err(OpenError::File { path, source }),
    }
}

/// Creates a file that only its owner may read. `SQLite` gives its WAL the same mode.
fn private_file(path: &Path) -> Result<File, OpenError> {
    const OWNER_ONLY: u32 = 0o600;
    let open = || {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_ONLY)
            .open(path)?;
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
        Ok(file)
    };
    open().map_err(|source| OpenError::File {
        path: path.to_owned(),
        source,
    })
}

/// A connection with the pragmas that durability depends on.
fn connect(path: &Path, synchronous: Synchronous) -> Result<Connection, OpenError> {
    #[cfg_attr(not(test), expect(unused_mut, reason = "tests count its steps"))]
    let mut db = Connection::open(path)?;
    #[cfg(test)]
    crate::cost::count_steps(&mut db)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", synchronous.number())?;
    db.pragma_update(None, "foreign_keys", "on")?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    verify(&db, synchronous)?;
    Ok(db)
}

/// Reads back the pragmas that durability depends on.
pub(crate) fn verify(db: &Connection, synchronous: Synchronous) -> Result<(), OpenError> {
    let text = |sql: &str| only(db, sql, [], |row| row.get::<_, String>(0).map_err(failed));
    let version = text("select sqlite_version()")?;
    if !is_trusted(&version) {
        return Err(OpenError::Sqlite(version));
    }
    let pragmas = [
        ("journal_mode", "select journal_mode from pragma_journal_mode", "wal"),
        (
            "synchronous",
            "select cast(synchronous as text) from pragma_synchronous",
            synchronous.number(),
        ),
        (
            "foreign_keys",
            "select cast(foreign_keys as text) from pragma_foreign_keys",
            "1",
        ),
        (
            "busy_timeout",
            "select cast(timeout as text) from pragma_busy_timeout",
            "5000",
        ),
    ];
    for (name, sql, wanted) in pragmas {
        let found = text(sql)?;
        if found != wanted {
            return Err(OpenError::Pragma { name, found, wanted });
        }
    }
    Ok(())
}

fn is_trusted(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let (major, minor, patch) = (numbers.next(), numbers.next(), numbers.next());
    (major.unwrap_or(0), minor.unwrap_or(0), patch.unwrap_or(0)) >= OLDEST_SQLITE
}

fn limit(db: &Connection, max_bytes: Option<u64>) -> Result<(), OpenError> {
    if let Some(max_bytes) = max_bytes {
        let page: u32 = db.query_row("pragma page_size", [], |row| row.get(0))?;
        let pages = max_bytes / u64::from(page.max(1));
        db.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_repaired_sqlite_is_trusted() {
        for good in ["3.51.3", "3.52.0", "4.0.0"] {
            assert!(is_trusted(good), "{good}");
        }
        for bad in ["3.51.2", "3.9.9", "2.99.99", "", "x"] {
            assert!(!is_trusted(bad), "{bad}");
        }
    }

    #[test]
    fn dropped_lock_is_released() {
        // A lock is released when it is dropped, whichever process inherited the file.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let held = lock(&path).unwrap();
        let inherited = held.0.try_clone().unwrap();
        assert!(matches!(lock(&path), Err(OpenError::InUse(_))));
        drop(held);
        assert!(lock(&path).is_ok());
        drop(inherited);
    }
}
