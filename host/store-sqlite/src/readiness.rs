//! Checks that the database answers and can be written to.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::SqliteStore;
use crate::writer::Write;
use jackfield_store::{ReadinessStore, StoreError};

#[async_trait]
impl ReadinessStore for SqliteStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.writer.submit(Probe).await
    }
}

/// A write that nobody reads.
struct Probe;

impl Write for Probe {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("insert into probe (id, times) values (1, 1) on conflict (id) do update set times = times + 1")
            .execute(db)
            .await?;
        Ok(())
    }
}
