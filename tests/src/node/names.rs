//! Names that the host of a test resolves.

use std::net::{IpAddr, Ipv4Addr};

use jackfield_sandbox::{AddressLookup, Resolver, SystemResolver};

/// The end of names that lead to loopback, as names in a private network lead to private addresses.
pub const LOOPBACK_NAMES: &str = ".loopback.test";

/// The system's resolver, with further names.
#[derive(Debug)]
pub(super) struct TestResolver;

impl Resolver for TestResolver {
    fn resolve(&self, host: &str) -> AddressLookup {
        if host.ends_with(LOOPBACK_NAMES) {
            let found: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into()];
            return Box::pin(std::future::ready(Ok(found)));
        }
        SystemResolver.resolve(host)
    }
}
