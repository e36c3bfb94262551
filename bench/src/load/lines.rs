//! Connections that are taken for one question and given back.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::{Request, Wire};

/// Connections to one server, as many as were ever needed at once.
#[derive(Debug)]
pub struct Lines {
    to: SocketAddr,
    free: Mutex<Vec<Wire>>,
}

impl Lines {
    /// None yet.
    pub fn new(to: SocketAddr) -> Self {
        Self {
            to,
            free: Mutex::default(),
        }
    }

    /// Asks over a connection that nobody else uses now.
    ///
    /// # Errors
    /// The connection broke, or the answer had another status than `expect`. The connection is not used again.
    pub async fn ask(&self, request: &Request, expect: u16) -> anyhow::Result<()> {
        self.read(request, |status, body| {
            anyhow::ensure!(
                status == expect,
                "an answer of {status} where {expect} was expected: {}",
                String::from_utf8_lossy(body)
            );
            Ok(())
        })
        .await
    }

    /// Asks as [`Self::ask`] does, and takes any status.
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
        let mut wire = match free {
            Some(wire) => wire,
            None => Wire::connect(self.to).await?,
        };
        let (status, body) = wire.ask(request).await?;
        let told = read(status, body)?;
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(wire);
        Ok(told)
    }
}
