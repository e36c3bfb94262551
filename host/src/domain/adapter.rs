//! What is known of an adapter.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{AdapterName, AdapterVersion, Digest};
use super::release::AdapterNeeds;

/// An adapter, as its `describe` and its exports tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterRecord {
    /// Of its bytes.
    pub digest: Digest,
    /// Its name.
    pub name: AdapterName,
    /// Its version.
    pub version: AdapterVersion,
    /// What it asks of a tenant's file.
    pub needs: AdapterNeeds,
    /// Whether writing twice leaves one record.
    pub idempotent_writes: bool,
    /// Whether it exports `lookup`.
    pub lookup: bool,
    /// Whether it exports `leads`.
    pub parses_leads: bool,
    /// Length in bytes.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}
