//! What Jackfield remembers.
//!
//! Every method of [`Store`] is one whole transaction: it returns after the commit, or has changed nothing. Decisions
//! are made in `domain` and handed in; a store only makes them durable, and checks what only the database can know (a
//! key was used before, a lease was lost). There is one [`contract`] suite that every store passes.

mod accept;
mod admin;
#[cfg(feature = "contract")]
pub mod contract;
mod listing;
mod secret;
mod work;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use accept::{Accept, AcceptDisposition, AcceptLead, AcceptedWork, Inbound, Receipt, StatusRefusal};
pub use admin::{Alert, NewAdapter, NewAlert, NewRelease, NewToken, TenantRecord, TokenPurpose, TokenRecord};
pub use listing::{
    Attempt, AttemptDetail, DeliveryDetail, DeliveryFilter, DeliverySummary, LeadCursor, LeadPage, LeadRecord, Page,
    PageRequest, QueueDepth, Suppression,
};
pub use secret::{NewSecret, Resealed, SecretRecord};
pub use work::{
    BreakerRecord, Claim, Claimed, Due, Finish, FinishOutcome, GiveUpHeld, Lease, NewLead, ReplayOrder, Replayed,
    TenantShare,
};

use jackfield_domain::custody::audit;
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::breaker::BreakerOverride;
use jackfield_domain::id::{AlertId, DeliveryId, Digest, LeadId, ReleaseNumber, TenantName, TokenId};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{AdapterRef, Release};

/// Why a transaction did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting to be written. Nothing was stored; the caller answers 503.
    #[error("the store is overloaded")]
    Overloaded,
    /// The database cannot be reached or refuses to write. Nothing was stored, or it cannot be known.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// What the database holds is not what this version writes.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// A listing was asked to go on from something that it never gave out; the caller answers 400.
    #[error("not a cursor of this listing: use the `next` of the page before")]
    BadCursor,
}

#[cfg(feature = "sqlx")]
impl From<sqlx::Error> for StoreError {
    /// What the database says names tables and columns, never values.
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A store, shared.
pub type SharedStore = Arc<dyn Store>;

/// The transactions of Jackfield. `now` is the caller's clock; a store of several hosts may use the database's instead.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Takes a lead's webhook: keys, raw request, and the work that follows, all or nothing.
    async fn accept_lead(&self, lead: AcceptLead) -> Result<Accept, StoreError>;

    /// Takes a disposition: raw request, delivery and, for a do-not-call, the suppression, all or nothing.
    async fn accept_disposition(&self, disposition: AcceptDisposition) -> Result<Accept, StoreError>;

    /// Records that a status query was answered with "do not call".
    async fn record_refusal(&self, refusal: StatusRefusal) -> Result<(), StoreError>;

    /// Whether the agent's lead asked never to be called again. Sees every disposition that was acknowledged before.
    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError>;

    /// Leases the deliveries that may go out now: at most what each tenant's share says, only the first live one of
    /// each order key (a do-not-call overtakes, and none goes beside a leased one), most urgent first, then the longest
    /// due. Writes an attempt for each, so the claim is durable before the first byte leaves. What it costs depends on
    /// what is claimed and on how many tenants ask, not on how much waits.
    async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError>;

    /// Of which tenants and kinds a claim at `now` would get something.
    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, StoreError>;

    /// When the next delivery that may then go falls due or the next lease runs out, later than `now`.
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Ends an attempt with its verdict: state, attempt, alert, the lead's flag, what a parsed webhook contained and
    /// what became of the tenant's breaker (with an alert if it was not open already), all or nothing. If the lease was
    /// lost, only the attempt's record and the breaker change.
    async fn finish(&self, finish: Finish) -> Result<FinishOutcome, StoreError>;

    /// Gives back deliveries that were claimed and not begun, as if they had never been claimed.
    async fn release_leases(&self, leases: &[Lease]) -> Result<(), StoreError>;

    /// Takes deliveries away from workers whose lease ran out, by [`jackfield_domain::delivery::after_lost_lease`];
    /// returns how many. With `all_of`, those of that owner whatever their lease says: a host that starts again knows
    /// that its former self is dead.
    async fn reap(&self, now: Timestamp, all_of: Option<&str>) -> Result<usize, StoreError>;

    /// Makes dead letters, each with its alert and its lead's flag, of a tenant's dispositions that have been due since
    /// `due_by`, those that go first first; returns how many.
    async fn give_up_held(&self, order: GiveUpHeld) -> Result<usize, StoreError>;

    /// What is kept of every tenant's breaker, where there is anything.
    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError>;

    /// Keeps what an operator makes a tenant's breaker be, for this host and every other; with none, it decides itself
    /// again.
    async fn force_breaker(
        &self,
        tenant: &TenantName,
        forced: Option<BreakerOverride>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Attempts of a tenant that were started at or after `since`.
    async fn attempts_since(&self, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError>;

    /// Puts dead and reviewed deliveries back to work: generation + 1, progress cleared, same key. A delivery whose
    /// last attempt may have landed stays ambiguous, unless the order says otherwise.
    async fn replay(&self, order: ReplayOrder) -> Result<Vec<Replayed>, StoreError>;

    /// Ends a dead or reviewed delivery for good. False if it is in another state.
    async fn discard(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// Ends a dead or reviewed lead or disposition as done: a person saw that the destination holds it, under this
    /// reference if it has one. False if it is in another state, or a webhook, whose leads would be lost.
    async fn settle(&self, id: DeliveryId, reference: Option<String>, now: Timestamp) -> Result<bool, StoreError>;

    /// Replaces the payload of a reviewed delivery, keeping the former one. False if it is in another state.
    async fn edit(&self, id: DeliveryId, payload: Vec<u8>, now: Timestamp) -> Result<bool, StoreError>;

    /// Forgets webhook keys whose window is over, at most a thousand at a time; returns how many. The raw requests
    /// stay.
    async fn forget_keys(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// One delivery with its attempts.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError>;

    /// Deliveries, newest first.
    async fn deliveries(&self, filter: &DeliveryFilter, page: PageRequest)
    -> Result<Page<DeliverySummary>, StoreError>;

    /// One lead.
    async fn lead(&self, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError>;

    /// Leads after a cursor, for agents that pull: the most urgent first, none left out however they come in.
    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError>;

    /// Suppressions, newest first; of one tenant, or of one lead of it.
    async fn suppressions(
        &self,
        tenant: Option<&TenantName>,
        lead: Option<&LeadId>,
        page: PageRequest,
    ) -> Result<Page<Suppression>, StoreError>;

    /// Alerts, newest first; with `open_only`, those that nobody has acknowledged.
    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError>;

    /// Alerts with a number above `after`, oldest first, at most a hundred: for the host to announce.
    async fn alerts_after(&self, after: AlertId) -> Result<Vec<Alert>, StoreError>;

    /// Writes an alert that is about a tenant and no delivery.
    async fn raise_alert(&self, alert: NewAlert) -> Result<(), StoreError>;

    /// Marks an alert as seen by a person. False if there is none.
    async fn acknowledge_alert(&self, id: AlertId, now: Timestamp) -> Result<bool, StoreError>;

    /// What waits, by tenant and state.
    async fn queue_depth(&self) -> Result<Vec<QueueDepth>, StoreError>;

    /// Keeps a component. Pushing the same bytes again changes nothing and returns the first record.
    async fn put_adapter(&self, adapter: NewAdapter) -> Result<AdapterRecord, StoreError>;

    /// The adapter that a reference means: of several pushes, the newest.
    async fn adapter(&self, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError>;

    /// The bytes of a component.
    async fn adapter_bytes(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Adapters, newest first.
    async fn adapters(&self, page: PageRequest) -> Result<Page<AdapterRecord>, StoreError>;

    /// Makes a release with the next number and, with it, the secrets it refers to; activates it.
    async fn put_release(&self, release: NewRelease) -> Result<Release, StoreError>;

    /// Makes an existing release the active one. False if there is none of that number.
    async fn activate(&self, tenant: &TenantName, number: ReleaseNumber, now: Timestamp) -> Result<bool, StoreError>;

    /// One release.
    async fn release(&self, tenant: &TenantName, number: ReleaseNumber) -> Result<Option<Release>, StoreError>;

    /// A tenant's releases, newest first.
    async fn releases(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<Release>, StoreError>;

    /// A tenant.
    async fn tenant(&self, tenant: &TenantName) -> Result<Option<TenantRecord>, StoreError>;

    /// Tenants by name.
    async fn tenants(&self, page: PageRequest) -> Result<Page<TenantRecord>, StoreError>;

    /// Another number than before, and never 0, if a tenant's active release or a live token has changed since: a host
    /// that reads this first has read everything when it is the same the next time.
    async fn revision(&self) -> Result<u64, StoreError>;

    /// The active release of every tenant, for a host that starts or that looks for swaps made elsewhere.
    async fn active_releases(&self) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError>;

    /// A secret, sealed.
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError>;

    /// A tenant's secrets by name, sealed.
    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError>;

    /// Every secret of every tenant, sealed: for a change of the key.
    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError>;

    /// Keeps a sealed secret, in place of the one that had the name.
    async fn put_secret(&self, secret: NewSecret) -> Result<(), StoreError>;

    /// Forgets a secret. False if there is none of that name.
    async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<bool, StoreError>;

    /// Puts secrets sealed anew in the place of those that they were, all or none; one that has another value by now
    /// stays. Returns how many were changed.
    async fn reseal(&self, secrets: Vec<Resealed>) -> Result<usize, StoreError>;

    /// Keeps a token's hash.
    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError>;

    /// Every token that is not revoked, with its hash.
    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError>;

    /// Tokens, newest first, revoked ones included.
    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError>;

    /// Revokes a token. False if there is none, or it was revoked before.
    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError>;

    /// Writes an event at the end of the audit trail.
    async fn append_audit(&self, event: audit::AuditEvent) -> Result<audit::AuditEntry, StoreError>;

    /// The audit trail, newest first.
    async fn audit(&self, page: PageRequest) -> Result<Page<audit::AuditEntry>, StoreError>;

    /// The audit trail after an entry, oldest first, at most `limit` entries: for a verification. With the number of an
    /// entry, nothing stands in the place of one that cannot be read.
    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<audit::AuditEntry>)>, StoreError>;

    /// Whether the database answers and can be written to.
    async fn ready(&self) -> Result<(), StoreError>;

    /// How many deliveries are in each state, over all tenants.
    async fn states(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError>;
}

/// How long a claim holds: four times the longest deadline of a send, 60 s.
pub const LEASE: Duration = Duration::from_mins(4);
