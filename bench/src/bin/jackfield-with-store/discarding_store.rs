//! A store that claims to store accepted documents and does not: it measures the handlers without their commit.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::custody::audit::{AuditEntry, AuditEvent};
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::{AlertId, DeliveryId, Digest, LeadId, ReceiptId, ReleaseNumber, TenantName, TokenId};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{AdapterRef, Release};
use jackfield_store::{
    Accept, AcceptDisposition, AcceptLead, AcceptedWork, Alert, AlertStore, AuditStore, BreakerRecord, BreakerStore,
    ClaimRequest, ClaimableKind, ClaimedDelivery, DeliveryDetail, DeliveryEdit, DeliveryFilter, DeliveryStore,
    DeliverySummary, ExpireHeld, FinishAttempt, FinishOutcome, IntakeStore, LeadCursor, LeadPage, LeadRecord,
    LeadStore, Lease, NewAdapter, NewAlert, NewRelease, NewSecret, NewToken, Page, PageRequest, PutAdapter, QueueDepth,
    QueueStore, RawRequest, ReadinessStore, Receipt, RefusedDoNotCall, RegistryStore, ReplayDeliveries, Replayed,
    ResealedSecret, SecretRecord, SecretStore, SharedStore, StatusRefusal, StoreError, Suppression, TenantAlerts,
    TenantRecord, TokenRecord, TokenStore,
};
use jiff::Timestamp;

/// Discards leads and dispositions, and passes everything else on.
#[derive(Debug)]
pub struct DiscardingStore(SharedStore, AtomicI64);

impl DiscardingStore {
    /// Wraps a store.
    pub const fn new(store: SharedStore) -> Self {
        Self(store, AtomicI64::new(1))
    }

    fn receipt(&self, request: &RawRequest, lead: Option<LeadId>) -> Accept {
        let id = self.1.fetch_add(1, Ordering::Relaxed);
        Accept::New(Receipt {
            id: ReceiptId(id),
            delivery: DeliveryId(id),
            lead,
            accepted_at: request.received_at,
        })
    }
}

#[async_trait]
impl IntakeStore for DiscardingStore {
    async fn accept_lead(&self, lead: AcceptLead) -> Result<Accept, StoreError> {
        let id = match lead.work {
            AcceptedWork::Lead { lead, .. } => Some(lead.id),
            AcceptedWork::Parse => None,
        };
        Ok(self.receipt(&lead.request, id))
    }

    async fn accept_disposition(&self, disposition: AcceptDisposition) -> Result<Accept, StoreError> {
        Ok(self.receipt(&disposition.request, Some(disposition.disposition.lead_id)))
    }

    async fn record_do_not_call(&self, refused: RefusedDoNotCall) -> Result<(), StoreError> {
        self.0.record_do_not_call(refused).await
    }

    async fn forget_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.0.forget_keys(now).await
    }
}

#[async_trait]
impl QueueStore for DiscardingStore {
    async fn claim(&self, claim: ClaimRequest) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.0.claim(claim).await
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<ClaimableKind>, StoreError> {
        self.0.due(now).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.0.next_due(now).await
    }

    async fn finish(&self, finish: FinishAttempt) -> Result<FinishOutcome, StoreError> {
        self.0.finish(finish).await
    }

    async fn release_leases(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.0.release_leases(leases).await
    }

    async fn reap(&self, now: Timestamp, restarted_host: Option<&str>) -> Result<usize, StoreError> {
        self.0.reap(now, restarted_host).await
    }

    async fn attempts_since(&self, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError> {
        self.0.attempts_since(tenant, since).await
    }
}

#[async_trait]
impl DeliveryStore for DiscardingStore {
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
        self.0.delivery(id).await
    }

    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliverySummary>, StoreError> {
        self.0.deliveries(filter, page).await
    }

    async fn queue_depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        self.0.queue_depth().await
    }

    async fn states(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        self.0.states().await
    }

    async fn replay(&self, request: ReplayDeliveries) -> Result<Vec<Replayed>, StoreError> {
        self.0.replay(request).await
    }

    async fn discard(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.0.discard(id, now).await
    }

    async fn settle(&self, id: DeliveryId, reference: Option<String>, now: Timestamp) -> Result<bool, StoreError> {
        self.0.settle(id, reference, now).await
    }

    async fn edit(&self, edit: DeliveryEdit) -> Result<bool, StoreError> {
        self.0.edit(edit).await
    }
}

#[async_trait]
impl BreakerStore for DiscardingStore {
    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        self.0.breakers().await
    }

    async fn force_breaker(
        &self,
        tenant: &TenantName,
        forced: Option<BreakerOverride>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.force_breaker(tenant, forced, now).await
    }

    async fn expire_held(&self, request: ExpireHeld) -> Result<usize, StoreError> {
        self.0.expire_held(request).await
    }
}

#[async_trait]
impl LeadStore for DiscardingStore {
    async fn lead(&self, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError> {
        self.0.lead(tenant, lead).await
    }

    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError> {
        self.0.leads_after(tenant, after, limit).await
    }

    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
        self.0.dnc_recorded(tenant, lead).await
    }

    async fn record_refusal(&self, refusal: StatusRefusal) -> Result<(), StoreError> {
        self.0.record_refusal(refusal).await
    }

    async fn suppressions(
        &self,
        tenant: Option<&TenantName>,
        lead: Option<&LeadId>,
        page: PageRequest,
    ) -> Result<Page<Suppression>, StoreError> {
        self.0.suppressions(tenant, lead, page).await
    }
}

#[async_trait]
impl AlertStore for DiscardingStore {
    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError> {
        self.0.alerts(tenant, open_only, page).await
    }

    async fn unannounced_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.0.unannounced_alerts().await
    }

    async fn mark_announced(&self, ids: &[AlertId], now: Timestamp) -> Result<(), StoreError> {
        self.0.mark_announced(ids, now).await
    }

    async fn raise_alert(&self, alert: NewAlert) -> Result<(), StoreError> {
        self.0.raise_alert(alert).await
    }

    async fn update_tenant_alerts(&self, update: TenantAlerts) -> Result<(), StoreError> {
        self.0.update_tenant_alerts(update).await
    }

    async fn tenants_alerted(&self, kind: AlertKind) -> Result<Vec<TenantName>, StoreError> {
        self.0.tenants_alerted(kind).await
    }

    async fn acknowledge_alert(&self, id: AlertId, now: Timestamp) -> Result<bool, StoreError> {
        self.0.acknowledge_alert(id, now).await
    }
}

#[async_trait]
impl RegistryStore for DiscardingStore {
    async fn put_adapter(&self, adapter: NewAdapter) -> Result<PutAdapter, StoreError> {
        self.0.put_adapter(adapter).await
    }

    async fn adapter(&self, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
        self.0.adapter(reference).await
    }

    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.adapter_bytes(digest).await
    }

    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
        self.0.adapters(page).await
    }

    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError> {
        self.0.put_release(release).await
    }

    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError> {
        self.0.activate(tenant, number, now).await
    }

    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError> {
        self.0.release(tenant, number).await
    }

    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError> {
        self.0.releases(tenant, page).await
    }

    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        self.0.tenant(tenant).await
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError> {
        self.0.tenants(page).await
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        self.0.revision().await
    }

    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        self.0.active_releases().await
    }
}

#[async_trait]
impl SecretStore for DiscardingStore {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError> {
        self.0.secret(tenant, name).await
    }

    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError> {
        self.0.secrets(tenant, page).await
    }

    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError> {
        self.0.all_secrets().await
    }

    async fn put_secret(&self, secret: NewSecret) -> Result<(), StoreError> {
        self.0.put_secret(secret).await
    }

    async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<bool, StoreError> {
        self.0.remove_secret(tenant, name).await
    }

    async fn reseal(&self, secrets: Vec<ResealedSecret>) -> Result<usize, StoreError> {
        self.0.reseal(secrets).await
    }
}

#[async_trait]
impl TokenStore for DiscardingStore {
    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError> {
        self.0.put_token(token).await
    }

    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError> {
        self.0.live_tokens().await
    }

    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError> {
        self.0.tokens(page).await
    }

    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.0.revoke_token(id, now).await
    }
}

#[async_trait]
impl AuditStore for DiscardingStore {
    async fn append_audit(&self, event: AuditEvent) -> Result<AuditEntry, StoreError> {
        self.0.append_audit(event).await
    }

    async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        self.0.audit(page).await
    }

    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError> {
        self.0.audit_after(seq, limit).await
    }
}

#[async_trait]
impl ReadinessStore for DiscardingStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.0.ready().await
    }
}
