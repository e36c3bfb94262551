//! What people and programs see.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use jackfield_domain::delivery::failure::{AttemptClass, FaultCause, Rejection};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use jackfield_domain::lead::Priority;
use jackfield_domain::lead::SuppressionReason;

/// Which part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The `next` of the page before; none for the first.
    pub after: Option<String>,
    /// At most this many.
    pub limit: u32,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

/// Which deliveries. Empty takes all.
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
    /// Whose last attempt ended so.
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
    /// Whose it is.
    pub tenant: TenantName,
    /// What it is.
    pub kind: DeliveryKind,
    /// The lead; unknown for a webhook that is yet to be parsed.
    pub lead: Option<LeadId>,
    /// Its key.
    pub key: DedupKey,
    /// Where it is.
    pub state: DeliveryState,
    /// Why it stopped, for a dead one or one in review.
    pub reason: Option<StopReason>,
    /// How its last attempt ended.
    pub class: Option<AttemptClass>,
    /// Counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Whether an attempt may have landed unseen.
    pub ambiguous: bool,
    /// Replays.
    pub generation: u32,
    /// When the next attempt is due, for a ready one.
    pub due: Option<Timestamp>,
    /// The destination's reference, for a done one.
    pub reference: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// A delivery with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// The delivery.
    pub summary: DeliverySummary,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// The document to deliver, as it is now.
    pub payload: Vec<u8>,
    /// The webhook's `content-type`, for a webhook that is yet to be parsed.
    pub content_type: String,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The claim's number.
    pub fence: Fence,
    /// Under which release.
    pub release: ReleaseNumber,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it runs, or if its worker was lost.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub class: Option<AttemptClass>,
    /// More of it.
    pub detail: AttemptDetail,
}

/// What is kept of an attempt beside its class. Stored as one JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptDetail {
    /// The status of the last HTTP answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The destination's reference of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the destination refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// What stopped the adapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultCause>,
    /// One line for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether an earlier attempt was looked up first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked_up: bool,
}

/// A lead, as the host knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadRecord {
    /// Whose it is.
    pub tenant: TenantName,
    /// Its id in the CRM.
    pub lead: LeadId,
    /// Its `lead.created` document as JSON text; none if only a disposition ever named it.
    pub document: Option<String>,
    /// How urgently it wants to be called.
    pub priority: Priority,
    /// When its newest document was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Since when it must not be called, by its own wish.
    pub dnc_since: Option<Timestamp>,
    /// Since when a disposition of it needs to be entered by hand: its delivery is dead or in review.
    pub manual_since: Option<Timestamp>,
}

/// How far an agent has read, for each priority, so that an urgent lead that comes later is still seen first and none
/// is skipped. Written `h3.n12.l0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeadCursor {
    /// High priority.
    pub high: i64,
    /// Normal.
    pub normal: i64,
    /// Low.
    pub low: i64,
}

impl std::fmt::Display for LeadCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "h{}.n{}.l{}", self.high, self.normal, self.low)
    }
}

impl std::str::FromStr for LeadCursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: Option<&str>, letter: char| part?.strip_prefix(letter)?.parse::<i64>().ok();
        let mut parts = text.split('.');
        let cursor = (
            part(parts.next(), 'h'),
            part(parts.next(), 'n'),
            part(parts.next(), 'l'),
        );
        match (cursor, parts.next()) {
            ((Some(high), Some(normal), Some(low)), None) if high >= 0 && normal >= 0 && low >= 0 => {
                Ok(Self { high, normal, low })
            }
            _ => Err("not a cursor of this listing: use the `next` of the page before".into()),
        }
    }
}

/// Leads for an agent that pulls.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadPage {
    /// Most urgent first, then in order of acceptance.
    pub leads: Vec<LeadRecord>,
    /// To go on from; equal to the one given when there is nothing new.
    pub next: LeadCursor,
}

/// A recorded decision not to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Counts up.
    pub number: i64,
    /// Whose lead.
    pub tenant: TenantName,
    /// Which lead.
    pub lead: LeadId,
    /// Why.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead as answered, or the call that asked for it.
    pub note: String,
    /// When it was first decided.
    pub at: Timestamp,
    /// When it was last said to the agent.
    pub last_at: Timestamp,
    /// How often it was said to the agent.
    pub times: u64,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// Whose it is.
    pub tenant: TenantName,
    /// In which state: ready, leased, dead or review.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
    /// When the oldest was accepted.
    pub oldest: Timestamp,
}
