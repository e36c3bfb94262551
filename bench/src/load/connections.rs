//! A pool of connections, each used for one request at a time.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::{Connection, Request};

/// Connections to one server, as many as were ever needed at once.
#[derive(Debug)]
pub struct ConnectionPool {
    to: SocketAddr,
    free: Mutex<Vec<Connection>>,
}

impl ConnectionPool {
    /// An empty pool.
    pub fn new(to: SocketAddr) -> Self {
        Self {
            to,
            free: Mutex::default(),
        }
    }

    /// Sends a request over an idle connection.
    ///
    /// # Errors
    /// The connection broke, or the response had another status than `expect`. The connection is not used again.
    pub async fn ask(&self, request: &Request, expect: u16) -> anyhow::Result<()> {
        self.read(request, |status, body| {
            anyhow::ensure!(
                status == expect,
                "expected status {expect}, got {status}: {}",
                String::from_utf8_lossy(body)
            );
            Ok(())
        })
        .await
    }

    /// Like [`Self::ask`], but accepts any status.
    ///
    /// # Errors
    /// The connection broke. It is not used again.
    pub async fn status(&self, request: &Request) -> anyhow::Result<u16> {
        self.read(request, |status, _| Ok(status)).await
    }

    async fn read<T>(
        &self,
        request: &Request,
        read: impl FnOnce(u16, &[u8]) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => Connection::connect(self.to).await?,
        };
        let (status, body) = connection.ask(request).await?;
        let told = read(status, body)?;
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(told)
    }
}
