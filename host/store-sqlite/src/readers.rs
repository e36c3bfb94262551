//! Connections for reading: a few, each used by one caller at a time, on threads that may wait for the disk. They never
//! wait for the writer.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::sql::{closed, failed};
use jackfield_clock::lock;
use jackfield_store::StoreError;

/// The connections.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    count: u32,
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        Self {
            count: u32::try_from(connections.len()).unwrap_or(u32::MAX),
            free: Arc::new(Semaphore::new(connections.len())),
            idle: Arc::new(Mutex::new(connections)),
        }
    }

    /// Reads from one snapshot of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| closed())?;
        let idle = Arc::clone(&self.idle);
        let reading = tokio::task::spawn_blocking(move || {
            let connection = lock(&idle).pop().ok_or_else(closed)?;
            let result = snapshot(&connection, read);
            lock(&idle).push(connection);
            drop(permit);
            result
        });
        reading.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Closes the connections, once those in use are free.
    pub(crate) async fn close(&self) {
        let _all = self.free.acquire_many(self.count).await;
        self.free.close();
        lock(&self.idle).clear();
    }

    /// Whether they are closed.
    pub(crate) fn are_closed(&self) -> bool {
        self.free.is_closed()
    }
}

fn snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    read(&snapshot)
}
