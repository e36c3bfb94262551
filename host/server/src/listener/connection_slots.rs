//! Slots for connections: limits how many a listener keeps open, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use jackfield_clock::lock;
use jackfield_domain::intake::address::{AddressRange, one_client};

/// The limit that a new connection would exceed, so that it is closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceededLimit {
    /// The limit of the listener.
    Listener,
    /// The limit of one address.
    Address,
}

impl ExceededLimit {
    /// Its word in the metric.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Address => "address",
        }
    }
}

/// Counts the open connections of a listener and refuses those above its limits.
#[derive(Debug)]
pub struct ConnectionSlots {
    max: u32,
    max_per_address: u32,
    /// Addresses without a limit of their own: a load balancer carries everybody's connections.
    trusted: Vec<AddressRange>,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// The slot of a connection; dropping it releases the slot.
#[derive(Debug)]
pub struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    /// The client that the connection counts for; none for a trusted address.
    client: Option<IpAddr>,
}

impl ConnectionSlots {
    /// Slots of a listener without open connections.
    pub fn new(max: u32, max_per_address: u32, trusted: Vec<AddressRange>) -> Self {
        Self {
            max,
            max_per_address,
            trusted,
            open: Mutex::default(),
        }
    }

    /// Acquires a slot for a connection from this address.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn acquire(self: &Arc<Self>, address: IpAddr) -> Result<ConnectionSlot, ExceededLimit> {
        let is_trusted = self.trusted.iter().any(|range| range.contains(address));
        let client = (!is_trusted).then(|| one_client(address));
        self.with(|open| {
            if open.total >= self.max {
                return Err(ExceededLimit::Listener);
            }
            if let Some(client) = client {
                let of_client = open.by_address.get(&client).copied().unwrap_or_default();
                if of_client >= self.max_per_address {
                    return Err(ExceededLimit::Address);
                }
                open.by_address.insert(client, of_client + 1);
            }
            open.total += 1;
            Ok(())
        })?;
        Ok(ConnectionSlot {
            slots: Arc::clone(self),
            client,
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut OpenConnections) -> T) -> T {
        change(&mut lock(&self.open))
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.with(|open| {
            open.total -= 1;
            let Some(client) = self.client else { return };
            if let Some(of_client) = open.by_address.get_mut(&client) {
                *of_client -= 1;
                if *of_client == 0 {
                    open.by_address.remove(&client);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn dropped_connection_releases_its_slot() {
        let slots = Arc::new(ConnectionSlots::new(3, 2, vec!["10.0.0.0/8".parse().unwrap()]));
        let one = slots.acquire(ip("192.0.2.1")).unwrap();
        let two = slots.acquire(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(slots.acquire(ip("192.0.2.1")).unwrap_err(), ExceededLimit::Address);
        let three = slots.acquire(ip("192.0.2.2")).unwrap();
        assert_eq!(slots.acquire(ip("192.0.2.3")).unwrap_err(), ExceededLimit::Listener);
        drop((one, two, three));
        assert!(slots.with(|open| open.by_address.is_empty() && open.total == 0));
    }

    #[test]
    fn trusted_address_has_no_own_limit() {
        let slots = Arc::new(ConnectionSlots::new(3, 1, vec!["10.0.0.0/8".parse().unwrap()]));
        let all: Vec<_> = (0..3).map(|_| slots.acquire(ip("10.0.0.1")).unwrap()).collect();
        assert_eq!(slots.acquire(ip("10.0.0.1")).unwrap_err(), ExceededLimit::Listener);
        drop(all);
        assert!(slots.with(|open| open.total == 0));
    }
}
