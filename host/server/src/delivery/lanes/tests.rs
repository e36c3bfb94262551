//! Who may go, and how much of it.

use std::num::NonZeroU32;
use std::time::Duration;

use super::*;

fn lanes(max_in_flight: u32) -> Lanes {
    Lanes::new(max_in_flight, Arc::default(), Breakers::default())
}

fn wish(name: &str, concurrency: u32, per_second: Option<u32>) -> Wish {
    let spec = DeliverySpec {
        concurrency: NonZeroU32::new(concurrency).unwrap(),
        per_second: per_second.and_then(NonZeroU32::new),
        ..DeliverySpec::default()
    };
    Wish {
        tenant: name.parse().unwrap(),
        kinds: vec![DeliveryKind::Disposition],
        release: ReleaseNumber(1),
        spec,
        used_today: 0,
    }
}

fn total(shares: &Shares) -> u32 {
    shares.shares.iter().map(|share| share.limit).sum()
}

#[test]
fn a_tenant_gets_no_more_than_its_concurrency() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let wishes = [wish("a", 3, None)];
    assert_eq!(total(&lanes.divide(&wishes, now)), 3);
    let flight = lanes.depart(&wishes[0].tenant, DeliveryKind::Disposition, now);
    assert_eq!(total(&lanes.divide(&wishes, now)), 2);
    drop(flight);
    assert_eq!(total(&lanes.divide(&wishes, now)), 3);
}

#[test]
fn what_is_free_is_divided_fairly_and_whole() {
    let lanes = lanes(10);
    let wishes = [wish("a", 100, None), wish("b", 100, None), wish("c", 1, None)];
    for _ in 0..3 {
        let shares = lanes.divide(&wishes, Timestamp::UNIX_EPOCH);
        assert!(total(&shares) <= 10);
        assert_eq!(shares.shares.len(), 3, "nobody goes without: {shares:?}");
        assert!(shares.shares.iter().all(|share| share.limit <= 5), "{shares:?}");
    }
}

#[test]
fn with_too_little_for_all_everybody_has_a_turn() {
    let lanes = lanes(1);
    let wishes = [wish("a", 5, None), wish("b", 5, None), wish("c", 5, None)];
    let served: std::collections::BTreeSet<_> = (0..3)
        .map(|_| {
            lanes.divide(&wishes, Timestamp::UNIX_EPOCH).shares[0]
                .tenant
                .to_string()
        })
        .collect();
    assert_eq!(served.len(), 3);
}

#[test]
fn a_tenants_pace_holds_it_back_and_says_until_when() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let wishes = [wish("a", 50, Some(2))];
    assert_eq!(total(&lanes.divide(&wishes, now)), 2);
    let flights: Vec<_> = (0..2)
        .map(|_| lanes.depart(&wishes[0].tenant, DeliveryKind::Disposition, now))
        .collect();
    let held = lanes.divide(&wishes, now);
    assert_eq!(total(&held), 0);
    let later = held.held_until.unwrap();
    assert!(later > now);
    drop(flights);
    assert_eq!(total(&lanes.divide(&wishes, later)), 1);
}

fn start(lanes: &Lanes, wishes: &[Wish], now: Timestamp) -> Vec<Flight> {
    let mut flights = vec![];
    for share in lanes.divide(wishes, now).shares {
        for _ in 0..share.limit {
            flights.push(lanes.depart(&share.tenant, share.kinds[0].0, now));
        }
    }
    flights
}

/// As much as they can get, of tenants that never let go.
fn hang(lanes: &Lanes, names: &[&str], concurrency: u32) -> Vec<Flight> {
    let mut flights = vec![];
    for _ in 0..20 {
        for name in names {
            flights.extend(start(lanes, &[wish(name, concurrency, None)], Timestamp::UNIX_EPOCH));
        }
    }
    flights
}

#[test]
fn tenants_that_hang_leave_room_for_whoever_comes_next() {
    for (names, held) in [(&["a"][..], 16), (&["a", "b"], 24), (&["a", "b", "c", "d", "e"], 31)] {
        let lanes = lanes(32);
        let flights = hang(&lanes, names, 1000);
        assert_eq!(flights.len(), held, "{names:?}");
        assert!(total(&lanes.divide(&[wish("next", 8, None)], Timestamp::UNIX_EPOCH)) > 0);
    }
    let lanes = lanes(256);
    let flights = hang(&lanes, &["a"], 8);
    assert_eq!(flights.len(), 8, "never more than its concurrency");
    let shares = lanes.divide(&[wish("a", 8, None), wish("next", 8, None)], Timestamp::UNIX_EPOCH);
    assert_eq!((shares.shares.len(), total(&shares)), (1, 8));
}

#[test]
fn what_is_held_back_takes_no_share_from_others() {
    let lanes = lanes(10);
    let now = Timestamp::UNIX_EPOCH;
    let wishes = [wish("a", 10, None), wish("b", 10, None)];
    let mut first = start(&lanes, &wishes[..1], now).remove(0);
    let refused = Err(Failure::RateLimited {
        retry_after: Some(Duration::from_secs(90)),
    });
    first.ended(DeliveryId(1), &refused, &wishes[0].spec, now, 0.0);
    drop(first);
    let shares = lanes.divide(&wishes, now);
    assert_eq!((shares.shares.len(), &shares.shares[0].tenant), (1, &wishes[1].tenant));
    assert_eq!(
        (total(&shares), shares.held_until),
        (5, Some(clock::after(now, Duration::from_secs(90))))
    );
}

#[test]
fn a_destination_that_asks_for_a_pause_stops_its_own_kind_only() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let wishes = [Wish {
        kinds: vec![DeliveryKind::Lead, DeliveryKind::Disposition],
        ..wish("a", 8, None)
    }];
    let kinds = |now| {
        let shares = lanes.divide(&wishes, now).shares;
        shares
            .iter()
            .flat_map(|share| share.kinds.iter().map(|(kind, _)| *kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(now), [DeliveryKind::Lead, DeliveryKind::Disposition]);
    let until = clock::after(now, Duration::from_secs(30));
    lanes.pause(&wishes[0].tenant, DeliveryKind::Disposition, until, now);
    assert_eq!(kinds(now), [DeliveryKind::Lead]);
    assert_eq!(kinds(until), [DeliveryKind::Lead, DeliveryKind::Disposition]);
}

#[test]
fn an_open_breaker_holds_dispositions_and_lets_leads_go() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let wishes = [Wish {
        kinds: vec![DeliveryKind::Lead, DeliveryKind::Disposition],
        ..wish("a", 8, None)
    }];
    let (tenant, spec) = (&wishes[0].tenant, &wishes[0].spec);
    lanes.divide(&wishes, now);
    let mut flights: Vec<_> = (0..5)
        .map(|_| lanes.depart(tenant, DeliveryKind::Disposition, now))
        .collect();
    for (n, flight) in flights.iter_mut().enumerate() {
        assert!(!flight.is_trial());
        let id = DeliveryId(i64::try_from(n).unwrap());
        flight.ended(id, &Err(Failure::Unavailable), spec, now, 0.0);
    }
    drop(flights);
    let held = lanes.divide(&wishes, now);
    assert_eq!(held.shares[0].kinds, [(DeliveryKind::Lead, u32::MAX)]);
    let until = held.held_until.unwrap();
    assert_eq!(until, clock::after(now, Duration::from_secs(30)));
    let probe = lanes.divide(&wishes, until).shares.remove(0);
    assert_eq!(
        probe.kinds,
        [(DeliveryKind::Lead, u32::MAX), (DeliveryKind::Disposition, 1)]
    );
    let flight = lanes.depart(tenant, DeliveryKind::Disposition, until);
    assert!(flight.is_trial());
    assert_eq!(
        lanes.divide(&wishes, until).shares[0].kinds,
        [(DeliveryKind::Lead, u32::MAX)]
    );
    drop(flight);
    let again = lanes.divide(&wishes, until).shares.remove(0);
    assert_eq!(again.kinds.len(), 2, "a probe that never left is made again");
    let mended = [Wish {
        release: ReleaseNumber(2),
        ..wishes[0].clone()
    }];
    assert_eq!(
        lanes.divide(&mended, now).shares[0].kinds.len(),
        2,
        "a new release is probed at once"
    );
}
