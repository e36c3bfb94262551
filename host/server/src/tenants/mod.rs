//! The tenants that this host serves: each one's active release, loaded, swapped by one pointer write.

mod apply_error;
mod breakers;
mod follow;
mod oauth2;
mod recordings;
mod rollout;
mod secrets;
mod stored;
mod token_endpoint;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use jiff::Timestamp;

pub use apply_error::ApplyError;
pub use breakers::Breakers;
use jackfield_clock::lock;
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::signature::SigningKey;
use jackfield_domain::tenant::release::{IngressSpec, Release};
use jackfield_sandbox::LoadedRelease;
pub use jackfield_sandbox::{FinishedRecording, RecordingOptions};
pub use recordings::RecordingError;
pub use rollout::{Applied, PushError, PushedAdapter, Rollout};
pub use stored::{SecretSet, SecretUse};

/// A tenant with its active release, ready to serve. In-flight calls keep the one they began with.
#[derive(Debug)]
pub struct Tenant {
    /// The loaded release.
    pub loaded: Arc<LoadedRelease>,
    /// What webhooks may be signed with, and until when.
    pub webhook_keys: Vec<(SigningKey, Option<Timestamp>)>,
    /// What pushes to the agent are signed with.
    pub push_key: Option<SigningKey>,
}

impl Tenant {
    /// Its release.
    #[must_use]
    pub fn release(&self) -> &Release {
        self.loaded.release()
    }
}

/// Whether a tenant can be served.
#[derive(Debug, Clone)]
pub enum Slot {
    /// It can.
    Serving(Arc<Tenant>),
    /// Its active release does not load on this host.
    Broken {
        /// Why, for an operator.
        reason: Arc<str>,
        /// From where its requests are taken all the same.
        ingress: Arc<IngressSpec>,
    },
}

impl Slot {
    /// From where its requests are taken, and how many; whether or not it can be served.
    #[must_use]
    pub fn ingress(&self) -> &IngressSpec {
        match self {
            Self::Serving(tenant) => &tenant.release().spec.ingress,
            Self::Broken { ingress, .. } => ingress,
        }
    }
}

/// Parts that the tenants are kept in. A swap copies one of them, and so a small part of ten thousand tenants.
const PARTS: usize = 64;

/// Every tenant by name. Reading takes no lock.
#[derive(Debug)]
pub struct Tenants {
    parts: [ArcSwap<HashMap<TenantName, Slot>>; PARTS],
    part: RandomState,
    writing: Mutex<()>,
    /// The breakers of their CRMs, which outlive a swap of releases.
    pub breakers: Breakers,
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            parts: std::array::from_fn(|_| ArcSwap::default()),
            part: RandomState::new(),
            writing: Mutex::default(),
            breakers: Breakers::default(),
        }
    }
}

impl Tenants {
    /// The tenant of that name, as it is now; none if there is no such tenant.
    #[must_use]
    pub fn slot(&self, name: &TenantName) -> Option<Slot> {
        self.part(name).load().get(name).cloned()
    }

    /// The tenant of that name, if it can be served.
    #[must_use]
    pub fn get(&self, name: &TenantName) -> Option<Arc<Tenant>> {
        match self.slot(name)? {
            Slot::Serving(tenant) => Some(tenant),
            Slot::Broken { .. } => None,
        }
    }

    /// The tenants that cannot be served, and why.
    #[must_use]
    pub fn broken(&self) -> Vec<(TenantName, Arc<str>)> {
        let broken = |(name, slot): (&TenantName, &Slot)| match slot {
            Slot::Serving(_) => None,
            Slot::Broken { reason, .. } => Some((name.clone(), Arc::clone(reason))),
        };
        let of_part = |part: &ArcSwap<HashMap<_, _>>| part.load().iter().filter_map(broken).collect::<Vec<_>>();
        self.parts.iter().flat_map(of_part).collect()
    }

    /// Makes `tenant` the one that serves from now on.
    pub fn swap(&self, tenant: Arc<Tenant>) {
        self.set(tenant.release().tenant().clone(), Slot::Serving(tenant));
    }

    /// Marks a tenant whose active release does not load. One that serves already keeps its release.
    fn mark_broken(&self, name: TenantName, reason: String, ingress: IngressSpec) {
        if self.get(&name).is_none() {
            let (reason, ingress) = (reason.into(), Arc::new(ingress));
            self.set(name, Slot::Broken { reason, ingress });
        }
    }

    fn set(&self, name: TenantName, slot: Slot) {
        let _one_at_a_time = lock(&self.writing);
        let part = self.part(&name);
        let mut map = HashMap::clone(&part.load());
        map.insert(name, slot);
        part.store(Arc::new(map));
    }

    fn part(&self, name: &TenantName) -> &ArcSwap<HashMap<TenantName, Slot>> {
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits say which part")]
        let hash = self.part.hash_one(name) as usize;
        &self.parts[hash % PARTS]
    }
}
