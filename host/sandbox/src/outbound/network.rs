//! A release's access to the network: HTTP clients with its certificates, and a resolver that returns only granted
//! addresses.
//!
//! Names are resolved here, and the connection goes to an address that was checked here. So a name cannot mean one
//! address when it is checked and another when the host connects. Addresses in a URL are checked with the URL.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::connect::ConnectTimeoutLayer;
use super::error::SendError;
use super::resolver::{PinnedResolver, Resolver as _, SharedResolver};
use super::roots::{self, TlsSetupError};
use crate::contract::bindings::credentials::CredentialError;
use crate::meter::budget::TimeBudget;
use crate::meter::observations::Observations;
use crate::secrets::certificates::{ClientCertificate, TrustedAuthorities};
use crate::secrets::credentials::Credentials;
use jackfield_clock::SharedClock;
use jackfield_domain::tenant::egress::EgressSpec;
use jackfield_domain::tenant::egress::{EgressPolicy, EgressRefusal, Origin};

/// How long an idle connection is kept: shorter than the 5 s after which Apache closes it, the shortest timeout of the
/// common servers. A write on a connection that is just being closed has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Concurrent lookups of one release. Each blocks a thread until the operating system gives up, even if the invocation
/// gave up earlier, and all tenants share a few hundred threads: a tenant whose name servers hang must not use them up.
const MAX_LOOKUPS: usize = 16;
/// Headers of an answer.
const MAX_ANSWER_HEADERS: usize = 100;

/// Where the requests of one release may go, and with which credentials.
#[derive(Debug)]
pub struct Network {
    end: NetworkEnd,
    pub(super) policy: EgressPolicy,
    pub(super) credentials: Credentials,
}

/// The HTTP client cannot be made on this machine.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// The client library refuses the configuration.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
}

/// What answers the requests.
#[derive(Debug)]
enum NetworkEnd {
    /// The CRM.
    Internet(HttpClients),
    /// A double of it.
    Double(Arc<dyn NetworkDouble>),
}

/// Answers requests in place of a CRM, for rehearsals.
pub trait NetworkDouble: fmt::Debug + Send + Sync {
    /// Answers a request.
    ///
    /// # Errors
    /// What the double simulates instead of an answer.
    fn answer(
        &self,
        request: &reqwest::Request,
        budget: &TimeBudget,
        observations: &Observations,
    ) -> Result<reqwest::Response, SendError>;
}

/// The clients of a release, with their connections.
#[derive(Debug)]
struct HttpClients {
    client: reqwest::Client,
    /// Those that present a certificate. A client has one identity, so each credential of kind `mtls` has a client.
    identified: Vec<(Vec<Origin>, reqwest::Client)>,
}

impl Network {
    /// The network of a release.
    ///
    /// # Errors
    /// The machine has no usable TLS setup.
    pub fn new(
        egress: &EgressSpec,
        credentials: Credentials,
        resolver: SharedResolver,
        clock: SharedClock,
    ) -> Result<Self, HttpClientError> {
        let clients = HttpClientFactory::new(egress, resolver, clock);
        let client = clients.client(credentials.trust(), None)?;
        let identified = credentials
            .identities()
            .map(|(origins, identity)| {
                let client = clients.client(credentials.trust(), Some(identity))?;
                Ok((origins.into(), client))
            })
            .collect::<Result<_, HttpClientError>>()?;
        Ok(Self {
            end: NetworkEnd::Internet(HttpClients { client, identified }),
            policy: clients.policy,
            credentials,
        })
    }

    /// A network in which a double answers.
    pub fn with_double(policy: EgressPolicy, credentials: Credentials, double: Arc<dyn NetworkDouble>) -> Self {
        Self {
            end: NetworkEnd::Double(double),
            policy,
            credentials,
        }
    }

    /// Sends a request to its origin, and returns the answer as soon as its head is there.
    ///
    /// # Errors
    /// There is no answer.
    pub(super) async fn execute(
        &self,
        request: reqwest::Request,
        origin: &Origin,
        budget: &TimeBudget,
        observations: &Observations,
    ) -> Result<reqwest::Response, SendError> {
        match &self.end {
            NetworkEnd::Internet(clients) => Ok(clients.client(origin).execute(request).await?),
            NetworkEnd::Double(double) => double.answer(&request, budget, observations),
        }
    }

    /// The client that presents no certificate; none if a double answers.
    pub(super) fn plain_client(&self) -> Option<&reqwest::Client> {
        match &self.end {
            NetworkEnd::Internet(clients) => Some(&clients.client),
            NetworkEnd::Double(_) => None,
        }
    }

    /// HMAC-SHA256 under the key of the credential of that name.
    ///
    /// # Errors
    /// There is no such credential.
    pub fn sign(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CredentialError> {
        self.credentials.sign(name, bytes)
    }

    /// Whether the text holds a secret of the release.
    pub fn holds_secret(&self, text: &[u8]) -> bool {
        self.credentials.are_in(text)
    }
}

impl HttpClients {
    /// The client for requests to `origin`: the one with the certificate for that origin, if there is one.
    fn client(&self, origin: &Origin) -> &reqwest::Client {
        let mut identified = self.identified.iter();
        let found = identified.find(|(origins, _)| origins.contains(origin));
        found.map_or(&self.client, |(_, client)| client)
    }
}

/// Makes the clients of a release.
pub(super) struct HttpClientFactory {
    policy: EgressPolicy,
    resolver: Arc<PinnedResolver>,
    lookups: Arc<Semaphore>,
    clock: SharedClock,
}

impl HttpClientFactory {
    pub(super) fn new(egress: &EgressSpec, resolver: SharedResolver, clock: SharedClock) -> Self {
        Self {
            policy: EgressPolicy::from(egress),
            resolver: Arc::new(PinnedResolver::new(egress.hosts.clone(), resolver)),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            clock,
        }
    }

    pub(super) fn client(
        &self,
        trust: &TrustedAuthorities,
        identity: Option<&ClientCertificate>,
    ) -> Result<reqwest::Client, HttpClientError> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("jackfield/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(CheckedResolver {
                policy: self.policy.clone(),
                resolver: self.resolver.clone(),
                lookups: self.lookups.clone(),
            })
            .connector_layer(ConnectTimeoutLayer(self.clock.clone()))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http1_max_headers(MAX_ANSWER_HEADERS)
            // As curl does: old servers write `Content-Type : text/xml`, and fold long headers.
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true);
        let builder = match identity {
            // Few clients present a certificate, so each of these has its own copy of what it trusts.
            Some(identity) => builder
                .tls_certs_merge(trust.certificates())
                .identity(identity.as_reqwest()),
            None => builder.tls_backend_preconfigured(roots::configuration(trust, self.clock.now())?),
        };
        Ok(builder.build()?)
    }
}

/// Resolves names, and removes every address that the policy refuses.
struct CheckedResolver {
    policy: EgressPolicy,
    resolver: Arc<PinnedResolver>,
    lookups: Arc<Semaphore>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, resolver, lookups) = (self.policy.clone(), self.resolver.clone(), self.lookups.clone());
        Box::pin(async move {
            let permit = lookups.acquire_owned().await?;
            // A task of its own, so that a lookup counts until it has ended, even if the invocation stops waiting for
            // it.
            let lookup = tokio::spawn(async move {
                let found = resolver.resolve(name.as_str()).await;
                drop(permit);
                found
            });
            let allowed = allowed(&policy, lookup.await??)?;
            let addresses: Addrs = Box::new(allowed.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// The addresses that the host may connect to.
///
/// # Errors
/// All of them are refused.
fn allowed(policy: &EgressPolicy, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, EgressRefusal> {
    let mut refusal = None;
    let allowed: Vec<_> = found
        .into_iter()
        .filter(|ip| {
            policy
                .check_resolved(*ip)
                .map_err(|refused| refusal = Some(refused))
                .is_ok()
        })
        .collect();
    match refusal {
        Some(refused) if allowed.is_empty() => Err(refused),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_removed() {
        let ips = |texts: &[&str]| texts.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
        let public_only = EgressPolicy::default();
        let mixed = ips(&["127.0.0.1", "8.8.8.8", "::1", "169.254.169.254"]);
        assert_eq!(allowed(&public_only, mixed.clone()), Ok(ips(&["8.8.8.8"])));
        let private = ips(&["10.0.0.1"]);
        assert!(allowed(&public_only, private).is_err());
        let anything = EgressPolicy {
            private_addresses: true,
            ..EgressPolicy::default()
        };
        let reachable = ips(&["127.0.0.1", "8.8.8.8", "::1"]);
        assert_eq!(allowed(&anything, mixed), Ok(reachable));
    }
}
