//! Checks that the database answers and can be written to.

use std::path::Path;

use async_trait::async_trait;
use rustix::fs::statvfs;

use crate::SqliteStore;
use crate::sql::{execute, failed, only};
use crate::writer::{Transaction, Write};
use jackfield_store::{ReadinessStore, StoreError};

/// The least free bytes on the disk of the database. A few thousand accepts still fit, so the host is taken out of
/// service while it can finish what it has.
const MIN_FREE_BYTES: u64 = 16 * 1024 * 1024;
/// The least pages that the database file can still grow by: room for an accept, which may be as large as a request's
/// body in the worst case, and is far smaller as a rule.
const MIN_FREE_PAGES: i64 = 32;

#[async_trait]
impl ReadinessStore for SqliteStore {
    async fn ready(&self) -> Result<(), StoreError> {
        check_disk(&self.folder)?;
        self.writer.submit(Probe).await
    }
}

/// Checks that the disk has room. A write that changes one page may succeed on a disk that is full for all others.
fn check_disk(folder: &Path) -> Result<(), StoreError> {
    let disk = statvfs(folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    // Some file systems do not count their blocks.
    if disk.f_blocks > 0 && disk.f_bavail.saturating_mul(disk.f_frsize) < MIN_FREE_BYTES {
        return Err(StoreError::Unavailable(format!(
            "the disk of the database is full, or nearly: less than {} MiB are free; make room on it",
            MIN_FREE_BYTES >> 20
        )));
    }
    Ok(())
}

/// A write that nobody reads, and a look at how far the file can grow.
struct Probe;

impl Write for Probe {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        let pragma = |sql| only(tx, sql, [], |row| row.get::<_, i64>(0).map_err(failed));
        let max = pragma("pragma max_page_count")?;
        let (pages, unused) = (pragma("pragma page_count")?, pragma("pragma freelist_count")?);
        if max.saturating_sub(pages).saturating_add(unused) < MIN_FREE_PAGES {
            return Err(StoreError::Unavailable(
                "the database file is as large as it may be: full".into(),
            ));
        }
        execute(
            tx,
            "insert into probe (id, times) values (1, 1) on conflict (id) do update set times = times + 1",
            [],
        )
        .map(drop)
    }
}
