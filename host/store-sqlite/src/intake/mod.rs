//! Accepting leads and dispositions.

mod disposition;
mod lead;
pub(crate) mod rows;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::SqliteStore;
use jackfield_store::{Accept, AcceptDisposition, AcceptLead, IntakeStore, RefusedDoNotCall, StoreError};

#[async_trait]
impl IntakeStore for SqliteStore {
    async fn accept_lead(&self, lead: AcceptLead) -> Result<Accept, StoreError> {
        self.writer.submit(lead).await
    }

    async fn accept_disposition(&self, disposition: AcceptDisposition) -> Result<Accept, StoreError> {
        if disposition.disposition.dnc_requested {
            // Before the commit, and whatever its outcome: one superfluous look-up costs little.
            self.dnc
                .add(&disposition.request.tenant, &disposition.disposition.lead_id);
        }
        self.writer.submit(disposition).await
    }

    async fn record_do_not_call(&self, refused: RefusedDoNotCall) -> Result<(), StoreError> {
        self.dnc.add(&refused.tenant, &refused.lead);
        self.writer.submit(refused).await
    }

    async fn forget_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.writer.submit_urgent(lead::ForgetKeys { now }).await
    }
}
