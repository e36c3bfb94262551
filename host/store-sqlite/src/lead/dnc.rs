//! The leads with a do-not-call, in memory: every status query asks for it, and hardly any lead has one.
//!
//! Each lead is stored as a keyed hash: a lead that is not here is not in the database either, and a lead that is here
//! is looked up there. Only one process uses the database file, and this set contains everything that it ever wrote: a
//! lead is added before its do-not-call is committed, and all are read when the database is opened. A lead takes 16
//! bytes, including free space.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

use rusqlite::Connection;

use crate::column::Columns as _;
use crate::sql::all;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_store::StoreError;

/// The leads that may have a recorded do-not-call.
#[derive(Debug, Default)]
pub(crate) struct DoNotCall {
    key: RandomState,
    leads: RwLock<HashSet<u64>>,
}

impl DoNotCall {
    /// Reads all do-not-calls in the database.
    pub(crate) fn read(db: &Connection) -> Result<Self, StoreError> {
        let found = Self::default();
        let sql = "select tenant, lead from lead indexed by lead_dnc where dnc_since is not null";
        for (tenant, lead) in all(db, sql, [], |row| Ok((row.id("tenant")?, row.id("lead")?)))? {
            found.add(&tenant, &lead);
        }
        Ok(found)
    }

    /// Adds a lead whose do-not-call is about to be recorded.
    pub(crate) fn add(&self, tenant: &TenantName, lead: &LeadId) {
        let hash = self.hash(tenant, lead);
        self.leads.write().unwrap_or_else(PoisonError::into_inner).insert(hash);
    }

    /// Whether the database may contain a do-not-call of this lead. False means that it contains none.
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
