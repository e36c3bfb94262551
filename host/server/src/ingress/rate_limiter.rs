//! Limits how often clients may send requests, by address before they are authenticated and by tenant after it, and
//! refuses addresses that a tenant does not allow.
//!
//! Each host counts for itself: several hosts behind one load balancer together allow that many times more.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::SharedState;
use crate::observe::metrics::Metrics;
use crate::observe::request::{Peer, record_reason};
use crate::problem::{Problem, ProblemKind};
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::address::{self, AddressRange};
use jackfield_domain::intake::throttle::{AddressThrottle, RequestParty, TenantThrottle, ThrottleRates};
use jackfield_domain::tenant::release::IngressSpec;

/// The header in which a proxy writes the address of its client.
const FORWARDED: &str = "x-forwarded-for";
/// The endpoint in metrics before the request's tenant and endpoint are known.
const ANY: &str = "any";

/// The settings of a rate limiter.
#[derive(Debug, Clone)]
pub struct RateLimiterConfig {
    /// Load balancers, whose headers are trusted to name their clients.
    pub trusted_proxies: Vec<AddressRange>,
    /// The allowed requests per second.
    pub rates: ThrottleRates,
}

/// The rate limiter of one host.
#[derive(Debug)]
pub struct RateLimiter {
    config: RateLimiterConfig,
    addresses: Mutex<AddressThrottle>,
    tenants: Mutex<TenantThrottle>,
    clock: SharedClock,
    metrics: Metrics,
}

impl RateLimiter {
    /// A rate limiter that has counted nothing yet.
    #[must_use]
    pub fn new(config: RateLimiterConfig, clock: SharedClock, metrics: Metrics) -> Self {
        let addresses = Mutex::new(AddressThrottle::new(config.rates));
        Self {
            config,
            addresses,
            tenants: Mutex::default(),
            clock,
            metrics,
        }
    }

    /// Finds the address of the client that sent a request, and refuses the request if the address has sent too many.
    fn check_address(&self, parts: &Parts) -> Result<ClientAddress, Problem> {
        let Some(Peer(peer)) = parts.extensions.get().copied() else {
            return Ok(ClientAddress(None));
        };
        // A header that is not text ends the chain of trusted addresses, as one without an address does.
        let forwarded = parts.headers.get_all(FORWARDED).iter();
        let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
        let address = address::client(peer, forwarded, &self.config.trusted_proxies);
        let allowed = lock(&self.addresses).request(address, self.clock.now());
        allowed.map_err(|wait| {
            let problem = too_many("there are too many requests from this address", wait);
            Refusal::new(&self.metrics, ANY, "address-limit", problem)
        })?;
        Ok(ClientAddress(Some(address)))
    }

    /// The one answer to every request that fails authentication, for whatever reason, until its address has sent too
    /// many of them.
    pub fn refuse(&self, client: ClientAddress, endpoint: &'static str, reason: &'static str) -> Refusal {
        let allowed = client.0.map_or(Ok(()), |address| {
            lock(&self.addresses).failure(address, self.clock.now())
        });
        let problem = match allowed {
            Ok(()) => Problem::unauthorized(),
            Err(wait) => too_many(
                "there are too many requests from this address without a valid token or signature",
                wait,
            ),
        };
        Refusal::new(&self.metrics, endpoint, reason, problem)
    }

    /// Checks an authenticated request: whether the tenant allows its address, and whether the tenant has sent too
    /// many. A tenant without a release on this host has the host's limits.
    ///
    /// # Errors
    /// A 401 like any other, for an address that the tenant does not allow; a 429.
    pub fn check_tenant(
        &self,
        client: ClientAddress,
        tenant: &TenantName,
        party: RequestParty,
        rules: Option<&IngressSpec>,
    ) -> Result<(), Refusal> {
        let endpoint = match party {
            RequestParty::Agent => "agent",
            RequestParty::Crm => "leads",
        };
        if let Some(rules) = rules
            && !rules.allows(party, client.0)
        {
            let network = client.0.map(|address| address::network(address).to_string());
            tracing::warn!(%tenant, endpoint, network, "refused: the tenant does not allow this address");
            return Err(self.refuse(client, endpoint, "address"));
        }
        let rate = self.rate(rules.and_then(|rules| rules.per_second));
        let allowed = lock(&self.tenants).request(tenant, party, rate, self.clock.now());
        allowed.map_err(|wait| {
            let problem = too_many("there are too many requests of this tenant", wait);
            Refusal::new(&self.metrics, endpoint, "tenant-limit", problem)
        })
    }

    fn rate(&self, tenant_rate: Option<NonZeroU32>) -> NonZeroU32 {
        tenant_rate.unwrap_or(self.config.rates.tenant)
    }
}

/// A refused request: the answer, and the reason that the log and the metrics have.
#[derive(Debug)]
pub struct Refusal {
    /// A word of a fixed set.
    pub reason: &'static str,
    /// The answer, which may say less.
    problem: Box<Problem>,
}

impl Refusal {
    /// Counts a refused request of an endpoint, and records the reason in the request's log line.
    #[must_use]
    pub fn new(metrics: &Metrics, endpoint: &'static str, reason: &'static str, problem: Problem) -> Self {
        metrics.request_refused(endpoint, reason);
        record_reason(reason);
        let problem = Box::new(problem);
        Self { reason, problem }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        *refusal.problem
    }
}

/// The address of the client that sent a request; unknown only if there is no connection, as in tests.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(Option<IpAddr>);

impl FromRequestParts<SharedState> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        state.rate_limiter.check_address(parts)
    }
}

fn too_many(what: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(
        ProblemKind::RateLimited,
        format!("{what}; nothing was stored, send it again later"),
    )
    .retry_after(seconds.max(1))
}
