//! Leads, and the recorded decisions not to call them.

pub(crate) mod dnc;
pub(crate) mod rows;
pub(crate) mod suppression;

use async_trait::async_trait;

use crate::SqliteStore;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_store::{
    LeadCursor, LeadPage, LeadRecord, LeadStore, Page, PageRequest, StatusRefusal, StoreError, Suppression,
};

#[async_trait]
impl LeadStore for SqliteStore {
    async fn lead(&self, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError> {
        rows::find(&self.readers, tenant, lead).await
    }

    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError> {
        rows::after(&self.readers, tenant, after, limit).await
    }

    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
        if !self.readers.is_closed() && !self.dnc.may_hold(tenant, lead) {
            return Ok(false);
        }
        rows::dnc_recorded(&self.readers, tenant, lead).await
    }

    async fn record_refusal(&self, refusal: StatusRefusal) -> Result<(), StoreError> {
        self.writer.submit(refusal).await
    }

    async fn suppressions(
        &self,
        tenant: Option<&TenantName>,
        lead: Option<&LeadId>,
        page: PageRequest,
    ) -> Result<Page<Suppression>, StoreError> {
        suppression::list(&self.readers, tenant, lead, &page).await
    }
}
