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
    Begin,
    End {
        which: prop::sample::Index,
        signal: CrmSignal,
        jitter: f64,
    },
    Abandon(prop::sample::Index),
    Pass(i64),
    Force(Option<BreakerOverride>),
    ProbeNow,
}

fn event() -> impl Strategy<Value = Event> {
    let signal = prop::sample::select(vec![
        CrmSignal::Alive,
        CrmSignal::Failing,
        CrmSignal::Failing,
        CrmSignal::Silent,
    ]);
    prop_oneof![
        6 => Just(Event::Begin),
        6 => (any::<prop::sample::Index>(), signal, 0.0..=1.0)
            .prop_map(|(which, signal, jitter)| Event::End { which, signal, jitter }),
        1 => any::<prop::sample::Index>().prop_map(Event::Abandon),
        4 => (-1000..400_000_i64).prop_map(Event::Pass),
        1 => prop::sample::select(vec![None, None, Some(BreakerOverride::Open), Some(BreakerOverride::Closed)])
            .prop_map(Event::Force),
        1 => Just(Event::ProbeNow),
    ]
}

proptest! {
    /// Whatever happens: nothing goes while it is open, one probe at a time, never more than a step of the ramp, and
    /// time alone always brings the next probe.
    #[test]
    fn it_never_lets_too_much_go_and_never_sticks(
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
        let (mut breaker, mut now, mut flying) = (Breaker::default(), 0_i64, Vec::<BreakerPermit>::new());
        for (n, event) in events.into_iter().enumerate() {
            let before = breaker.state();
            let change = match event {
                Event::Begin => {
                    let room = breaker.room(&spec, at(now));
                    prop_assert!(room.free <= concurrency || room.free == u32::MAX);
                    if room.free == 0 { None } else {
                        let (pass, change) = breaker.begin();
                        flying.push(pass);
                        change
                    }
                }
                Event::End { which, signal, jitter } if !flying.is_empty() => {
                    let pass = flying.swap_remove(which.index(flying.len()));
                    let delivery = DeliveryId(i64::try_from(n).unwrap());
                    breaker.end(FinishedAttempt { pass, delivery, signal }, &spec, at(now), jitter)
                }
                Event::Abandon(which) if !flying.is_empty() => {
                    let pass = flying.swap_remove(which.index(flying.len()));
                    breaker.abandon(pass);
                    // It reports a probe that never left.
                    None
                }
                Event::Pass(millis) => { now += millis; None }
                Event::Force(forced) => breaker.force(forced, at(now)),
                Event::ProbeNow => { breaker.probe_now(at(now)); None }
                Event::End { .. } | Event::Abandon(_) => None,
            };
            if let Some(change) = change {
                prop_assert_eq!((change.from, change.to), (before, breaker.state()));
                prop_assert!(change.from != change.to);
            }
            let (state, room) = (breaker.state(), breaker.room(&spec, at(now)));
            match state {
                BreakerState::Closed => prop_assert_eq!(room.free, u32::MAX),
                BreakerState::HalfOpen => prop_assert_eq!(room.free, 0),
                BreakerState::Open if breaker.forced().is_some() => prop_assert_eq!(room.free, 0),
                BreakerState::Open => {
                    prop_assert!(room.free <= 1);
                    let later = at(now) + SignedDuration::from_secs(111);
                    prop_assert_eq!(breaker.clone().room(&spec, later).free, 1);
                }
                BreakerState::Ramping => prop_assert!(room.free < concurrency.max(2)),
            }
            let trials = flying.iter().filter(|pass| pass.trial && pass.epoch == breaker.epoch).count();
            if state == BreakerState::HalfOpen { prop_assert_eq!(trials, 1) }
            let holds = matches!(state, BreakerState::Open | BreakerState::HalfOpen);
            prop_assert_eq!(breaker.held_since().is_some(), holds);
            prop_assert!(breaker.last().len() <= 2 * MAX_NOTED);
        }
    }
}
