//! The embedded store: one `SQLite` file, one process.
//!
//! One [`writer`] commits what many callers ask for together; a few connections read beside it. Each [`Store`] method
//! is a [`Write`](writer::Write), found in the file of what it changes, or a read, found in the file of what it looks
//! at; this file only says which. The tables are in `migrations/`.

mod accept_disposition;
mod accept_lead;
mod adapter;
mod alert;
mod audit;
mod breaker;
mod claim;
mod column;
#[cfg(test)]
mod cost;
mod delivery;
mod dnc;
mod finish;
mod intake;
mod lead;
mod open;
mod page;
mod plaintext;
mod rank;
mod release;
mod secret;
mod stuck;
mod success;
mod suppression;
mod tenant;
#[cfg(test)]
mod tests;
mod token;
mod verdict;
mod writer;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

pub use open::{OpenError, SqliteOptions, Synchronous};
pub use writer::WriteStats;

use dnc::DoNotCall;
use jackfield_domain::custody::audit::{AuditEntry, AuditEvent};
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::{AlertId, DeliveryId, Digest, LeadId, ReleaseNumber, TenantName, TokenId};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{AdapterRef, Release};
use jackfield_store::{
    Accept, AcceptDisposition, AcceptLead, Alert, BreakerRecord, Claim, Claimed, DeliveryDetail, DeliveryFilter,
    DeliverySummary, Due, Finish, FinishOutcome, GiveUpHeld, LeadCursor, LeadPage, LeadRecord, Lease, NewAdapter,
    NewAlert, NewRelease, NewSecret, NewToken, Page, PageRequest, QueueDepth, ReplayOrder, Replayed, Resealed,
    SecretRecord, StatusRefusal, Store, StoreError, Suppression, TenantRecord, TokenRecord,
};
use writer::{Write, Writer};

/// A [`Store`] in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    dnc: DoNotCall,
}

impl SqliteStore {
    /// Commits what waits, moves the write-ahead log into the database file and closes it. Whoever asks for anything
    /// afterwards gets [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// The log could not be moved; nothing is lost, it is read when the database is opened again.
    pub async fn close(&self) -> Result<(), StoreError> {
        // First the readers: a checkpoint cannot pass one.
        self.readers.close().await;
        self.writer.close().await
    }

    /// What the writer has done.
    #[must_use]
    pub fn write_stats(&self) -> WriteStats {
        self.writer.stats()
    }
}

/// A write that changes nothing of meaning.
struct Probe;

impl Write for Probe {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("insert into probe (id, times) values (1, 1) on conflict (id) do update set times = times + 1")
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Callers from outside are refused when too much waits (`submit`); the host's own workers wait (`insist`).
#[async_trait]
impl Store for SqliteStore {
    async fn accept_lead(&self, lead: AcceptLead) -> Result<Accept, StoreError> {
        self.writer.submit(lead).await
    }

    async fn accept_disposition(&self, disposition: AcceptDisposition) -> Result<Accept, StoreError> {
        if disposition.disposition.dnc_requested {
            // Before it can be committed, and whatever becomes of it: looking up one too many costs little.
            self.dnc
                .add(&disposition.inbound.tenant, &disposition.disposition.lead_id);
        }
        self.writer.submit(disposition).await
    }

    async fn record_refusal(&self, refusal: StatusRefusal) -> Result<(), StoreError> {
        self.writer.submit(refusal).await
    }

    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
        if !self.readers.is_closed() && !self.dnc.may_hold(tenant, lead) {
            return Ok(false);
        }
        lead::dnc_recorded(&self.readers, tenant, lead).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        self.writer.insist(claim).await
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        claim::due(&self.readers, now).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        claim::next_due(&self.readers, now).await
    }

    async fn finish(&self, finish: Finish) -> Result<FinishOutcome, StoreError> {
        self.writer.insist(finish).await
    }

    async fn release_leases(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.writer.insist(claim::ReleaseLeases(leases.to_vec())).await
    }

    async fn reap(&self, now: Timestamp, all_of: Option<&str>) -> Result<usize, StoreError> {
        // Each round asks, and mostly there is nothing: the writer is not troubled for that.
        if !finish::are_leases_lost(&self.readers, now, all_of).await? {
            return Ok(0);
        }
        let all_of = all_of.map(str::to_owned);
        self.writer.insist(finish::Reap { now, all_of }).await
    }

    async fn give_up_held(&self, order: GiveUpHeld) -> Result<usize, StoreError> {
        if !breaker::is_anything_held(&self.readers, &order).await? {
            return Ok(0);
        }
        self.writer.insist(order).await
    }

    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        breaker::list(&self.readers).await
    }

    async fn force_breaker(
        &self,
        tenant: &TenantName,
        forced: Option<BreakerOverride>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.writer.submit(breaker::Force { tenant, forced, now }).await
    }

    async fn attempts_since(&self, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError> {
        claim::attempts_since(&self.readers, tenant, since).await
    }

    async fn replay(&self, order: ReplayOrder) -> Result<Vec<Replayed>, StoreError> {
        self.writer.submit(order).await
    }

    async fn discard(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(stuck::Discard { id, now }).await
    }

    async fn settle(&self, id: DeliveryId, reference: Option<String>, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(stuck::Settle { id, reference, now }).await
    }

    async fn edit(&self, id: DeliveryId, payload: Vec<u8>, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(stuck::Edit { id, payload, now }).await
    }

    async fn forget_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.writer.insist(accept_lead::ForgetKeys { now }).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
        delivery::find(&self.readers, id).await
    }

    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<DeliverySummary>, StoreError> {
        delivery::list(&self.readers, filter, &page).await
    }

    async fn lead(&self, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError> {
        lead::find(&self.readers, tenant, lead).await
    }

    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError> {
        lead::after(&self.readers, tenant, after, limit).await
    }

    async fn suppressions(
        &self,
        tenant: Option<&TenantName>,
        lead: Option<&LeadId>,
        page: PageRequest,
    ) -> Result<Page<Suppression>, StoreError> {
        suppression::list(&self.readers, tenant, lead, &page).await
    }

    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError> {
        alert::list(&self.readers, tenant, open_only, &page).await
    }

    async fn alerts_after(&self, after: AlertId) -> Result<Vec<Alert>, StoreError> {
        alert::after(&self.readers, after).await
    }

    async fn raise_alert(&self, alert: NewAlert) -> Result<(), StoreError> {
        self.writer.insist(alert).await
    }

    async fn acknowledge_alert(&self, id: AlertId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(alert::Acknowledge { id, now }).await
    }

    async fn queue_depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        delivery::queue_depth(&self.readers).await
    }

    async fn put_adapter(&self, adapter: NewAdapter) -> Result<AdapterRecord, StoreError> {
        self.writer.submit(adapter).await
    }

    async fn adapter(&self, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
        adapter::find(&self.readers, reference).await
    }

    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        adapter::bytes(&self.readers, digest).await
    }

    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
        adapter::list(&self.readers, &page).await
    }

    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError> {
        self.writer.submit(release).await
    }

    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.writer.submit(tenant::Activate { tenant, number, now }).await
    }

    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError> {
        release::find(&self.readers, tenant, number).await
    }

    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError> {
        release::list(&self.readers, tenant, &page).await
    }

    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
        tenant::find(&self.readers, tenant).await
    }

    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError> {
        tenant::list(&self.readers, &page).await
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        tenant::revision(&self.readers).await
    }

    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
        tenant::active_releases(&self.readers).await
    }

    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError> {
        secret::find(&self.readers, tenant, name).await
    }

    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError> {
        secret::list(&self.readers, tenant, &page).await
    }

    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError> {
        secret::all(&self.readers).await
    }

    async fn put_secret(&self, secret: NewSecret) -> Result<(), StoreError> {
        self.writer.insist(secret).await
    }

    async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<bool, StoreError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.writer.submit(secret::Remove { tenant, name }).await
    }

    async fn reseal(&self, secrets: Vec<Resealed>) -> Result<usize, StoreError> {
        self.writer.insist(secret::Reseal(secrets)).await
    }

    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError> {
        self.writer.submit(token).await
    }

    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError> {
        token::live(&self.readers).await
    }

    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError> {
        token::list(&self.readers, &page).await
    }

    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(token::Revoke { id, now }).await
    }

    async fn append_audit(&self, event: AuditEvent) -> Result<AuditEntry, StoreError> {
        self.writer.insist(event).await
    }

    async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        audit::list(&self.readers, &page).await
    }

    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError> {
        audit::after(&self.readers, seq, limit).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.writer.submit(Probe).await
    }

    async fn states(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        delivery::states(&self.readers).await
    }
}
