//! How many requests a client's address and a tenant may make.
//!
//! An address is limited before anything is believed, so what is kept of addresses is bounded. A tenant is limited once
//! it is known that the request is its own, so nobody can use up another's share. Failed authentications have a limit
//! of their own, and exceeding it changes only how failures are answered: a request with a valid token or signature is
//! never refused because others fail from the same address, which may be a whole company's or a load balancer's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::address::one_client;
use crate::delivery::pace::TokenBucket;
use crate::id::TenantName;

/// Addresses that are told apart at once. Each takes about 100 bytes; those of the last second only, since an older
/// one has its whole share again. More than this many in one second share one share.
pub const MAX_ADDRESSES: usize = 16_384;
/// How often addresses that have their whole share again are forgotten, once there are too many.
const FORGET_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// How many requests a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleRates {
    /// From one address, whatever becomes of them.
    pub address: NonZeroU32,
    /// From one address, that could not be authenticated.
    pub failures: NonZeroU32,
    /// Of a tenant's agent, and of its CRM, unless its file says otherwise.
    pub tenant: NonZeroU32,
}

/// The remaining share of one address.
#[derive(Debug, Clone)]
struct Share {
    requests: TokenBucket,
    failures: TokenBucket,
}

impl Share {
    fn new(rates: &ThrottleRates) -> Self {
        Self {
            requests: TokenBucket::per_second(rates.address),
            failures: TokenBucket::per_second(rates.failures),
        }
    }

    fn is_whole(&self, rates: &ThrottleRates, now: Timestamp) -> bool {
        self.requests.available(now) == rates.address.get() && self.failures.available(now) == rates.failures.get()
    }
}

/// The remaining shares of all addresses.
#[derive(Debug)]
pub struct AddressThrottle {
    rates: ThrottleRates,
    shares: HashMap<IpAddr, Share>,
    /// Of all addresses for which there is no room.
    others: Share,
    forgot_at: Option<Timestamp>,
}

impl AddressThrottle {
    /// Every address has its whole share.
    #[must_use]
    pub fn new(rates: ThrottleRates) -> Self {
        Self {
            rates,
            shares: HashMap::new(),
            others: Share::new(&rates),
            forgot_at: None,
        }
    }

    /// A request came.
    ///
    /// # Errors
    /// How long to wait, if there were too many.
    pub fn request(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.share(address, now).requests.try_take(now)
    }

    /// It could not be authenticated.
    ///
    /// # Errors
    /// How long to wait, if there were too many of these.
    pub fn failure(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.share(address, now).failures.try_take(now)
    }

    /// How many addresses are told apart.
    #[must_use]
    pub fn known(&self) -> usize {
        self.shares.len()
    }

    fn share(&mut self, address: IpAddr, now: Timestamp) -> &mut Share {
        let client = one_client(address);
        if self.shares.len() >= MAX_ADDRESSES && !self.shares.contains_key(&client) {
            self.forget(now);
            if self.shares.len() >= MAX_ADDRESSES {
                return &mut self.others;
            }
        }
        let rates = &self.rates;
        self.shares.entry(client).or_insert_with(|| Share::new(rates))
    }

    /// Forgets the addresses that have their whole share again; not at every request.
    fn forget(&mut self, now: Timestamp) {
        let is_due = |at: Timestamp| now.duration_since(at).abs() >= FORGET_EVERY;
        if self.forgot_at.is_none_or(is_due) {
            self.forgot_at = Some(now);
            let rates = self.rates;
            self.shares.retain(|_, share| !share.is_whole(&rates, now));
        }
    }
}

/// Who makes a tenant's requests. Each has a share of its own: a CRM that pushes all its leads at once must not keep
/// the agent from asking whether it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestParty {
    /// The calling platform.
    Agent,
    /// The CRM, by webhook.
    Crm,
}

/// The remaining shares of all tenants. A tenant is added with its first genuine request, so there are at most as many
/// entries as tenants.
#[derive(Debug, Default)]
pub struct TenantThrottle(HashMap<(TenantName, RequestParty), (NonZeroU32, TokenBucket)>);

impl TenantThrottle {
    /// A genuine request of a tenant came, which may make so many a second.
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
            // A new release says otherwise.
            *entry = fresh();
        }
        entry.1.try_take(now)
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
    fn an_address_has_a_share_of_its_own_and_gets_it_back() {
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
        // Failures are limited tighter and take nothing from what succeeds.
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
        // Memory is bounded and too many addresses share one share.
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
            "who was there keeps its own"
        );
        assert_eq!(addresses.known(), MAX_ADDRESSES);
        // A second later all have their shares again, so nothing is lost by forgetting them.
        assert_eq!(addresses.request(address(most), at(1)), Ok(()));
        assert_eq!(addresses.known(), 1);
    }

    #[test]
    fn forgetting_gives_nothing_that_was_taken() {
        let mut addresses = AddressThrottle::new(rates(1, 1));
        let most = u32::try_from(MAX_ADDRESSES).unwrap();
        assert_eq!(addresses.failure(address(0), at(0)), Ok(()));
        let half = at(0) + SignedDuration::from_millis(500);
        for n in 0..most {
            // Those who are there first, and one more, which makes the host forget whoever it may.
            let _ = addresses.request(address(n), half);
        }
        let _ = addresses.request(address(most), half);
        assert!(addresses.failure(address(0), half).is_err());
        assert!(addresses.request(address(0), half).is_err());
    }

    #[test]
    fn agents_and_crms_have_separate_shares() {
        // A tenants agent and its crm have a share each and no other tenants.
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
