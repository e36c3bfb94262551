//! A tenant's file, and the immutable release made from it. Secrets appear only as references.

mod check;
mod credential;
mod diff;
mod ingress;
mod limits;
mod notes;
mod runtime;
mod secret;
mod spec;
mod strength;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use check::{check, mismatch};
pub use credential::{BasicEncoding, ClientAuth, CredentialKind, CredentialSpec, OAuth2Grant, OAuth2Spec, TlsSpec};
pub use diff::{ReleaseChange, diff};
pub use ingress::IngressSpec;
pub use limits::LimitsSpec;
pub use notes::{notes, trim_urls};
pub use runtime::{MAX_REUSE, RuntimeSpec};
pub use secret::{OAUTH2_SECRETS, SecretRef, WebhookSecret};
pub use spec::{
    AdapterRef, AgentSpec, MAX_IDEMPOTENCY_HOURS, MIN_IDEMPOTENCY_HOURS, SettingValue, TenantSpec, WebhookSpec,
};
pub use strength::push_weakness;

use crate::id::{Digest, ReleaseNumber, TenantName};

/// An immutable release: a tenant's file with the adapter pinned to its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Its number, counting up per tenant.
    pub number: ReleaseNumber,
    /// The digest of the adapter's bytes.
    pub adapter: Digest,
    /// The tenant's file. `spec.settings` are validated against the adapter, and literal secrets are references.
    pub spec: TenantSpec,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Release {
    /// The release's tenant.
    #[must_use]
    pub const fn tenant(&self) -> &TenantName {
        &self.spec.tenant
    }
}

#[cfg(test)]
mod tests;
