//! Taking in what the agent and the CRMs send.

use std::time::Duration;

use jiff::Timestamp;

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::id::{DedupKey, DeliveryId, Digest, LeadId, ReceiptId, TenantName};
use jackfield_domain::lead::Lead;
use jackfield_domain::lead::SuppressionReason;

/// A raw request, kept so that anything can be reprocessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbound {
    /// Who it is for.
    pub tenant: TenantName,
    /// When the host received it.
    pub received_at: Timestamp,
    /// Its headers as JSON: `[["name","value"],…]`, without credentials.
    pub headers: String,
    /// Its body, as it came.
    pub body: Vec<u8>,
}

/// A lead's webhook, verified.
#[derive(Debug, Clone)]
pub struct AcceptLead {
    /// The raw request.
    pub inbound: Inbound,
    /// The keys under which it counts as a repeat; at least one.
    pub keys: Vec<DedupKey>,
    /// Digest of the raw body.
    pub digest: Digest,
    /// How long the keys are remembered.
    pub window: Duration,
    /// What follows.
    pub work: AcceptedWork,
    /// How long its delivery waits first: the first wait of the tenant's ladder.
    pub first_wait: Duration,
}

/// What follows from a webhook.
#[derive(Debug, Clone)]
pub enum AcceptedWork {
    /// It is in the contract's shape: store the lead and, with `push`, deliver it. Without, its delivery is done at
    /// once: the agent pulls. The request's body is the lead's document.
    Lead {
        /// The lead.
        lead: Lead,
        /// Whether the tenant has the host push.
        push: bool,
    },
    /// It is in the CRM's own shape: have the adapter parse it.
    Parse,
}

/// A disposition, checked.
#[derive(Debug, Clone)]
pub struct AcceptDisposition {
    /// The raw request. Its body is the delivery's payload.
    pub inbound: Inbound,
    /// [`jackfield_domain::call::disposition::digest`]
    pub digest: Digest,
    /// What it says.
    pub disposition: Disposition,
    /// How long its delivery waits first: the first wait of the tenant's ladder.
    pub first_wait: Duration,
}

/// The acknowledgement of a request; a repeat gets the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The acknowledgement's id.
    pub id: ReceiptId,
    /// The delivery that follows from it.
    pub delivery: DeliveryId,
    /// The lead it is about; unknown while the adapter has yet to parse it.
    pub lead: Option<LeadId>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// It is stored.
    New(Receipt),
    /// It was stored before.
    Repeat(Receipt),
    /// Its key was used before for another body. Nothing was stored.
    Conflict,
}

/// A status query that was answered with "do not call".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRefusal {
    /// Whose lead.
    pub tenant: TenantName,
    /// Which lead.
    pub lead: LeadId,
    /// Why.
    pub reason: SuppressionReason,
    /// The CRM's stage of the lead, as answered.
    pub status: String,
    /// When.
    pub at: Timestamp,
}
