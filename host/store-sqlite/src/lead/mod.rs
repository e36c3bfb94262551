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
        let (tenant, lead) = (tenant.clone(), lead.clone());
        self.readers.read(move |db| rows::find(db, &tenant, &lead)).await
    }

    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError> {
        let tenant = tenant.clone();
        self.readers
            .read(move |db| rows::after(db, &tenant, after, limit))
            .await
    }

    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
        if !self.readers.are_closed() && !self.dnc.may_hold(tenant, lead) {
            return Ok(false);
        }
        let (tenant, lead) = (tenant.clone(), lead.clone());
        self.readers
            .read(move |db| rows::dnc_recorded(db, &tenant, &lead))
            .await
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
        let (tenant, lead) = (tenant.cloned(), lead.cloned());
        self.readers
            .read(move |db| suppression::list(db, tenant.as_ref(), lead.as_ref(), &page))
            .await
    }
}
