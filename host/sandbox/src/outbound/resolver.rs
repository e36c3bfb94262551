//! Resolves the names of hosts. The addresses are not checked yet.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use jackfield_domain::tenant::egress::HostName;

/// A lookup in progress: the addresses, or why there are none.
pub type AddressLookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves names. Its answers are not trusted: every address is checked before the host connects to it.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// The addresses of a host, the preferred one first.
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

/// The addresses that a tenant's file pins; other names are resolved by another resolver.
#[derive(Debug, Clone)]
pub struct PinnedResolver {
    hosts: BTreeMap<HostName, Vec<IpAddr>>,
    fallback: SharedResolver,
}

impl PinnedResolver {
    /// Answers for `hosts` itself and asks `fallback` for all others.
    pub const fn new(hosts: BTreeMap<HostName, Vec<IpAddr>>, fallback: SharedResolver) -> Self {
        Self { hosts, fallback }
    }
}

impl Resolver for PinnedResolver {
    fn resolve(&self, host: &str) -> AddressLookup {
        let pinned = host.parse::<HostName>().ok().and_then(|name| self.hosts.get(&name));
        match pinned {
            Some(addresses) => Box::pin(std::future::ready(Ok(addresses.clone()))),
            None => self.fallback.resolve(host),
        }
    }
}
