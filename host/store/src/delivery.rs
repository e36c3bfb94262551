//! Deliveries as operators see and change them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::delivery::failure::{AttemptClass, FaultCause, Rejection};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, LastRequest, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use jackfield_domain::lead::Priority;

/// Deliveries for operators.
#[async_trait]
pub trait DeliveryStore: Send + Sync + fmt::Debug {
    /// One delivery with its attempts.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError>;

    /// Deliveries, newest first.
    async fn deliveries(&self, filter: &DeliveryFilter, page: PageRequest)
    -> Result<Page<DeliverySummary>, StoreError>;

    /// The number of unfinished deliveries of each tenant, by state.
    async fn queue_depth(&self) -> Result<Vec<QueueDepth>, StoreError>;

    /// The number of deliveries in each state, over all tenants.
    async fn states(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError>;

    /// Makes deliveries that are dead or in review ready again: generation + 1, history cleared, same key. A delivery
    /// whose last attempt may have been written stays ambiguous, unless the request says otherwise. A lead that was
    /// refused stays in review until its document names it. Alerts that ask for the decision are closed.
    async fn replay(&self, request: ReplayDeliveries) -> Result<Vec<Replayed>, StoreError>;

    /// Ends a delivery that is dead or in review for good, and closes the alerts that ask for the decision. False if it
    /// is in another state.
    async fn discard(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// Marks a lead or disposition that is dead or in review as done: a person saw that the destination has it, under
    /// this reference if there is one. Closes the alerts that ask for the decision. False if it is in another state, or
    /// a webhook, whose leads would be lost.
    async fn settle(&self, id: DeliveryId, reference: Option<String>, now: Timestamp) -> Result<bool, StoreError>;

    /// Replaces the payload of a delivery in review; the old one stays stored. False if it is in another state.
    async fn edit(&self, edit: DeliveryEdit) -> Result<bool, StoreError>;
}

/// A new payload for a delivery in review.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryEdit {
    /// The delivery.
    pub id: DeliveryId,
    /// Its new payload.
    pub payload: Vec<u8>,
    /// The lead and its priority, if the payload is a lead's document. A lead that was refused, and so is not known
    /// yet, is known from now on.
    pub lead: Option<(LeadId, Priority)>,
    /// The payload is a disposition in which the lead asks not to be called. It brings that to the CRM, so an alert
    /// that the CRM does not know is closed.
    pub do_not_call: bool,
    /// The time.
    pub now: Timestamp,
}

/// Selects deliveries. What is empty selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this tenant.
    pub tenant: Option<TenantName>,
    /// In one of these states; empty for any.
    pub states: Vec<DeliveryState>,
    /// Of this kind.
    pub kind: Option<DeliveryKind>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// With this key.
    pub key: Option<DedupKey>,
    /// Stopped for this reason.
    pub reason: Option<StopReason>,
    /// Whose last attempt ended with this class.
    pub class: Option<AttemptClass>,
    /// Changed at or after.
    pub since: Option<Timestamp>,
    /// Changed before.
    pub until: Option<Timestamp>,
}

/// A delivery, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySummary {
    /// Its id.
    pub id: DeliveryId,
    /// Its tenant.
    pub tenant: TenantName,
    /// Its kind.
    pub kind: DeliveryKind,
    /// The lead; unknown for a webhook that is not parsed yet.
    pub lead: Option<LeadId>,
    /// Its key.
    pub key: DedupKey,
    /// Its state.
    pub state: DeliveryState,
    /// Why it stopped, if it is dead or in review.
    pub reason: Option<StopReason>,
    /// How its last attempt ended.
    pub class: Option<AttemptClass>,
    /// The number of counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Whether an attempt may have been written without a response.
    pub ambiguous: bool,
    /// The number of replays.
    pub generation: u32,
    /// When the next attempt is due, if it is ready.
    pub due: Option<Timestamp>,
    /// The destination's reference, if it is done.
    pub reference: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// A delivery with its attempts and payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// The delivery.
    pub summary: DeliverySummary,
    /// Oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// The current document to deliver.
    pub payload: Vec<u8>,
    /// The webhook's `content-type`, if it is not parsed yet.
    pub content_type: String,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The claim's number.
    pub fence: Fence,
    /// The release that was active.
    pub release: ReleaseNumber,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; none while it runs or if its worker was lost.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub class: Option<AttemptClass>,
    /// Its details.
    pub detail: AttemptDetail,
}

/// Details of an attempt besides its class. Stored as one JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptDetail {
    /// The status of the response to the last request, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The last request, if the attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<LastRequest>,
    /// The destination's reference to the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why the destination refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// What stopped the adapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultCause>,
    /// What happened, in one line for a person; the rejection and the reasons say why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why, in the adapter's words: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in the host's words: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_reason: Option<String>,
    /// The last warning or error that the adapter logged: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Whether an earlier attempt was looked up first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked_up: bool,
}

/// The unfinished deliveries of a tenant in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// The tenant.
    pub tenant: TenantName,
    /// Ready, leased, dead or review.
    pub state: DeliveryState,
    /// The number of deliveries.
    pub count: u64,
    /// When the oldest of them was accepted.
    pub oldest: Timestamp,
}

/// A request to replay deliveries.
#[derive(Debug, Clone)]
pub struct ReplayDeliveries {
    /// The deliveries. Those that are neither dead nor in review stay as they are.
    pub ids: Vec<DeliveryId>,
    /// Whether the operator knows that the last attempt was not written: then the delivery is no longer ambiguous.
    pub not_landed: bool,
    /// When the first is due.
    pub now: Timestamp,
    /// The time from one to the next, to spare the destination; zero for all at once.
    pub spacing: Duration,
}

/// A delivery that was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The delivery.
    pub id: DeliveryId,
    /// When it is due.
    pub due: Timestamp,
}
