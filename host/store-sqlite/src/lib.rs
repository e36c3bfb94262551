//! The embedded store: one `SQLite` file, one process.
//!
//! One [`writer`] commits the work of many callers together; a few other connections read. Each group of
//! [`Store`](jackfield_store::Store) has a module with the reads and writes of its methods; outside callers are refused
//! when too much is waiting (`submit`), and the host's own workers wait (`submit_urgent`). The tables are in
//! `schema.sql`; ARCHITECTURE.md has a picture of them.

mod alert;
mod audit;
mod breaker;
mod column;
#[cfg(test)]
mod cost;
mod delivery;
mod intake;
mod lead;
mod line;
mod open;
mod open_error;
mod page;
mod queue;
mod readers;
mod readiness;
mod registry;
mod schema;
mod secret;
mod sql;
#[cfg(test)]
mod tests;
mod token;
mod writer;

pub use open::{SqliteOptions, Synchronous};
pub use open_error::OpenError;
pub use writer::WriteStats;

use jackfield_domain::intake::idempotency::KeyDigester;
use jackfield_store::StoreError;
use lead::dnc::DoNotCall;
use readers::Readers;
use writer::Writer;

/// A [`Store`](jackfield_store::Store) in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    dnc: DoNotCall,
    digester: KeyDigester,
    /// The folder of the database file.
    folder: std::path::PathBuf,
}

impl SqliteStore {
    /// Commits the waiting work, moves the write-ahead log into the database file and closes it. Every later method
    /// call returns [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// The log could not be moved. Nothing is lost: it is read when the database is opened again.
    pub async fn close(&self) -> Result<(), StoreError> {
        // The readers first: a checkpoint cannot move past a reader.
        self.readers.close().await;
        self.writer.close().await
    }

    /// Statistics of the writer.
    #[must_use]
    pub fn write_stats(&self) -> WriteStats {
        self.writer.stats()
    }
}
