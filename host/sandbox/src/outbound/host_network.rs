//! The host's own requests for a tenant: to token endpoints, and to the agent. They obey the same rules as an adapter's
//! requests: the tenant's rules for addresses and certificates, no redirects, no proxies. Only the origin is granted to
//! the host, and not to the adapter.

use reqwest::Url;

use super::error::SendError;
use super::network::{HttpClientError, HttpClientFactory, Network};
use super::resolver::SharedResolver;
use crate::secrets::certificates::TrustedAuthorities;
use jackfield_clock::SharedClock;
use jackfield_domain::tenant::egress::{EgressPolicy, EgressRefusal, EgressSpec, Method, Origin};

/// The host's own access to one origin.
#[derive(Debug, Clone)]
pub struct HostNetwork {
    client: reqwest::Client,
    policy: EgressPolicy,
}

/// Why a request of the host got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRequestError {
    /// The tenant's rules do not allow it. Nothing was sent.
    #[error(transparent)]
    Refused(#[from] EgressRefusal),
    /// No connection was made. Nothing was sent.
    #[error("no connection was made")]
    Unreachable,
    /// The request may have been sent.
    #[error("there was no answer")]
    NoAnswer,
}

impl HostNetwork {
    /// Access to `origin` with connections of its own; everything else is as `egress` says.
    ///
    /// # Errors
    /// The machine has no usable TLS setup.
    pub fn new(
        egress: &EgressSpec,
        origin: Origin,
        trust: &TrustedAuthorities,
        resolver: SharedResolver,
        clock: SharedClock,
    ) -> Result<Self, HttpClientError> {
        let client = HttpClientFactory::new(egress, resolver, clock).client(trust, None)?;
        Ok(Self::over(client, origin, egress.private_addresses))
    }

    /// Access to `origin` over the connections of a release, but with none of its adapter's grants and credentials;
    /// nothing if a double answers its requests.
    #[must_use]
    pub fn of_release(network: &Network, origin: Origin) -> Option<Self> {
        let client = network.plain_client()?.clone();
        Some(Self::over(client, origin, network.policy.private_addresses))
    }

    fn over(client: reqwest::Client, origin: Origin, private_addresses: bool) -> Self {
        let policy = EgressPolicy {
            allow: vec![origin.into()],
            private_addresses,
        };
        Self { client, policy }
    }

    /// Starts a request.
    ///
    /// # Errors
    /// The policy does not allow it.
    pub fn post(&self, url: &Url) -> Result<reqwest::RequestBuilder, EgressRefusal> {
        self.policy.check(Method::Post, url)?;
        Ok(self.client.post(url.clone()))
    }
}

impl From<reqwest::Error> for HostRequestError {
    fn from(error: reqwest::Error) -> Self {
        match SendError::from(error) {
            SendError::Refused(refusal) => Self::Refused(refusal),
            error if error.is_unsent() => Self::Unreachable,
            _ => Self::NoAnswer,
        }
    }
}
