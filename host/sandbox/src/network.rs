//! A release's way to the network: connection pools with its certificates, and a resolver that only lets granted
//! addresses through.
//!
//! Names are resolved here and the connection goes to an address that was checked here, so a name cannot mean one thing
//! when it is checked and another when it is connected to. Addresses written into a URL are checked with the URL.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::connect::ConnectTimeoutLayer;
use super::credentials::Credentials;
use super::rehearsal::StandIn;
use super::resolver::{PinnedResolver, Resolver as _, SharedResolver};
use super::roots::{self, TlsSetupError};
use super::tls::{ClientCertificate, TrustedAuthorities};
use jackfield_clock::SharedClock;
use jackfield_domain::tenant::egress::EgressSpec;
use jackfield_domain::tenant::egress::{EgressPolicy, EgressRefusal, Method, Origin};

/// How long an idle connection is kept: shorter than the 5 s after which Apache, the most impatient of the common
/// servers, closes it. A write on a connection that is just being closed has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Lookups of one release at once. Each takes a thread until the operating system gives up, however early the call did,
/// and all tenants share a few hundred threads: a tenant whose name servers hang must not use them up.
const MAX_LOOKUPS: usize = 16;
/// Headers of an answer.
const MAX_ANSWER_HEADERS: usize = 100;

/// Where the requests of one release may go, how, and with which credentials.
#[derive(Debug)]
pub struct Network {
    pub(super) outside: NetworkEnd,
    pub(super) policy: EgressPolicy,
    pub(super) credentials: Credentials,
}

/// The machine has no usable TLS set-up.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// Its TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
}

/// What is at the other end.
#[derive(Debug)]
pub enum NetworkEnd {
    /// The CRM.
    Internet(HttpClients),
    /// A double of it.
    StandIn(Arc<StandIn>),
}

/// Connections to the CRM.
#[derive(Debug)]
pub struct HttpClients {
    client: reqwest::Client,
    /// Those that show a certificate: a client has one identity, so a credential of kind `mtls` has a client.
    identified: Vec<(Vec<Origin>, reqwest::Client)>,
}

impl Network {
    /// The network of a release.
    ///
    /// # Errors
    /// The machine has no usable TLS set-up.
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
            outside: NetworkEnd::Internet(HttpClients { client, identified }),
            policy: clients.policy,
            credentials,
        })
    }

    /// A network that ends in a stand-in.
    pub fn rehearsed(policy: EgressPolicy, credentials: Credentials, stand_in: Arc<StandIn>) -> Self {
        Self {
            outside: NetworkEnd::StandIn(stand_in),
            policy,
            credentials,
        }
    }

    /// The stand-in, if that is where it ends.
    pub fn stand_in(&self) -> Option<&StandIn> {
        match &self.outside {
            NetworkEnd::StandIn(stand_in) => Some(stand_in),
            NetworkEnd::Internet(_) => None,
        }
    }
}

impl HttpClients {
    /// The client for requests to `origin`: the only one that shows what belongs there.
    pub(super) fn client(&self, origin: &Origin) -> &reqwest::Client {
        let mut identified = self.identified.iter();
        let found = identified.find(|(origins, _)| origins.contains(origin));
        found.map_or(&self.client, |(_, client)| client)
    }
}

/// The host's own way to a token endpoint, under the tenant's rules for addresses and certificates. The origin is
/// granted to the host alone.
#[derive(Debug, Clone)]
pub struct TokenNetwork {
    client: reqwest::Client,
    policy: EgressPolicy,
}

impl TokenNetwork {
    /// A way to `origin` and nowhere else, with what else `egress` says.
    ///
    /// # Errors
    /// The machine has no usable TLS set-up.
    pub fn new(
        egress: &EgressSpec,
        origin: Origin,
        trust: &TrustedAuthorities,
        resolver: SharedResolver,
        clock: SharedClock,
    ) -> Result<Self, HttpClientError> {
        let egress = EgressSpec {
            allow: vec![origin.into()],
            ..egress.clone()
        };
        let clients = HttpClientFactory::new(&egress, resolver, clock);
        Ok(Self {
            client: clients.client(trust, None)?,
            policy: clients.policy,
        })
    }

    /// Begins a request.
    ///
    /// # Errors
    /// The policy does not let it go there.
    pub fn post(&self, url: &Url) -> Result<reqwest::RequestBuilder, EgressRefusal> {
        self.policy.check(Method::Post, url)?;
        Ok(self.client.post(url.clone()))
    }
}

/// What all clients of a release have in common.
struct HttpClientFactory {
    policy: EgressPolicy,
    resolver: Arc<PinnedResolver>,
    lookups: Arc<Semaphore>,
    clock: SharedClock,
}

impl HttpClientFactory {
    fn new(egress: &EgressSpec, resolver: SharedResolver, clock: SharedClock) -> Self {
        Self {
            policy: EgressPolicy::from(egress),
            resolver: Arc::new(PinnedResolver::new(egress.hosts.clone(), resolver)),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            clock,
        }
    }

    fn client(
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
            .http1_max_headers(MAX_ANSWER_HEADERS);
        let builder = match identity {
            // Few show a certificate, so these have their own copy of what they trust.
            Some(identity) => builder.tls_certs_merge(trust.certificates()).identity(identity.shown()),
            None => builder.tls_backend_preconfigured(roots::configuration(trust, self.clock.now())?),
        };
        Ok(builder.build()?)
    }
}

/// Resolves names, and drops every address that the policy refuses.
struct CheckedResolver {
    policy: EgressPolicy,
    resolver: Arc<PinnedResolver>,
    lookups: Arc<Semaphore>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, resolver, lookups) = (self.policy.clone(), self.resolver.clone(), self.lookups.clone());
        Box::pin(async move {
            let turn = lookups.acquire_owned().await?;
            // A task of its own: if the call does not wait any longer, the lookup still counts until it has ended.
            let lookup = tokio::spawn(async move {
                let found = resolver.resolve(name.as_str()).await;
                drop(turn);
                found
            });
            let allowed = allowed(&policy, lookup.await??)?;
            let addresses: Addrs = Box::new(allowed.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// The addresses that may be connected to.
///
/// # Errors
/// There were some, and all were refused.
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
    fn of_mixed_answers_only_public_addresses_remain() {
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
