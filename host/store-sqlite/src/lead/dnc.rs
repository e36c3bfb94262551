//! The leads with a do-not-call, in memory: every status query asks for one, and hardly any has it.
//!
//! Each is kept as a keyed hash: a lead that is not found here is not in the database either, and one that is found is
//! looked up there. The database file has one process, and this knows all that it ever wrote: a lead is added
//! before its do-not-call is committed, and all are read when the database is opened. 16 bytes a lead, with room.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

use sqlx::SqliteConnection;

use crate::column::Columns as _;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_store::StoreError;

/// Which leads may have a do-not-call recorded.
#[derive(Debug, Default)]
pub(crate) struct DoNotCall {
    key: RandomState,
    leads: RwLock<HashSet<u64>>,
}

impl DoNotCall {
    /// Reads all that the database holds.
    pub(crate) async fn read(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let found = Self::default();
        let rows = sqlx::query("select tenant, lead from lead indexed by lead_dnc where dnc_since is not null")
            .fetch_all(db)
            .await?;
        for row in &rows {
            found.add(&row.id("tenant")?, &row.id("lead")?);
        }
        Ok(found)
    }

    /// Adds a lead whose do-not-call is about to be recorded.
    pub(crate) fn add(&self, tenant: &TenantName, lead: &LeadId) {
        let hash = self.hash(tenant, lead);
        self.leads.write().unwrap_or_else(PoisonError::into_inner).insert(hash);
    }

    /// Whether the database may hold a do-not-call of this lead. False means that it holds none.
    pub(crate) fn may_hold(&self, tenant: &TenantName, lead: &LeadId) -> bool {
        let hash = self.hash(tenant, lead);
        self.leads
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&hash)
    }

    fn hash(&self, tenant: &TenantName, lead: &LeadId) -> u64 {
        self.key.hash_one((tenant.as_str(), lead.as_str()))
    }
}
