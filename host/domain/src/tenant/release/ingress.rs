//! `[ingress]`: source addresses and rate limit of a tenant's requests.

use std::net::IpAddr;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;
use crate::intake::address::AddressRange;
use crate::intake::throttle::RequestParty;

/// The most ranges in a list: each is compared with the client's address on every request.
const MAX_RANGES: usize = 100;

/// `[ingress]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IngressSpec {
    /// Source addresses of the CRM's webhooks; any address when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<AddressRange>>,
    /// Source addresses of the agent's requests; any address when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_allow: Option<Vec<AddressRange>>,
    /// Requests of the agent a second, and webhooks of the CRM a second, on each host; the host's
    /// `tenant_per_second` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<NonZeroU32>,
}

impl IngressSpec {
    /// Whether a request of this party may come from an address. If there is a list, it does not contain an unknown
    /// address.
    #[must_use]
    pub fn allows(&self, party: RequestParty, address: Option<IpAddr>) -> bool {
        let list = match party {
            RequestParty::Agent => &self.agent_allow,
            RequestParty::Crm => &self.allow,
        };
        list.as_ref()
            .is_none_or(|list| address.is_some_and(|address| list.iter().any(|range| range.contains(address))))
    }

    /// Adds what is wrong.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) {
        for (name, list) in [("allow", &self.allow), ("agent_allow", &self.agent_allow)] {
            let count = list.as_ref().map_or(1, Vec::len);
            if !(1..=MAX_RANGES).contains(&count) {
                errors.push(FieldError::new(
                    format!("/ingress/{name}"),
                    format!(
                        "must hold 1 to {MAX_RANGES} addresses or ranges such as \"203.0.113.0/24\"; an empty list \
                         would refuse everybody, and without the list everybody may ask"
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_party_has_its_own_list() {
        let spec: IngressSpec = toml::from_str("allow = [\"203.0.113.0/24\"]").unwrap();
        let [inside, outside] = ["::ffff:203.0.113.7", "192.0.2.1"].map(|address| Some(address.parse().unwrap()));
        assert!(spec.allows(RequestParty::Crm, inside));
        assert!(!spec.allows(RequestParty::Crm, outside));
        assert!(
            !spec.allows(RequestParty::Crm, None),
            "no list contains an unknown address"
        );
        assert!(spec.allows(RequestParty::Agent, outside) && spec.allows(RequestParty::Agent, None));
        let spec: IngressSpec = toml::from_str("agent_allow = [\"203.0.113.7\"]").unwrap();
        assert!(spec.allows(RequestParty::Agent, inside) && !spec.allows(RequestParty::Agent, outside));
        assert!(spec.allows(RequestParty::Crm, outside));
    }

    #[test]
    fn wrong_source_lists_are_refused() {
        // The messages for an empty list and a wrong range say what to write.
        let mut errors = vec![];
        let spec: IngressSpec = toml::from_str("allow = []\nagent_allow = []").unwrap();
        spec.check(&mut errors);
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/ingress/allow", "/ingress/agent_allow"]);
        let error = toml::from_str::<IngressSpec>("per_second = 5\nallow = [\"203.0.113.7/24\"]").unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("line 2") && message.contains("write \"203.0.113.0/24\""),
            "{message}"
        );
        assert!(toml::from_str::<IngressSpec>("per_second = 0").is_err());
    }
}
