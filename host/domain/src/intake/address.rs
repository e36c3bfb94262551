//! A client's address: ranges of addresses, and which proxies are trusted to name the client behind a load balancer.
//!
//! An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) counts as the IPv4 address, in ranges and in addresses that are
//! compared with them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::text::text_conversions;

/// An IPv6 provider gives each customer at least a prefix of this length, so addresses that share it are one client.
const IPV6_CLIENT_BITS: u32 = 64;
/// The prefix of a client's IPv4 address that a log may show: its network.
const IPV4_NETWORK_BITS: u8 = 24;
/// The prefix of a client's IPv6 address that a log may show: its site.
const IPV6_NETWORK_BITS: u8 = 48;

/// A range of addresses, such as `203.0.113.0/24`; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange(IpNet);

/// The text is not a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddressRange {
    /// It is neither an address nor a range.
    #[error("`{0}` is not an address or a range of addresses; write it like \"203.0.113.0/24\" or \"2001:db8::/32\"")]
    Unreadable(String),
    /// The address has bits after the prefix, so either the address or the prefix is wrong.
    #[error("`{given}` goes on behind its prefix; write \"{range}\", or the address alone")]
    Beyond {
        /// The given text.
        given: String,
        /// The range of its prefix.
        range: IpNet,
    },
}

impl AddressRange {
    /// Whether the range contains an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether the range contains every address of its family.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    fn from_str(text: &str) -> Result<Self, InvalidAddressRange> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        let unreadable = || InvalidAddressRange::Unreadable(text.to_owned());
        let given: IpNet = text.parse().map_err(|_| unreadable())?;
        let range = given.trunc();
        if range != given {
            let given = text.to_owned();
            return Err(InvalidAddressRange::Beyond { given, range });
        }
        // A range of IPv4-mapped addresses is the range of their IPv4 addresses.
        let mapped = match range {
            IpNet::V6(range) => range.addr().to_ipv4_mapped().zip(range.prefix_len().checked_sub(96)),
            IpNet::V4(_) => None,
        };
        match mapped {
            Some((address, prefix)) => IpNet::new(address.into(), prefix).map(Self).map_err(|_| unreadable()),
            None => Ok(Self(range)),
        }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_conversions!(AddressRange);

/// The client of a request that came over a connection from `peer`, with these `X-Forwarded-For` headers in order.
///
/// Only entries of trusted proxies count: each hop appends the address that it saw, so the client is the last address
/// that is not itself a trusted proxy. The client may have invented everything before it.
#[must_use]
pub fn client<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[AddressRange],
) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|range| range.contains(address));
    let mut client = peer.to_canonical();
    for hop in forwarded.flat_map(|header| header.split(',')).rev() {
        if !is_trusted(client) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(before) => client = before,
            // The proxy wrote nothing that can be parsed, so only the proxy itself is known.
            None => break,
        }
    }
    client
}

/// Parses an address with or without a port: proxies write both.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// The key of one client: an IPv4 address, or the /64 of an IPv6 address.
#[must_use]
pub fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (u128::BITS - IPV6_CLIENT_BITS);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Whether an address is this machine's own, as a proxy beside the host has it.
#[must_use]
pub fn is_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The part of a client's address that a log may show: enough to identify the network, too little to identify a person.
#[must_use]
pub fn network(address: IpAddr) -> AddressRange {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() {
        IPV4_NETWORK_BITS
    } else {
        IPV6_NETWORK_BITS
    };
    // Both lengths fit their family.
    AddressRange(IpNet::new_assert(address, bits).trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ranges(texts: &[&str]) -> Vec<AddressRange> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_range_contains_only_its_addresses() {
        for (range, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"),
            ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("::ffff:203.0.113.0/120", "203.0.113.9", "203.0.112.9"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("0.0.0.0/0", "192.0.2.1", "2001:db8::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
        ] {
            let range: AddressRange = range.parse().unwrap();
            assert!(range.contains(ip(inside)), "{range} contains {inside}");
            assert!(!range.contains(ip(outside)), "{range} does not contain {outside}");
        }
    }

    #[test]
    fn a_wrong_range_says_what_to_write() {
        for text in [
            "",
            "office",
            "203.0.113.0/33",
            "203.0.113/24",
            "2001:db8::/129",
            "10.0.0.0-10.0.0.9",
        ] {
            let error = text.parse::<AddressRange>().unwrap_err();
            assert_eq!(error, InvalidAddressRange::Unreadable(text.into()));
        }
        let error = "203.0.113.7/24".parse::<AddressRange>().unwrap_err();
        assert!(error.to_string().contains("write \"203.0.113.0/24\""), "{error}");
    }

    #[test]
    fn only_trusted_proxies_name_the_client() {
        let proxies = ranges(&["10.0.0.0/8", "2001:db8:1::/48"]);
        for (peer, headers, expected) in [
            // Headers of an untrusted peer do not count.
            ("192.0.2.1", vec!["203.0.113.7"], "192.0.2.1"),
            ("192.0.2.1", vec!["10.0.0.1"], "192.0.2.1"),
            // One proxy, which appends the address that it saw.
            ("10.0.0.1", vec!["192.0.2.1"], "192.0.2.1"),
            ("::ffff:10.0.0.1", vec!["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", vec!["203.0.113.7, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", vec!["203.0.113.7", "192.0.2.1"], "192.0.2.1"),
            // A client that pretends to be behind another proxy.
            ("10.0.0.1", vec!["203.0.113.7, 10.9.9.9, 192.0.2.1"], "192.0.2.1"),
            // Two proxies.
            ("10.0.0.1", vec!["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            ("2001:db8:1::1", vec!["203.0.113.7, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            // With ports and brackets.
            ("10.0.0.1", vec!["192.0.2.1:4711"], "192.0.2.1"),
            ("10.0.0.1", vec!["[2001:db8::9]:4711"], "2001:db8::9"),
            ("10.0.0.1", vec!["[2001:db8::9]"], "2001:db8::9"),
            // Nothing that can be parsed: only the proxy is known.
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec![""], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.1, unknown"], "10.0.0.1"),
            // Only proxies: the first of them.
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            let found = client(ip(peer), headers.iter().copied(), &proxies);
            assert_eq!(found, ip(expected), "{peer} {headers:?}");
            assert_eq!(client(ip(peer), headers.iter().copied(), &[]), ip(peer).to_canonical());
        }
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_ipv6_net() {
        for (address, client) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(one_client(ip(address)), ip(client));
        }
    }

    #[test]
    fn a_log_shows_networks() {
        assert_eq!(network(ip("::ffff:192.0.2.77")).to_string(), "192.0.2.0/24");
        assert_eq!(network(ip("2001:db8:1:2::77")).to_string(), "2001:db8:1::/48");
    }

    #[test]
    fn loopback_is_this_machine() {
        for own in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(is_this_machine(own.parse().unwrap()), "{own}");
        }
        for other in ["10.0.0.1", "::", "2001:db8::1", "::ffff:10.0.0.1"] {
            assert!(!is_this_machine(other.parse().unwrap()), "{other}");
        }
    }
}
