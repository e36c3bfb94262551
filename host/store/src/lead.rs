//! Leads, and the recorded decisions not to call them.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::Priority;
use jackfield_domain::lead::SuppressionReason;

/// Leads and suppressions.
#[async_trait]
pub trait LeadStore: Send + Sync + fmt::Debug {
    /// One lead.
    async fn lead(&self, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError>;

    /// Leads after a cursor, for agents that pull: most urgent first, and none is skipped, in whatever order they
    /// arrive.
    async fn leads_after(&self, tenant: &TenantName, after: LeadCursor, limit: u32) -> Result<LeadPage, StoreError>;

    /// Whether the lead asked never to be called again. Sees every disposition that was acknowledged before.
    async fn dnc_recorded(&self, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError>;

    /// Records that a status query was answered with "do not call".
    async fn record_refusal(&self, refusal: StatusRefusal) -> Result<(), StoreError>;

    /// Suppressions, newest first; of one tenant, or of one of its leads.
    async fn suppressions(
        &self,
        tenant: Option<&TenantName>,
        lead: Option<&LeadId>,
        page: PageRequest,
    ) -> Result<Page<Suppression>, StoreError>;
}

/// A lead as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadRecord {
    /// Its tenant.
    pub tenant: TenantName,
    /// Its id in the CRM.
    pub lead: LeadId,
    /// Its `lead.created` document as JSON text; none if only dispositions named it.
    pub document: Option<String>,
    /// How urgently to call it.
    pub priority: Priority,
    /// When its newest document was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Since when it must not be called, at its own request.
    pub dnc_since: Option<Timestamp>,
    /// Since when a disposition of it has to be entered by hand: its delivery is dead or in review.
    pub manual_since: Option<Timestamp>,
}

/// An agent's position in the leads of each priority, so that an urgent lead that arrives later is still seen first,
/// and none is skipped. Written `h3.n12.l0`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeadCursor {
    /// High priority.
    pub high: i64,
    /// Normal.
    pub normal: i64,
    /// Low.
    pub low: i64,
}

impl fmt::Display for LeadCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h{}.n{}.l{}", self.high, self.normal, self.low)
    }
}

impl FromStr for LeadCursor {
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
    /// The cursor of the next page; the one given if there is nothing new.
    pub next: LeadCursor,
}

/// A recorded decision not to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its number; numbers rise.
    pub number: i64,
    /// The lead's tenant.
    pub tenant: TenantName,
    /// The lead.
    pub lead: LeadId,
    /// The reason.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead as answered, or the call in which the lead asked for it.
    pub note: String,
    /// When it was first recorded.
    pub at: Timestamp,
    /// When the agent last got this answer.
    pub last_at: Timestamp,
    /// How often the agent got this answer.
    pub times: u64,
}

/// A status query that was answered with "do not call".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRefusal {
    /// The lead's tenant.
    pub tenant: TenantName,
    /// The lead.
    pub lead: LeadId,
    /// The reason.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead as answered.
    pub status: String,
    /// When.
    pub at: Timestamp,
}
