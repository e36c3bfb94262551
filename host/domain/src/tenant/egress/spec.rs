//! `[egress]` of a tenant's file: where an adapter may send requests.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::grant::EgressGrant;
use super::host::HostName;
use super::origin::Origin;

/// `[egress]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressSpec {
    /// Origins that requests may go to, without or with restrictions; https unless the scheme is given.
    #[serde(default)]
    pub allow: Vec<EgressGrant>,
    /// Whether these origins, the token endpoint and the agent may be at loopback, private, link-local and other
    /// addresses that are not public.
    #[serde(default)]
    pub private_addresses: bool,
    /// Addresses of hosts that are not resolved, for CRMs that are not in DNS. They are checked like any other address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<HostName, Vec<IpAddr>>,
}

impl EgressSpec {
    /// Whether any requests to an origin are granted.
    #[must_use]
    pub fn grants(&self, origin: &Origin) -> bool {
        self.allow.iter().any(|grant| grant.origin == *origin)
    }
}
