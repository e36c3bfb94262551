//! Whether a store can be used.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;

/// A health check.
#[async_trait]
pub trait ReadinessStore: Send + Sync + fmt::Debug {
    /// Checks that the database answers and can be written to.
    async fn ready(&self) -> Result<(), StoreError>;
}
