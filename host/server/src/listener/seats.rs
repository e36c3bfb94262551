//! How many connections a listener keeps open, in all and for one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use jackfield_clock::lock;
use jackfield_domain::intake::address::{AddressRange, one_client};

/// Why a new connection is closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The listener has reached its limit.
    Listener,
    /// Its address has reached the limit of one address.
    Address,
}

impl Full {
    /// Its word in the metric.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Address => "address",
        }
    }
}

/// The open connections of a listener.
#[derive(Debug)]
pub struct Seats {
    max: u32,
    max_per_address: u32,
    /// Addresses without a limit of their own: a load balancer carries everybody's connections.
    trusted: Vec<AddressRange>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// The slot of a connection; dropping it frees the slot.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    counted: Option<IpAddr>,
}

impl Seats {
    /// No connection is open.
    pub fn new(max: u32, max_per_address: u32, trusted: Vec<AddressRange>) -> Self {
        Self {
            max,
            max_per_address,
            trusted,
            taken: Mutex::default(),
        }
    }

    /// Acquires a slot for a connection from this address.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let is_trusted = self.trusted.iter().any(|range| range.contains(address));
        let counted = (!is_trusted).then(|| one_client(address));
        self.with(|taken| {
            if taken.all >= self.max {
                return Err(Full::Listener);
            }
            if let Some(client) = counted {
                let of_client = taken.by_address.get(&client).copied().unwrap_or_default();
                if of_client >= self.max_per_address {
                    return Err(Full::Address);
                }
                taken.by_address.insert(client, of_client + 1);
            }
            taken.all += 1;
            Ok(())
        })?;
        Ok(Seat {
            seats: Arc::clone(self),
            counted,
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Taken) -> T) -> T {
        change(&mut lock(&self.taken))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.with(|taken| {
            taken.all -= 1;
            let Some(client) = self.counted else { return };
            if let Some(of_client) = taken.by_address.get_mut(&client) {
                *of_client -= 1;
                if *of_client == 0 {
                    taken.by_address.remove(&client);
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
    fn a_place_is_free_again_once_its_connection_is_gone() {
        let seats = Arc::new(Seats::new(3, 2, vec!["10.0.0.0/8".parse().unwrap()]));
        let one = seats.take(ip("192.0.2.1")).unwrap();
        let two = seats.take(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(seats.take(ip("192.0.2.1")).unwrap_err(), Full::Address);
        let three = seats.take(ip("192.0.2.2")).unwrap();
        assert_eq!(seats.take(ip("192.0.2.3")).unwrap_err(), Full::Listener);
        drop((one, two, three));
        assert!(seats.with(|taken| taken.by_address.is_empty() && taken.all == 0));
    }

    #[test]
    fn a_load_balancer_may_fill_the_listener_but_no_more() {
        let seats = Arc::new(Seats::new(3, 1, vec!["10.0.0.0/8".parse().unwrap()]));
        let all: Vec<_> = (0..3).map(|_| seats.take(ip("10.0.0.1")).unwrap()).collect();
        assert_eq!(seats.take(ip("10.0.0.1")).unwrap_err(), Full::Listener);
        drop(all);
        assert!(seats.with(|taken| taken.all == 0));
    }
}
