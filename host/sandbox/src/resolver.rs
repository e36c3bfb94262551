//! From a host's name to addresses, before any of them is checked.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use jackfield_domain::tenant::egress::HostName;

/// Addresses, or why there are none.
pub type AddressLookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up. What it finds is not trusted: every address is checked before it is connected to.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// The addresses of a host, the best first.
    fn resolve(&self, host: &str) -> AddressLookup;
}

/// A resolver, shared.
pub type SharedResolver = Arc<dyn Resolver>;

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> AddressLookup {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The addresses that a tenant's file pins; other names are looked up elsewhere.
#[derive(Debug, Clone)]
pub struct PinnedResolver {
    hosts: BTreeMap<HostName, Vec<IpAddr>>,
    otherwise: SharedResolver,
}

impl PinnedResolver {
    /// Answers for `hosts` itself and asks `otherwise` for the rest.
    pub const fn new(hosts: BTreeMap<HostName, Vec<IpAddr>>, otherwise: SharedResolver) -> Self {
        Self { hosts, otherwise }
    }
}

impl Resolver for PinnedResolver {
    fn resolve(&self, host: &str) -> AddressLookup {
        let pinned = host.parse::<HostName>().ok().and_then(|name| self.hosts.get(&name));
        match pinned {
            Some(addresses) => Box::pin(std::future::ready(Ok(addresses.clone()))),
            None => self.otherwise.resolve(host),
        }
    }
}
