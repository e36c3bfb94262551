//! Rate limits for requests, by client address and by tenant.
//!
//! An address is limited before the request is authenticated, so the memory for addresses is bounded. A tenant is
//! limited after authentication, so nobody can use up another's share. Failed authentications have a limit of their
//! own, and exceeding it changes only how failures are answered: a request with a valid token or signature is never
//! refused because others fail from the same address, which may be a whole company's or a load balancer's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::address::one_client;
use crate::delivery::pace::TokenBucket;
use crate::id::TenantName;

/// The most addresses that are tracked at once, about 100 bytes each. An address matters for a second only, after which
/// it has its full share again. If there are more in one second, the others get one share together.
pub const MAX_ADDRESSES: usize = 16_384;
/// How often addresses with a full share are removed, once there are too many.
const REMOVAL_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// Requests allowed per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleRates {
    /// From one address, whatever their outcome.
    pub address: NonZeroU32,
    /// Requests from one address that fail authentication.
    pub failures: NonZeroU32,
    /// From a tenant's agent, and from its CRM, unless its file overrides it.
    pub tenant: NonZeroU32,
}

/// The remaining share of one address.
#[derive(Debug, Clone)]
struct AddressShare {
    requests: TokenBucket,
    failures: TokenBucket,
}

impl AddressShare {
    fn new(rates: &ThrottleRates) -> Self {
        Self {
            requests: TokenBucket::per_second(rates.address),
            failures: TokenBucket::per_second(rates.failures),
        }
    }

    fn is_full(&self, rates: &ThrottleRates, now: Timestamp) -> bool {
        self.requests.available(now) == rates.address.get() && self.failures.available(now) == rates.failures.get()
    }
}

/// The remaining shares of all addresses.
#[derive(Debug)]
pub struct AddressThrottle {
    rates: ThrottleRates,
    shares: HashMap<IpAddr, AddressShare>,
    /// The common share of all addresses that are not tracked.
    others: AddressShare,
    removed_at: Option<Timestamp>,
}

impl AddressThrottle {
    /// A throttle in which every address has its full share.
    #[must_use]
    pub fn new(rates: ThrottleRates) -> Self {
        Self {
            rates,
            shares: HashMap::new(),
            others: AddressShare::new(&rates),
            removed_at: None,
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, if there were too many.
    pub fn request(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.share(address, now).requests.try_acquire(now)
    }

    /// Counts a failed authentication.
    ///
    /// # Errors
    /// How long to wait, if there were too many failures.
    pub fn failure(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.share(address, now).failures.try_acquire(now)
    }

    /// How many addresses are tracked.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.shares.len()
    }

    fn share(&mut self, address: IpAddr, now: Timestamp) -> &mut AddressShare {
        let client = one_client(address);
        if self.shares.len() >= MAX_ADDRESSES && !self.shares.contains_key(&client) {
            self.remove_full(now);
            if self.shares.len() >= MAX_ADDRESSES {
                return &mut self.others;
            }
        }
        let rates = &self.rates;
        self.shares.entry(client).or_insert_with(|| AddressShare::new(rates))
    }

    /// Removes the addresses that have their full share again; not at every request.
    fn remove_full(&mut self, now: Timestamp) {
        let is_due = |at: Timestamp| now.duration_since(at).abs() >= REMOVAL_INTERVAL;
        if self.removed_at.is_none_or(is_due) {
            self.removed_at = Some(now);
            let rates = self.rates;
            self.shares.retain(|_, share| !share.is_full(&rates, now));
        }
    }
}

/// The sender of a tenant's request. Each has a share of its own: a CRM that pushes all its leads at once must not
/// prevent the agent from asking whether it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestParty {
    /// The calling platform.
    Agent,
    /// The CRM, by webhook.
    Crm,
}

/// The remaining shares of all tenants. A tenant is added with its first authenticated request, so there are at most
/// two entries for each tenant.
#[derive(Debug, Default)]
pub struct TenantThrottle(HashMap<(TenantName, RequestParty), (NonZeroU32, TokenBucket)>);

impl TenantThrottle {
    /// Counts an authenticated request of a tenant that may send `rate` requests a second.
    ///
    /// # Errors
    /// How long to wait, if there were too many.
    pub fn request(
        &mut self,
        tenant: &TenantName,
        party: RequestParty,
        rate: NonZeroU32,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let fresh = || (rate, TokenBucket::per_second(rate));
        let entry = self.0.entry((tenant.clone(), party)).or_insert_with(fresh);
        if entry.0 != rate {
            // A new release has another rate.
            *entry = fresh();
        }
        entry.1.try_acquire(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(address: u32, failures: u32) -> ThrottleRates {
        ThrottleRates {
            address: NonZeroU32::new(address).unwrap(),
            failures: NonZeroU32::new(failures).unwrap(),
            tenant: NonZeroU32::MIN,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn address(n: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + n).into())
    }

    #[test]
    fn an_address_regains_its_own_share() {
        let mut addresses = AddressThrottle::new(rates(2, 1));
        for second in [0, 1] {
            assert_eq!(addresses.request(address(1), at(second)), Ok(()));
            assert_eq!(addresses.request(address(1), at(second)), Ok(()));
            assert_eq!(
                addresses.request(address(1), at(second)),
                Err(Duration::from_millis(500))
            );
            assert_eq!(addresses.request(address(2), at(second)), Ok(()));
        }
    }

    #[test]
    fn failures_have_their_own_limit() {
        // Failures have a lower limit and do not use up the share of other requests.
        let mut addresses = AddressThrottle::new(rates(100, 1));
        assert_eq!(addresses.failure(address(1), at(0)), Ok(()));
        assert_eq!(addresses.failure(address(1), at(0)), Err(Duration::from_secs(1)));
        assert_eq!(addresses.request(address(1), at(0)), Ok(()));
        assert_eq!(addresses.failure(address(2), at(0)), Ok(()));
    }

    #[test]
    fn ipv6_network_is_one_client() {
        // An IPv6 network is one client, and a mapped address is its IPv4 address.
        let mut addresses = AddressThrottle::new(rates(1, 1));
        let ip = |text: &str| text.parse().unwrap();
        assert!(addresses.request(ip("2001:db8::1"), at(0)).is_ok());
        assert!(addresses.request(ip("2001:db8::2"), at(0)).is_err());
        assert!(addresses.request(ip("2001:db8:0:1::1"), at(0)).is_ok());
        assert!(addresses.request(ip("192.0.2.1"), at(0)).is_ok());
        assert!(addresses.request(ip("::ffff:192.0.2.1"), at(0)).is_err());
    }

    #[test]
    fn too_many_addresses_share_one_limit() {
        // Memory is bounded, and addresses beyond the maximum get one share together.
        let mut addresses = AddressThrottle::new(rates(2, 1));
        let most = u32::try_from(MAX_ADDRESSES).unwrap();
        for n in 0..most {
            assert_eq!(addresses.request(address(n), at(0)), Ok(()));
        }
        assert_eq!(addresses.request(address(most), at(0)), Ok(()));
        assert_eq!(addresses.request(address(most + 1), at(0)), Ok(()));
        assert!(addresses.request(address(most + 2), at(0)).is_err());
        assert_eq!(
            addresses.request(address(0), at(0)),
            Ok(()),
            "a tracked address keeps its own"
        );
        assert_eq!(addresses.tracked(), MAX_ADDRESSES);
        // A second later all have their full shares again, so they can be removed.
        assert_eq!(addresses.request(address(most), at(1)), Ok(()));
        assert_eq!(addresses.tracked(), 1);
    }

    #[test]
    fn removal_restores_no_used_share() {
        let mut addresses = AddressThrottle::new(rates(1, 1));
        let most = u32::try_from(MAX_ADDRESSES).unwrap();
        assert_eq!(addresses.failure(address(0), at(0)), Ok(()));
        let half = at(0) + SignedDuration::from_millis(500);
        for n in 0..most {
            // As many addresses as fit, and then one more, which triggers a removal.
            let _ = addresses.request(address(n), half);
        }
        let _ = addresses.request(address(most), half);
        assert!(addresses.failure(address(0), half).is_err());
        assert!(addresses.request(address(0), half).is_err());
    }

    #[test]
    fn agents_and_crms_have_separate_shares() {
        // A tenant's agent and its CRM have a share each, apart from other tenants.
        let mut shares = TenantThrottle::default();
        let [one, other]: [TenantName; 2] = ["one", "other"].map(|name| name.parse().unwrap());
        let rate = NonZeroU32::MIN;
        assert!(shares.request(&one, RequestParty::Agent, rate, at(0)).is_ok());
        assert!(shares.request(&one, RequestParty::Agent, rate, at(0)).is_err());
        assert!(shares.request(&one, RequestParty::Crm, rate, at(0)).is_ok());
        assert!(shares.request(&other, RequestParty::Agent, rate, at(0)).is_ok());
        let two = NonZeroU32::new(2).unwrap();
        assert!(
            shares.request(&one, RequestParty::Agent, two, at(0)).is_ok(),
            "a new release counts at once"
        );
        assert!(shares.request(&one, RequestParty::Agent, two, at(0)).is_ok());
        assert!(shares.request(&one, RequestParty::Agent, two, at(0)).is_err());
    }
}
