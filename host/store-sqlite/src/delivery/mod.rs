//! Deliveries: their rows, their listing, and operators' actions on them.

pub(crate) mod listing;
pub(crate) mod row;
mod stopped;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::SqliteStore;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState};
use jackfield_domain::id::DeliveryId;
use jackfield_store::{
    DeliveryDetail, DeliveryEdit, DeliveryFilter, DeliveryStore, DeliverySummary, Page, PageRequest, QueueDepth,
    ReplayDeliveries, Replayed, StoreError,
};

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
        self.readers.read(move |db| listing::find(db, id)).await
    }

    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliverySummary>, StoreError> {
        let digests: Vec<_> = match (&filter.tenant, &filter.key) {
            (Some(tenant), Some(key)) => DeliveryKind::ALL
                .map(|kind| self.digester.digest(tenant, kind.word(), key.as_str()))
                .into(),
            _ => vec![],
        };
        let filter = filter.clone();
        self.readers
            .read(move |db| listing::list(db, &filter, &digests, &page))
            .await
    }

    async fn queue_depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.readers.read(listing::queue_depth).await
    }

    async fn states(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        self.readers.read(listing::states).await
    }

    async fn replay(&self, request: ReplayDeliveries) -> Result<Vec<Replayed>, StoreError> {
        self.writer.submit(request).await
    }

    async fn discard(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(stopped::Discard { id, now }).await
    }

    async fn settle(&self, id: DeliveryId, reference: Option<String>, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(stopped::Settle { id, reference, now }).await
    }

    async fn edit(&self, edit: DeliveryEdit) -> Result<bool, StoreError> {
        self.writer.submit(edit).await
    }
}
