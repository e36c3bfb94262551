//! The store: all data that Jackfield has in its database.
//!
//! Every method of [`Store`] is one whole transaction: it returns after the commit, or has changed nothing. The rules
//! are in `jackfield-domain`; a store makes their results durable, and checks what only the database can know: whether
//! a key was used before, whether a lease was lost. The methods are grouped by subject, one trait and one file for each
//! group, which also defines the group's records. Every store passes the suite in `contract`.

mod alert;
mod audit;
mod breaker;
#[cfg(feature = "contract")]
pub mod contract;
mod delivery;
mod intake;
mod lead;
mod page;
mod queue;
mod readiness;
mod registry;
mod secret;
mod token;

use std::sync::Arc;

pub use alert::{Alert, AlertStore, NewAlert, TenantAlerts};
pub use audit::AuditStore;
pub use breaker::{BreakerRecord, BreakerStore, ExpireHeld};
pub use delivery::{
    AttemptDetail, AttemptRecord, DeliveryDetail, DeliveryEdit, DeliveryFilter, DeliveryStore, DeliverySummary,
    QueueDepth, ReplayDeliveries, Replayed,
};
pub use intake::{
    Accept, AcceptDisposition, AcceptLead, AcceptedWork, IntakeStore, RawRequest, Receipt, RefusedDoNotCall,
};
pub use lead::{LeadCursor, LeadPage, LeadRecord, LeadStore, StatusRefusal, Suppression};
pub use page::{Page, PageRequest};
pub use queue::{
    ClaimRequest, ClaimableKind, ClaimedDelivery, FinishAttempt, FinishOutcome, LEASE, Lease, NewLead, QueueStore,
    RefusedLead, TenantShare,
};
pub use readiness::ReadinessStore;
pub use registry::{NewAdapter, NewRelease, PutAdapter, RegistryStore, TenantRecord};
pub use secret::{NewSecret, ResealedSecret, SecretRecord, SecretStore};
pub use token::{NewToken, TokenPurpose, TokenRecord, TokenStore};

/// A store: all groups together. `now` is always the caller's clock; a store of several hosts may use the database's.
pub trait Store:
    IntakeStore
    + QueueStore
    + DeliveryStore
    + BreakerStore
    + LeadStore
    + AlertStore
    + RegistryStore
    + SecretStore
    + TokenStore
    + AuditStore
    + ReadinessStore
{
}

impl<S> Store for S where
    S: IntakeStore
        + QueueStore
        + DeliveryStore
        + BreakerStore
        + LeadStore
        + AlertStore
        + RegistryStore
        + SecretStore
        + TokenStore
        + AuditStore
        + ReadinessStore
{
}

/// A shared store.
pub type SharedStore = Arc<dyn Store>;

/// Why a transaction did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting to be written. Nothing was stored; the caller answers 503.
    #[error("the store is overloaded")]
    Overloaded,
    /// The database cannot be reached or refuses to write. Nothing was stored, or it is unknown whether it was.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database contains data that this version does not write.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// The cursor of a page is not one that this listing returned; the caller answers 400.
    #[error("not a cursor of this listing: use the `next` of the page before")]
    BadCursor,
}
