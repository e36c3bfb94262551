//! The delivery queue.

pub(crate) mod claim;
pub(crate) mod finish;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::SqliteStore;
use jackfield_domain::id::TenantName;
use jackfield_store::{
    ClaimRequest, ClaimableKind, ClaimedDelivery, FinishAttempt, FinishOutcome, Lease, QueueStore, StoreError,
};

#[async_trait]
impl QueueStore for SqliteStore {
    async fn claim(&self, claim: ClaimRequest) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.writer.submit_urgent(claim).await
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<ClaimableKind>, StoreError> {
        self.readers.read(move |db| claim::due(db, now)).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.readers.read(move |db| claim::next_due(db, now)).await
    }

    async fn finish(&self, finish: FinishAttempt) -> Result<FinishOutcome, StoreError> {
        self.writer.submit_urgent(finish).await
    }

    async fn release_leases(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.writer.submit_urgent(claim::ReleaseLeases(leases.to_vec())).await
    }

    async fn reap(&self, now: Timestamp, restarted_host: Option<&str>) -> Result<usize, StoreError> {
        // Every round of the engine calls this, and mostly there is nothing to do: a reader finds that out.
        let reap = finish::Reap {
            now,
            restarted_host: restarted_host.map(str::to_owned),
        };
        let lost = reap.clone();
        if !self.readers.read(move |db| lost.finds_any(db)).await? {
            return Ok(0);
        }
        self.writer.submit_urgent(reap).await
    }

    async fn attempts_since(&self, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.readers
            .read(move |db| claim::attempts_since(db, &tenant, since))
            .await
    }
}
