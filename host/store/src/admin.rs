//! What operators manage: adapters, releases, tenants, tokens, alerts.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use jackfield_domain::alert::AlertKind;
use jackfield_domain::custody::seal::SealedSecret;
use jackfield_domain::id::{AlertId, DeliveryId, Digest, LeadId, ReleaseNumber, TenantName, TokenId};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::TenantSpec;

/// A component to be kept.
#[derive(Debug, Clone)]
pub struct NewAdapter {
    /// What is known of it.
    pub record: AdapterRecord,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A release to be made and activated.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The tenant's file; literal secrets are `Stored` by now.
    pub spec: TenantSpec,
    /// The adapter it means.
    pub adapter: Digest,
    /// The secrets behind new `Stored` references, by name.
    pub secrets: Vec<(String, SealedSecret)>,
    /// When.
    pub now: Timestamp,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its name.
    pub name: TenantName,
    /// The release that serves it.
    pub active: ReleaseNumber,
    /// The newest release.
    pub newest: ReleaseNumber,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When the active release became active.
    pub activated_at: Timestamp,
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPurpose {
    /// The public API of one tenant.
    Agent(TenantName),
    /// The admin API.
    Operator,
}

impl fmt::Display for TokenPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(tenant) => write!(f, "agent of {tenant}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A token to be kept; the token itself is shown once and forgotten.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Digest of the token.
    pub hash: Digest,
    /// What it opens.
    pub purpose: TokenPurpose,
    /// A person's note.
    pub label: String,
    /// When.
    pub now: Timestamp,
}

/// A token, as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// What it opens.
    pub purpose: TokenPurpose,
    /// A person's note.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Something that a person must be told, and that no delivery's verdict says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// Whose it is.
    pub tenant: TenantName,
    /// Why.
    pub kind: AlertKind,
    /// One line, without personal data and secrets.
    pub message: String,
    /// When.
    pub now: Timestamp,
}

/// Something that a person must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// Whose it is.
    pub tenant: TenantName,
    /// Why.
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
