//! No item is given to another owner, given twice or lost, in whatever order things happen.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap()
}

#[test]
fn the_newest_item_is_taken_first() {
    let mut pool = IdlePool::new(3);
    for item in 1..=3 {
        assert_eq!(pool.insert(PoolOwner(1), 3, item, at(item)), None);
    }
    assert_eq!(pool.take(PoolOwner(2), at(3)), None, "another owner's");
    let taken: Vec<_> = std::iter::from_fn(|| pool.take(PoolOwner(1), at(4))).collect();
    assert_eq!(taken, [3, 2, 1]);
    assert_eq!(pool.len(), 0);
}

#[test]
fn a_busy_owner_evicts_its_own_items() {
    let mut pool = IdlePool::new(4);
    assert_eq!(pool.insert(PoolOwner(1), 4, "quiet", at(0)), None);
    for busy in ["a", "b", "c"] {
        assert_eq!(pool.insert(PoolOwner(2), 4, busy, at(1)), None);
    }
    assert_eq!(pool.insert(PoolOwner(2), 4, "d", at(2)), Some("a"));
    assert_eq!(pool.insert(PoolOwner(3), 4, "another", at(2)), Some("b"));
    assert_eq!(pool.take(PoolOwner(1), at(3)), Some("quiet"));
}

#[test]
fn each_owner_has_a_limit() {
    let mut pool = IdlePool::new(10);
    assert_eq!(pool.insert(PoolOwner(1), 0, 'x', at(0)), Some('x'));
    assert_eq!(pool.insert(PoolOwner(1), 1, 'x', at(0)), None);
    assert_eq!(pool.insert(PoolOwner(1), 1, 'y', at(0)), Some('x'));
    assert_eq!(IdlePool::new(0).insert(PoolOwner(1), 5, 'z', at(0)), Some('z'));
}

#[test]
fn expired_items_are_not_taken() {
    let mut pool = IdlePool::new(10);
    let limit = MAX_IDLE.as_secs();
    assert_eq!(pool.insert(PoolOwner(1), 5, "old", at(0)), None);
    assert_eq!(pool.insert(PoolOwner(1), 5, "new", at(10)), None);
    assert_eq!(pool.next_expiry(), Some(at(limit)));
    assert_eq!(pool.expire(at(limit - 1)), [""; 0]);
    assert_eq!(pool.expire(at(limit)), ["old"]);
    assert_eq!(pool.next_expiry(), Some(at(limit + 10)));
    assert_eq!(pool.take(PoolOwner(1), at(limit + 10)), None);
    assert_eq!(pool.expire(at(limit + 10)), ["new"]);
    assert_eq!(pool.next_expiry(), None);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64),
    Take(u64),
    Evict,
    Expire,
    Remove(u64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let owner = 0..4_u64;
    prop_oneof![
        6 => owner.clone().prop_map(Step::Insert),
        4 => owner.clone().prop_map(Step::Take),
        1 => Just(Step::Evict),
        1 => Just(Step::Expire),
        1 => owner.prop_map(Step::Remove),
        2 => (0..60_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn every_item_stays_with_its_owner(
        steps in prop::collection::vec(step(), 0..200),
        most in 0..8_usize,
        most_of_owner in 0..5_usize,
    ) {
        let mut pool = IdlePool::new(most);
        // What the pool should hold: numbers to their owner and time.
        let mut inside: HashMap<u32, (u64, u64)> = HashMap::new();
        let (mut next, mut now) = (0, 0);
        let limit = MAX_IDLE.as_secs();
        for step in steps {
            match step {
                Step::Insert(owner) => {
                    next += 1;
                    inside.insert(next, (owner, now));
                    if let Some(gone) = pool.insert(PoolOwner(owner), most_of_owner, next, at(now)) {
                        prop_assert!(inside.remove(&gone).is_some(), "it was not in the pool");
                    }
                }
                Step::Take(owner) => {
                    let fit = inside.iter().any(|(_, (whose, since))| *whose == owner && since + limit > now);
                    let taken = pool.take(PoolOwner(owner), at(now));
                    prop_assert_eq!(taken.is_some(), fit);
                    if let Some(taken) = taken {
                        let (whose, since) = inside.remove(&taken).unwrap();
                        prop_assert_eq!(whose, owner);
                        prop_assert!(since + limit > now);
                    }
                }
                Step::Evict => {
                    let gone = pool.evict();
                    prop_assert_eq!(gone.is_some(), !inside.is_empty());
                    if let Some(gone) = gone {
                        let (owner, since) = inside.remove(&gone).unwrap();
                        let of = |owner| inside.values().filter(|(whose, _)| *whose == owner).count();
                        prop_assert!((0..4).all(|other| of(other) <= of(owner) + 1), "another had more");
                        let older = inside.values().any(|(whose, other)| *whose == owner && *other < since);
                        prop_assert!(!older, "an older one stayed");
                    }
                }
                Step::Expire => {
                    for gone in pool.expire(at(now)) {
                        prop_assert!(inside.remove(&gone).unwrap().1 + limit <= now);
                    }
                    prop_assert!(inside.values().all(|(_, since)| since + limit > now));
                }
                Step::Remove(owner) => {
                    for gone in pool.remove(PoolOwner(owner)) {
                        prop_assert_eq!(inside.remove(&gone).unwrap().0, owner);
                    }
                    prop_assert!(inside.values().all(|(whose, _)| *whose != owner));
                }
                Step::Wait(seconds) => now += seconds,
            }
            prop_assert_eq!(pool.len(), inside.len());
            prop_assert!(pool.len() <= most);
            prop_assert_eq!(pool.next_expiry(), inside.values().map(|(_, since)| at(since + limit)).min());
            for owner in 0..4 {
                let own = inside.values().filter(|(whose, _)| *whose == owner).count();
                prop_assert!(own <= most_of_owner);
            }
        }
        let mut rest = pool.clear();
        rest.sort_unstable();
        let mut expected: Vec<_> = inside.into_keys().collect();
        expected.sort_unstable();
        prop_assert_eq!(rest, expected);
        prop_assert_eq!(pool.len(), 0);
    }
}
