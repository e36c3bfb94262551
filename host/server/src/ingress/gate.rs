//! Who may come in, and how often: clients by address, tenants by what is theirs.
//!
//! All limits are of this host alone: several hosts behind one load balancer allow as many times more.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::SharedState;
use crate::observe::metrics::Metrics;
use crate::problem::{Problem, ProblemKind};
use crate::observe::request::Peer;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::address::{self, AddressRange};
use jackfield_domain::intake::throttle::{AddressThrottle, RequestParty, TenantThrottle, ThrottleRates};
use jackfield_domain::tenant::release::IngressSpec;

/// Where proxies write whom they speak for.
const FORWARDED: &str = "x-forwarded-for";
/// The endpoint in metrics, before it is known who asks for what.
const ANY: &str = "any";

/// What a host's gate goes by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Load balancers, which are believed about their clients.
    pub trusted_proxies: Vec<AddressRange>,
    /// How many requests a second.
    pub rates: ThrottleRates,
}

/// The gate of one host.
#[derive(Debug)]
pub struct Gate {
    policy: Policy,
    addresses: Mutex<AddressThrottle>,
    tenants: Mutex<TenantThrottle>,
    clock: SharedClock,
    metrics: Metrics,
}

impl Gate {
    /// A gate that nobody has come through yet.
    #[must_use]
    pub fn new(policy: Policy, clock: SharedClock, metrics: Metrics) -> Self {
        let addresses = Mutex::new(AddressThrottle::new(policy.rates));
        Self {
            policy,
            addresses,
            tenants: Mutex::default(),
            clock,
            metrics,
        }
    }

    /// Whose request it is; too many from one address go no further.
    fn admit(&self, parts: &Parts) -> Result<Client, Problem> {
        let Some(Peer(peer)) = parts.extensions.get().copied() else {
            return Ok(Client(None));
        };
        // A header that is not text ends what can be believed, as one without an address does.
        let forwarded = parts.headers.get_all(FORWARDED).iter();
        let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
        let address = address::client(peer, forwarded, &self.policy.trusted_proxies);
        let share = lock(&self.addresses).request(address, self.clock.now());
        share.map_err(|wait| {
            self.metrics.refuse(ANY, "address-limit");
            too_many("there are too many requests from this address", wait)
        })?;
        Ok(Client(Some(address)))
    }

    /// The one answer to whoever cannot be authenticated, for whatever reason, until there are too many of them.
    pub fn refuse(&self, client: Client, endpoint: &'static str, reason: &'static str) -> Problem {
        self.metrics.refuse(endpoint, reason);
        let Some(address) = client.0 else {
            return Problem::unauthorized();
        };
        match lock(&self.addresses).failure(address, self.clock.now()) {
            Ok(()) => Problem::unauthorized(),
            Err(wait) => too_many(
                "there are too many requests from this address without a valid token or signature",
                wait,
            ),
        }
    }

    /// A genuine request of a tenant: whether the tenant takes it from there, and whether it has made too many. Nothing
    /// is known of a tenant that has no release here, so it has the host's limits.
    ///
    /// # Errors
    /// A 401 like any other, for an address that is not among the tenant's own; a 429.
    pub fn let_in(
        &self,
        client: Client,
        tenant: &TenantName,
        party: RequestParty,
        rules: Option<&IngressSpec>,
    ) -> Result<(), Problem> {
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
        let share = lock(&self.tenants).request(tenant, party, rate, self.clock.now());
        share.map_err(|wait| {
            self.metrics.refuse(endpoint, "tenant-limit");
            too_many("there are too many requests of this tenant", wait)
        })
    }

    fn rate(&self, of_tenant: Option<NonZeroU32>) -> NonZeroU32 {
        of_tenant.unwrap_or(self.policy.rates.tenant)
    }
}

/// Who sent a request, by its address; unknown only where there is no connection, as in tests.
#[derive(Debug, Clone, Copy)]
pub struct Client(Option<IpAddr>);

impl FromRequestParts<SharedState> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        state.gate.admit(parts)
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
