//! The audit trail.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::custody::audit::{AuditEntry, AuditEvent};

/// The audit trail, which is append-only.
#[async_trait]
pub trait AuditStore: Send + Sync + fmt::Debug {
    /// Appends an event.
    async fn append_audit(&self, event: AuditEvent) -> Result<AuditEntry, StoreError>;

    /// Entries, newest first.
    async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, StoreError>;

    /// Entries after a number, oldest first, at most `limit`, each with its number, for verifying the trail. `None` for
    /// an entry that cannot be read.
    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError>;
}
