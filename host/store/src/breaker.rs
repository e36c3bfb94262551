//! The part of a tenant's breaker that outlives a host.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::TenantName;

/// Breakers, and the deliveries that they hold.
#[async_trait]
pub trait BreakerStore: Send + Sync + fmt::Debug {
    /// The record of every tenant's breaker that has one.
    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError>;

    /// Sets an operator's override of a tenant's breaker, for this host and every other; `None` removes it.
    async fn force_breaker(
        &self,
        tenant: &TenantName,
        forced: Option<BreakerOverride>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Turns a tenant's dispositions that have been due since `due_by` into dead letters, each with its alert and its
    /// lead's flag, most urgent first; returns how many.
    async fn expire_held(&self, request: ExpireHeld) -> Result<usize, StoreError>;
}

/// What is stored of a tenant's breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRecord {
    /// The tenant.
    pub tenant: TenantName,
    /// The state that an operator forced it into.
    pub forced: Option<BreakerOverride>,
    /// Since when it has not been closed.
    pub open_since: Option<Timestamp>,
}

/// A request to end deliveries that a tenant's breaker has held for too long.
#[derive(Debug, Clone)]
pub struct ExpireHeld {
    /// The tenant.
    pub tenant: TenantName,
    /// Dispositions that fell due then or earlier.
    pub due_by: Timestamp,
    /// The caller's clock.
    pub now: Timestamp,
    /// At most this many at a time: everybody waits while the writer is busy.
    pub limit: u32,
}
