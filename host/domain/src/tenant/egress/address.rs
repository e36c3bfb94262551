//! Is this address on the public internet?
//!
//! An address that is not public, by the IANA registries of special-purpose addresses, may be the host itself, its
//! neighbors or a cloud's metadata service. An IPv6 address with an embedded IPv4 address counts as that IPv4 address
//! if connections end there; obsolete tunnels (6to4, Teredo) are refused completely.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Special-purpose blocks of IPv4: the first address and the prefix length.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),            // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers (CGNAT)
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, metadata services
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's metadata and DNS, inside public space
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// The only part of IPv6 that is assigned: everything else is loopback, local, multicast, translation or reserved.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Special-purpose blocks inside the global unicast range.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarks, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// `::ffff:0:0/96`: the operating system connects to the IPv4 address inside.
const MAPPED: (Ipv6Addr, u32) = (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
/// `64:ff9b::/96`: the network's NAT64 connects to the IPv4 address inside. Hosts without IPv4 reach all of IPv4 this
/// way.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Metadata services, at which clouds give an instance's own credentials to any client, and all of link-local, where
/// most of them are.
const METADATA_V4: [(Ipv4Addr, u32); 4] = [
    (Ipv4Addr::new(100, 100, 100, 200), 32), // Alibaba
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // Azure
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local: AWS, Google, Azure and most others
    (Ipv4Addr::new(192, 0, 0, 192), 32),     // Oracle
];
/// The same in IPv6.
const METADATA_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32), // AWS
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0), 32),  // Google
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),     // link-local
];

/// Whether an address is on the public internet. Doubtful addresses are not.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match endpoint(address) {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|block| within_v4(address, *block)),
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_UNICAST_V6) && !SPECIAL_V6.iter().any(|block| within_v6(address, *block))
        }
    }
}

/// Whether a metadata service may listen at an address.
#[must_use]
pub fn is_metadata(address: IpAddr) -> bool {
    match endpoint(address) {
        IpAddr::V4(address) => METADATA_V4.iter().any(|block| within_v4(address, *block)),
        IpAddr::V6(address) => METADATA_V6.iter().any(|block| within_v6(address, *block)),
    }
}

/// Where a connection to an address ends: at the embedded IPv4 address, if there is one.
fn endpoint(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if within_v6(v6, MAPPED) || within_v6(v6, NAT64) => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        other => other,
    }
}

fn within_v4(address: Ipv4Addr, (first, length): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ first.to_bits()) >> (32 - length) == 0
}

fn within_v6(address: Ipv6Addr, (first, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ first.to_bits()) >> (128 - length) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        // Special addresses are not public, and the addresses next to them are.
        for special in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700:4700::1111",
            "3ffe::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn metadata_services_are_recognized() {
        // Metadata services are recognized in every spelling, and are never public.
        for metadata in [
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::a9fe:a9fe",
        ] {
            let address = metadata.parse().unwrap();
            assert!(is_metadata(address) && !is_public(address), "{metadata}");
        }
        for other in [
            "127.0.0.1",
            "10.0.0.1",
            "100.64.0.1",
            "8.8.8.8",
            "::1",
            "fd00::1",
            "2606:4700:4700::1111",
        ] {
            assert!(!is_metadata(other.parse().unwrap()), "{other}");
        }
    }

    proptest! {
        /// The standard library knows some of the blocks; ours must contain all of those.
        #[test]
        fn local_in_the_standard_library_is_not_public(bits: u32, wide: u128) {
            let v4 = Ipv4Addr::from_bits(bits);
            if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast() || v4.is_documentation()
                || v4.is_multicast() || v4.is_unspecified()
            {
                prop_assert!(!is_public(v4.into()));
            }
            let v6 = Ipv6Addr::from_bits(wide);
            if v6.is_loopback() || v6.is_multicast() || v6.is_unicast_link_local() || v6.is_unique_local() {
                prop_assert!(!is_public(v6.into()));
            }
        }

        #[test]
        fn an_embedded_address_counts_as_itself(bits: u32) {
            let inner = Ipv4Addr::from_bits(bits);
            let nat64 = Ipv6Addr::from_bits(NAT64.0.to_bits() | u128::from(bits));
            prop_assert_eq!(is_public(inner.to_ipv6_mapped().into()), is_public(inner.into()));
            prop_assert_eq!(is_public(nat64.into()), is_public(inner.into()));
            prop_assert!(!is_public(inner.to_ipv6_compatible().into()));
        }

        #[test]
        fn every_address_of_a_special_block_is_refused(
            block in prop::sample::select(SPECIAL_V4.to_vec()),
            v6_block in prop::sample::select(SPECIAL_V6.to_vec()),
            bits: u128,
        ) {
            #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
            let v4 = block.0.to_bits() | (bits as u32).checked_shr(block.1).unwrap_or(0);
            prop_assert!(!is_public(Ipv4Addr::from_bits(v4).into()));
            let v6 = v6_block.0.to_bits() | (bits >> v6_block.1);
            prop_assert!(!is_public(Ipv6Addr::from_bits(v6).into()));
        }
    }
}
