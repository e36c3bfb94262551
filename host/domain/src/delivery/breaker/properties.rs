//! Invariants of a breaker under any sequence of events.

use std::num::NonZeroU32;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::BreakerSpec;
use super::super::retry::TextDuration;
use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

#[derive(Debug, Clone)]
enum Event {
    Acquire,
    Record {
        which: prop::sample::Index,
        signal: CrmSignal,
        jitter: f64,
    },
    Cancel(prop::sample::Index),
    Wait(i64),
    Override(Option<BreakerOverride>),
    ProbeNow,
}

fn event() -> impl Strategy<Value = Event> {
    let signal = prop::sample::select(vec![
        CrmSignal::Alive,
        CrmSignal::Failing,
        CrmSignal::Failing,
        CrmSignal::Silent,
        CrmSignal::Unasked,
    ]);
    prop_oneof![
        6 => Just(Event::Acquire),
        6 => (any::<prop::sample::Index>(), signal, 0.0..=1.0)
            .prop_map(|(which, signal, jitter)| Event::Record { which, signal, jitter }),
        1 => any::<prop::sample::Index>().prop_map(Event::Cancel),
        4 => (-1000..400_000_i64).prop_map(Event::Wait),
        1 => prop::sample::select(vec![None, None, Some(BreakerOverride::Open), Some(BreakerOverride::Closed)])
            .prop_map(Event::Override),
        1 => Just(Event::ProbeNow),
    ]
}

proptest! {
    /// Whatever happens: nothing is sent while it is open, one probe at a time, never more than a step of the ramp, and
    /// the next probe only takes time.
    #[test]
    fn capacity_is_bounded(
        concurrency in 1..40_u32,
        failures in 1..7_u32,
        events in prop::collection::vec(event(), 1..200),
    ) {
        let spec = DeliverySpec {
            breaker: BreakerSpec {
                failures: NonZeroU32::new(failures).unwrap(),
                open_for: TextDuration(Duration::from_secs(10)),
                max_open_for: TextDuration(Duration::from_secs(100)),
            },
            concurrency: NonZeroU32::new(concurrency).unwrap(),
            ..DeliverySpec::default()
        };
        let (mut breaker, mut now, mut in_flight) = (Breaker::default(), 0_i64, Vec::<BreakerPermit>::new());
        for (n, event) in events.into_iter().enumerate() {
            let before = breaker.state();
            let change = match event {
                Event::Acquire => {
                    let capacity = breaker.capacity(&spec, at(now));
                    prop_assert!(capacity.free <= concurrency || capacity.free == u32::MAX);
                    if capacity.free == 0 { None } else {
                        let (permit, change) = breaker.acquire();
                        in_flight.push(permit);
                        change
                    }
                }
                Event::Record { which, signal, jitter } if !in_flight.is_empty() => {
                    let permit = in_flight.swap_remove(which.index(in_flight.len()));
                    let delivery = DeliveryId(i64::try_from(n).unwrap());
                    breaker.record(FinishedAttempt { permit, delivery, signal }, &spec, at(now), jitter)
                }
                Event::Cancel(which) if !in_flight.is_empty() => {
                    let permit = in_flight.swap_remove(which.index(in_flight.len()));
                    breaker.cancel(permit);
                    // A cancelled permit changes no state that operators see.
                    None
                }
                Event::Wait(millis) => { now += millis; None }
                Event::Override(forced) => breaker.set_override(forced, at(now)),
                Event::ProbeNow => { breaker.probe_now(at(now)); None }
                Event::Record { .. } | Event::Cancel(_) => None,
            };
            if let Some(change) = change {
                prop_assert_eq!((change.from, change.to), (before, breaker.state()));
                prop_assert!(change.from != change.to);
            }
            let (state, capacity) = (breaker.state(), breaker.capacity(&spec, at(now)));
            match state {
                BreakerState::Closed => prop_assert_eq!(capacity.free, u32::MAX),
                BreakerState::HalfOpen => prop_assert_eq!(capacity.free, 0),
                BreakerState::Open if breaker.forced().is_some() => prop_assert_eq!(capacity.free, 0),
                BreakerState::Open => {
                    prop_assert!(capacity.free <= 1);
                    let later = at(now) + SignedDuration::from_secs(111);
                    prop_assert_eq!(breaker.clone().capacity(&spec, later).free, 1);
                }
                BreakerState::Ramping => prop_assert!(capacity.free < concurrency.max(2)),
            }
            let trials = in_flight.iter().filter(|permit| permit.trial && permit.epoch == breaker.epoch).count();
            if state == BreakerState::HalfOpen { prop_assert_eq!(trials, 1) }
            let holds = matches!(state, BreakerState::Open | BreakerState::HalfOpen);
            prop_assert_eq!(breaker.held_since().is_some(), holds);
            prop_assert!(breaker.claim_last().len() <= 2 * MAX_REMEMBERED);
        }
    }
}
