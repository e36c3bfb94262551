//! The tenants that this host serves, each with its active release, which is loaded and is swapped by one pointer
//! write.

mod apply_error;
mod breakers;
mod load_failures;
mod oauth2;
mod recordings;
mod rollout;
mod secret_reader;
mod secrets;
mod serving_alerts;
mod stored_secrets;
mod sync;
mod token_endpoint;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use url::Url;

pub use apply_error::{ApplyError, with_causes};
pub use breakers::Breakers;
use jackfield_clock::lock;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_domain::intake::signature::{SigningKey, WebhookKey};
use jackfield_domain::tenant::release::{IngressSpec, Release};
pub use jackfield_sandbox::{FinishedRecording, RecordingOptions};
use jackfield_sandbox::{HostNetwork, LoadedRelease};
pub use recordings::RecordingError;
pub use rollout::{AppliedRelease, PushError, PushedAdapter, Rollout};
pub use stored_secrets::{SecretSet, SecretUse};

/// A tenant with its active release, ready to serve. Requests in flight keep the release that they started with.
#[derive(Debug)]
pub struct Tenant {
    /// The loaded release.
    pub loaded: Arc<LoadedRelease>,
    /// The keys that may sign webhooks, each with the time at which it expires.
    pub webhook_keys: Vec<(WebhookKey, Option<Timestamp>)>,
    /// Where and how leads are pushed to the agent; none if the agent pulls.
    pub push: Option<AgentPush>,
}

/// Where and how leads are pushed to the agent.
#[derive(Debug)]
pub struct AgentPush {
    /// The agent's URL.
    pub url: Url,
    /// The way there, under the tenant's rules for addresses and certificates.
    pub network: HostNetwork,
    /// The keys that sign pushes: each signs every push.
    pub keys: Vec<SigningKey>,
}

impl Tenant {
    /// Its release.
    #[must_use]
    pub fn release(&self) -> &Release {
        self.loaded.release()
    }
}

/// A tenant as this host has it: in service, or known but broken.
#[derive(Debug, Clone)]
pub enum TenantSlot {
    /// Its active release is loaded.
    Serving(Arc<Tenant>),
    /// Its active release does not load on this host.
    Broken {
        /// The release.
        active: ReleaseNumber,
        /// Why, for an operator.
        reason: Arc<str>,
        /// The addresses and rates that its requests are still checked against.
        ingress: Arc<IngressSpec>,
    },
}

impl TenantSlot {
    /// The addresses that its requests may come from, and their rate; whether or not it can be served.
    #[must_use]
    pub fn ingress(&self) -> &IngressSpec {
        match self {
            Self::Serving(tenant) => &tenant.release().spec.ingress,
            Self::Broken { ingress, .. } => ingress,
        }
    }
}

/// How many of a host's tenants are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantCounts {
    /// Those in service.
    pub serving: usize,
    /// Those whose active release does not load.
    pub not_serving: usize,
}

/// Shards of the map of tenants. A swap copies one shard, which is a small part of ten thousand tenants.
const SHARDS: usize = 64;

/// Every tenant by name. Readers take no lock.
#[derive(Debug)]
pub struct Tenants {
    shards: [ArcSwap<HashMap<TenantName, TenantSlot>>; SHARDS],
    hasher: RandomState,
    write_lock: Mutex<()>,
    /// The breakers of their CRMs, which outlive a swap of releases.
    pub breakers: Breakers,
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| ArcSwap::default()),
            hasher: RandomState::new(),
            write_lock: Mutex::default(),
            breakers: Breakers::default(),
        }
    }
}

impl Tenants {
    /// The tenant with this name, in service or broken; none if there is no such tenant.
    #[must_use]
    pub fn slot(&self, name: &TenantName) -> Option<TenantSlot> {
        self.shard(name).load().get(name).cloned()
    }

    /// The tenant with this name, if it can be served.
    #[must_use]
    pub fn get(&self, name: &TenantName) -> Option<Arc<Tenant>> {
        match self.slot(name)? {
            TenantSlot::Serving(tenant) => Some(tenant),
            TenantSlot::Broken { .. } => None,
        }
    }

    /// How many tenants are served, and how many are not.
    #[must_use]
    pub fn counts(&self) -> TenantCounts {
        let mut counts = TenantCounts::default();
        for shard in &self.shards {
            for slot in shard.load().values() {
                match slot {
                    TenantSlot::Serving(_) => counts.serving += 1,
                    TenantSlot::Broken { .. } => counts.not_serving += 1,
                }
            }
        }
        counts
    }

    /// The tenants that cannot be served, the release that does not load, and why.
    #[must_use]
    pub fn broken(&self) -> Vec<(TenantName, ReleaseNumber, Arc<str>)> {
        let broken = |(name, slot): (&TenantName, &TenantSlot)| match slot {
            TenantSlot::Serving(_) => None,
            TenantSlot::Broken { active, reason, .. } => Some((name.clone(), *active, Arc::clone(reason))),
        };
        let of_shard = |shard: &ArcSwap<HashMap<_, _>>| shard.load().iter().filter_map(broken).collect::<Vec<_>>();
        self.shards.iter().flat_map(of_shard).collect()
    }

    /// Puts `tenant` in service with its release, in place of an earlier one.
    pub fn swap(&self, tenant: Arc<Tenant>) {
        self.set(tenant.release().tenant().clone(), TenantSlot::Serving(tenant));
    }

    /// Marks a tenant whose active release does not load. A tenant in service keeps its release.
    fn mark_broken(&self, name: TenantName, active: ReleaseNumber, reason: String, ingress: IngressSpec) {
        if self.get(&name).is_none() {
            let (reason, ingress) = (reason.into(), Arc::new(ingress));
            let slot = TenantSlot::Broken {
                active,
                reason,
                ingress,
            };
            self.set(name, slot);
        }
    }

    fn set(&self, name: TenantName, slot: TenantSlot) {
        let _guard = lock(&self.write_lock);
        let shard = self.shard(&name);
        let mut map = HashMap::clone(&shard.load());
        map.insert(name, slot);
        shard.store(Arc::new(map));
    }

    fn shard(&self, name: &TenantName) -> &ArcSwap<HashMap<TenantName, TenantSlot>> {
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits choose the shard")]
        let hash = self.hasher.hash_one(name) as usize;
        &self.shards[hash % SHARDS]
    }
}
