//! How many deliveries each tenant may claim.

use std::num::NonZeroU32;
use std::time::Duration;

use super::*;

fn lanes(max_in_flight: u32) -> Lanes {
    Lanes::new(max_in_flight, Arc::default(), Breakers::default())
}

fn demand(name: &str, concurrency: u32, per_second: Option<u32>) -> TenantDemand {
    let spec = DeliverySpec {
        concurrency: NonZeroU32::new(concurrency).unwrap(),
        per_second: per_second.and_then(NonZeroU32::new),
        ..DeliverySpec::default()
    };
    TenantDemand {
        tenant: name.parse().unwrap(),
        kinds: vec![DeliveryKind::Disposition],
        release: ReleaseNumber(1),
        spec,
        used_today: 0,
    }
}

fn total(plan: &ClaimPlan) -> u32 {
    plan.shares.iter().map(|share| share.limit).sum()
}

#[test]
fn concurrency_limits_a_tenant() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let demands = [demand("a", 3, None)];
    assert_eq!(total(&lanes.divide(&demands, now)), 3);
    let in_flight = lanes.start(&demands[0].tenant, DeliveryKind::Disposition, now);
    assert_eq!(total(&lanes.divide(&demands, now)), 2);
    drop(in_flight);
    assert_eq!(total(&lanes.divide(&demands, now)), 3);
}

#[test]
fn free_capacity_is_divided_fairly() {
    let lanes = lanes(10);
    let demands = [demand("a", 100, None), demand("b", 100, None), demand("c", 1, None)];
    for _ in 0..3 {
        let shares = lanes.divide(&demands, Timestamp::UNIX_EPOCH);
        assert!(total(&shares) <= 10);
        assert_eq!(shares.shares.len(), 3, "every tenant has a share: {shares:?}");
        assert!(shares.shares.iter().all(|share| share.limit <= 5), "{shares:?}");
    }
}

#[test]
fn tenants_take_turns_for_short_capacity() {
    let lanes = lanes(1);
    let demands = [demand("a", 5, None), demand("b", 5, None), demand("c", 5, None)];
    let served: std::collections::BTreeSet<_> = (0..3)
        .map(|_| {
            lanes.divide(&demands, Timestamp::UNIX_EPOCH).shares[0]
                .tenant
                .to_string()
        })
        .collect();
    assert_eq!(served.len(), 3);
}

#[test]
fn pace_holds_a_tenant_and_says_until_when() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let demands = [demand("a", 50, Some(2))];
    assert_eq!(total(&lanes.divide(&demands, now)), 2);
    let running: Vec<_> = (0..2)
        .map(|_| lanes.start(&demands[0].tenant, DeliveryKind::Disposition, now))
        .collect();
    let held = lanes.divide(&demands, now);
    assert_eq!(total(&held), 0);
    let later = held.held_until.unwrap();
    assert!(later > now);
    drop(running);
    assert_eq!(total(&lanes.divide(&demands, later)), 1);
}

fn start_all(lanes: &Lanes, demands: &[TenantDemand], now: Timestamp) -> Vec<AttemptInFlight> {
    let mut running = vec![];
    for share in lanes.divide(demands, now).shares {
        for _ in 0..share.limit {
            running.push(lanes.start(&share.tenant, share.kinds[0].0, now));
        }
    }
    running
}

/// Starts as many attempts as these tenants can get and never ends one.
fn hang(lanes: &Lanes, names: &[&str], concurrency: u32) -> Vec<AttemptInFlight> {
    let mut running = vec![];
    for _ in 0..20 {
        for name in names {
            running.extend(start_all(
                lanes,
                &[demand(name, concurrency, None)],
                Timestamp::UNIX_EPOCH,
            ));
        }
    }
    running
}

#[test]
fn hanging_tenants_leave_capacity() {
    for (names, held) in [(&["a"][..], 16), (&["a", "b"], 24), (&["a", "b", "c", "d", "e"], 31)] {
        let lanes = lanes(32);
        let running = hang(&lanes, names, 1000);
        assert_eq!(running.len(), held, "{names:?}");
        assert!(total(&lanes.divide(&[demand("next", 8, None)], Timestamp::UNIX_EPOCH)) > 0);
    }
    let lanes = lanes(256);
    let running = hang(&lanes, &["a"], 8);
    assert_eq!(running.len(), 8, "never more than its concurrency");
    let shares = lanes.divide(&[demand("a", 8, None), demand("next", 8, None)], Timestamp::UNIX_EPOCH);
    assert_eq!((shares.shares.len(), total(&shares)), (1, 8));
}

#[test]
fn held_tenant_takes_no_share_from_others() {
    let lanes = lanes(10);
    let now = Timestamp::UNIX_EPOCH;
    let demands = [demand("a", 10, None), demand("b", 10, None)];
    let mut first = start_all(&lanes, &demands[..1], now).remove(0);
    let refused = Err(Failure::RateLimited {
        retry_after: Some(Duration::from_secs(90)),
    });
    first.finish(
        DeliveryId(1),
        &refused,
        CrmSignal::of(&refused),
        &demands[0].spec,
        now,
        0.0,
    );
    drop(first);
    let shares = lanes.divide(&demands, now);
    assert_eq!((shares.shares.len(), &shares.shares[0].tenant), (1, &demands[1].tenant));
    assert_eq!(
        (total(&shares), shares.held_until),
        (5, Some(clock::after(now, Duration::from_secs(90))))
    );
}

#[test]
fn pause_holds_only_its_own_kind() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let demands = [TenantDemand {
        kinds: vec![DeliveryKind::Lead, DeliveryKind::Disposition],
        ..demand("a", 8, None)
    }];
    let kinds = |now| {
        let shares = lanes.divide(&demands, now).shares;
        shares
            .iter()
            .flat_map(|share| share.kinds.iter().map(|(kind, _)| *kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(now), [DeliveryKind::Lead, DeliveryKind::Disposition]);
    let until = clock::after(now, Duration::from_secs(30));
    lanes.pause(&demands[0].tenant, DeliveryKind::Disposition, until, now);
    assert_eq!(kinds(now), [DeliveryKind::Lead]);
    assert_eq!(kinds(until), [DeliveryKind::Lead, DeliveryKind::Disposition]);
}

#[test]
fn open_breaker_holds_only_dispositions() {
    let lanes = lanes(100);
    let now = Timestamp::UNIX_EPOCH;
    let demands = [TenantDemand {
        kinds: vec![DeliveryKind::Lead, DeliveryKind::Disposition],
        ..demand("a", 8, None)
    }];
    let (tenant, spec) = (&demands[0].tenant, &demands[0].spec);
    lanes.divide(&demands, now);
    let mut running: Vec<_> = (0..5)
        .map(|_| lanes.start(tenant, DeliveryKind::Disposition, now))
        .collect();
    for (n, in_flight) in running.iter_mut().enumerate() {
        assert!(!in_flight.is_trial());
        let id = DeliveryId(i64::try_from(n).unwrap());
        in_flight.finish(id, &Err(Failure::Unavailable(None)), CrmSignal::Failing, spec, now, 0.0);
    }
    drop(running);
    let held = lanes.divide(&demands, now);
    assert_eq!(held.shares[0].kinds, [(DeliveryKind::Lead, u32::MAX)]);
    let until = held.held_until.unwrap();
    assert_eq!(until, clock::after(now, Duration::from_secs(30)));
    let probe = lanes.divide(&demands, until).shares.remove(0);
    assert_eq!(
        probe.kinds,
        [(DeliveryKind::Lead, u32::MAX), (DeliveryKind::Disposition, 1)]
    );
    let in_flight = lanes.start(tenant, DeliveryKind::Disposition, until);
    assert!(in_flight.is_trial());
    assert_eq!(
        lanes.divide(&demands, until).shares[0].kinds,
        [(DeliveryKind::Lead, u32::MAX)]
    );
    drop(in_flight);
    let again = lanes.divide(&demands, until).shares.remove(0);
    assert_eq!(again.kinds.len(), 2, "a probe that was not sent is made again");
    let repaired = [TenantDemand {
        release: ReleaseNumber(2),
        ..demands[0].clone()
    }];
    assert_eq!(
        lanes.divide(&repaired, now).shares[0].kinds.len(),
        2,
        "a new release is probed at once"
    );
}
