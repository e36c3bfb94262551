//! Alerts: an outbox. An alert is written in the same transaction as the event that it reports.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::id::{AlertId, DeliveryId, LeadId, TenantName};

/// Alerts.
#[async_trait]
pub trait AlertStore: Send + Sync + fmt::Debug {
    /// Alerts, newest first; with `open_only`, those that nobody has acknowledged.
    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError>;

    /// Alerts that no host has announced yet, oldest first, at most a hundred.
    async fn unannounced_alerts(&self) -> Result<Vec<Alert>, StoreError>;

    /// Records that alerts were announced. The time of the first announcement is kept.
    async fn mark_announced(&self, ids: &[AlertId], now: Timestamp) -> Result<(), StoreError>;

    /// Writes an alert about a tenant as a whole. Those about a delivery are written when its attempt ends.
    async fn raise_alert(&self, alert: NewAlert) -> Result<(), StoreError>;

    /// Opens and closes alerts of a kind of which a tenant has at most one open: in one transaction, and only those
    /// that differ. If an open one has another message, it gets the new one, and is announced again.
    async fn update_tenant_alerts(&self, update: TenantAlerts) -> Result<(), StoreError>;

    /// The tenants with an open alert of this kind, by name.
    async fn tenants_alerted(&self, kind: AlertKind) -> Result<Vec<TenantName>, StoreError>;

    /// Marks an alert as seen by a person. False if there is none.
    async fn acknowledge_alert(&self, id: AlertId, now: Timestamp) -> Result<bool, StoreError>;
}

/// An alert about a tenant as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// The tenant.
    pub tenant: TenantName,
    /// Its kind.
    pub kind: AlertKind,
    /// One line, without personal data and secrets.
    pub message: String,
    /// When.
    pub now: Timestamp,
}

/// Alerts of one kind to be opened and closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantAlerts {
    /// Their kind.
    pub kind: AlertKind,
    /// Tenants whose alert is opened, each with its message: one line, without personal data and secrets.
    pub open: Vec<(TenantName, String)>,
    /// Tenants whose alert is closed, because its cause is gone.
    pub close: Vec<TenantName>,
    /// When.
    pub now: Timestamp,
}

/// Something that a person must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// The tenant.
    pub tenant: TenantName,
    /// Its kind.
    pub kind: AlertKind,
    /// The delivery it is about.
    pub delivery: Option<DeliveryId>,
    /// The lead it is about.
    pub lead: Option<LeadId>,
    /// One line, without personal data.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// When a person marked it as seen.
    pub acknowledged_at: Option<Timestamp>,
}
