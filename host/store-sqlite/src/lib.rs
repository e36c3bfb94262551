//! The embedded store: one `SQLite` file, one process.
//!
//! One [`writer`] commits what many callers ask for together; a few connections read beside it. Each group of
//! [`Store`](jackfield_store::Store) has a module, which says for each method what is written or read; callers from
//! outside are refused when too much waits (`submit`), and the host's own workers wait (`submit_urgent`). The tables
//! are in `migrations/`.

mod alert;
mod audit;
mod breaker;
mod column;
#[cfg(test)]
mod cost;
mod delivery;
mod intake;
mod lead;
mod open;
mod page;
mod plaintext;
mod queue;
mod readiness;
mod registry;
mod secret;
#[cfg(test)]
mod tests;
mod token;
mod writer;

use sqlx::SqlitePool;

pub use open::{OpenError, SqliteOptions, Synchronous};
pub use writer::WriteStats;

use jackfield_store::StoreError;
use lead::dnc::DoNotCall;
use writer::Writer;

/// A [`Store`](jackfield_store::Store) in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    dnc: DoNotCall,
}

impl SqliteStore {
    /// Commits what waits, moves the write-ahead log into the database file and closes it. Every later call returns
    /// [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// The log could not be moved. Nothing is lost: it is read when the database is opened again.
    pub async fn close(&self) -> Result<(), StoreError> {
        // First the readers: a checkpoint cannot pass one.
        self.readers.close().await;
        self.writer.close().await
    }

    /// What the writer has done.
    #[must_use]
    pub fn write_stats(&self) -> WriteStats {
        self.writer.stats()
    }
}
