//! Deliveries under every sequence of results.

use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::simulation::{Event, Simulation, fault, rejected};
use super::*;
use crate::delivery::retry::RetryLadder;

fn idempotent() -> AttemptPolicy {
    AttemptPolicy {
        ladder: RetryLadder::default(),
        idempotent: true,
        lookup: false,
    }
}

fn policies() -> impl Strategy<Value = AttemptPolicy> {
    let ladder = prop::collection::vec(0..200_000_u64, 1..=20)
        .prop_map(|millis| RetryLadder::new(millis.into_iter().map(Duration::from_millis).collect()).unwrap());
    (
        prop_oneof![Just(RetryLadder::default()), ladder],
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(ladder, idempotent, lookup)| AttemptPolicy {
            ladder,
            idempotent,
            lookup,
        })
}

/// Failures that count.
fn counted() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Unavailable),
        any::<bool>().prop_map(|stored| Event::Unknown { stored }),
        any::<(bool, bool)>().prop_map(|(sent, stored)| Event::Faults { sent, stored }),
        Just(Event::Unauthorized),
        Just(Event::LookUpFails),
    ]
}

/// Events that do not count.
fn uncounted() -> impl Strategy<Value = Event> {
    let seconds = prop::option::of((0..200_000_u64).prop_map(Duration::from_secs));
    prop_oneof![
        seconds.prop_map(Event::Throttled),
        any::<(bool, bool)>().prop_map(|(sent, stored)| Event::WorkerLost { sent, stored }),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Commits),
        1 => Just(Event::Rejected),
        1 => Just(Event::NotFound),
        6 => counted(),
        4 => uncounted(),
    ]
}

fn with_jitter(event: impl Strategy<Value = Event>, most: usize) -> impl Strategy<Value = Vec<(Event, f64)>> {
    prop::collection::vec((event, 0.0..=1.0), 0..most)
}

fn counts(class: AttemptClass) -> bool {
    matches!(
        class,
        AttemptClass::Unavailable | AttemptClass::Unknown | AttemptClass::Unauthorized | AttemptClass::Fault
    )
}

fn history() -> impl Strategy<Value = AttemptHistory> {
    let since = prop::option::of(0..200_000_i64);
    (0..40_u32, any::<u32>(), since, 0..5_u32, any::<bool>(), 0..40_u32).prop_map(
        |(counted, throttles, since, conflicts, ambiguous, lost_leases)| AttemptHistory {
            counted,
            throttles,
            conflicts,
            throttled_since: since.map(|second| Timestamp::from_second(second).unwrap()),
            ambiguous,
            lost_leases,
        },
    )
}

#[test]
fn the_default_ladder_has_five_attempts() {
    let policy = idempotent();
    let claims = Simulation::new(policy).run(&vec![(Event::Unavailable, 0.0); 9]);
    let times: Vec<_> = claims.iter().map(|claim| claim.at.as_second()).collect();
    assert_eq!(times, [0, 30, 150, 750, 4350]);
    let last = &claims[4].verdict;
    assert_eq!(last.step, NextStep::Dead(StopReason::AttemptsUsedUp));
    assert_eq!(last.alert, Some(AlertKind::DeadLetter));
}

#[test]
fn a_poison_pill_stops() {
    let policy = idempotent();
    let pill = Event::WorkerLost {
        sent: false,
        stored: false,
    };
    let claims = Simulation::new(policy.clone()).run(&vec![(pill.clone(), 0.0); 100]);
    assert_eq!(claims.len(), MAX_LOST_LEASES as usize);
    assert_eq!(
        claims.last().unwrap().verdict.step,
        NextStep::Dead(StopReason::WorkersLost)
    );
    // Any report from a worker shows that the delivery is not a poison pill.
    let mut events = vec![(pill, 0.0); MAX_LOST_LEASES as usize - 1];
    events.push((Event::Unavailable, 0.0));
    events.extend_from_within(..);
    assert_eq!(Simulation::new(policy).run(&events).len(), events.len());
}

#[test]
fn a_clock_set_back_ends_no_rate_limits() {
    let policy = idempotent();
    let week = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(168);
    let history = AttemptHistory {
        throttled_since: Some(week),
        ..AttemptHistory::default()
    };
    let result = AttemptResult {
        outcome: Err(Failure::RateLimited { retry_after: None }),
        sent: true,
    };
    let verdict = decide(history, &result, &policy, Timestamp::UNIX_EPOCH, 0.0);
    assert_eq!(verdict.step.state(), DeliveryState::Ready);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Only failures that count are counted, there are exactly as many as the ladder has waits, and each is followed by
    /// its wait.
    #[test]
    fn exactly_the_waits_of_the_ladder_are_used(
        policy in policies(),
        // At most 8 workers are lost in a row between failures that count, which is not yet a poison pill.
        rounds in prop::collection::vec((with_jitter(uncounted(), 8), counted(), 0.0..=1.0), 21),
    ) {
        let policy = AttemptPolicy { idempotent: true, ..policy };
        let events: Vec<_> = rounds
            .into_iter()
            .flat_map(|(mut before, failure, jitter)| { before.push((failure, jitter)); before })
            .collect();
        let mut simulation = Simulation::new(policy.clone());
        let claims = simulation.run(&events);
        let mut failures = 0;
        for (claim, (event, _)) in claims.iter().zip(&events) {
            if let Event::WorkerLost { .. } = event { continue }
            if !counts(claim.verdict.class) { continue }
            failures += 1;
            let NextStep::Retry { due } = &claim.verdict.step else { continue };
            let wait = policy.ladder.waits()[failures];
            let waited = due.duration_since(claim.at).unsigned_abs();
            prop_assert!(wait <= waited && waited <= wait.mul_f64(1.0 + retry::MAX_JITTER));
            prop_assert_eq!(claim.verdict.history.counted as usize, failures);
        }
        match &claims.last().unwrap().verdict.step {
            NextStep::Dead(StopReason::AttemptsUsedUp) => prop_assert_eq!(failures, policy.ladder.attempts()),
            // A look-up found the write of an attempt with an unknown outcome.
            NextStep::Done { .. } => prop_assert!(policy.lookup && simulation.written > 0),
            NextStep::Dead(StopReason::ThrottledTooLong) => prop_assert!(failures < policy.ladder.attempts()),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Rate limits never count, and hold a delivery for at most a day.
    #[test]
    fn rate_limits_last_at_most_a_day(
        policy in policies(),
        waits in prop::collection::vec((prop::option::of(0..200_000_u64), 0.0..=1.0), 1..300),
    ) {
        let throttled = |(seconds, jitter): (Option<u64>, f64)| {
            (Event::Throttled(seconds.map(Duration::from_secs)), jitter)
        };
        let events: Vec<_> = waits.into_iter().map(throttled).collect();
        let claims = Simulation::new(policy).run(&events);
        let start = claims[0].at;
        for claim in &claims {
            prop_assert_eq!(claim.before.counted, 0);
            prop_assert_eq!(claim.verdict.class, AttemptClass::RateLimited);
            prop_assert!(claim.at.duration_since(start).unsigned_abs() <= retry::MAX_THROTTLE);
            let over = claim.at.duration_since(start).unsigned_abs() == retry::MAX_THROTTLE;
            prop_assert_eq!(claim.verdict.step == NextStep::Dead(StopReason::ThrottledTooLong), over);
        }
    }

    /// Promise 3, and its purpose: a destination that does not recognize repeats never holds two records.
    #[test]
    fn a_write_is_never_repeated_blindly(policy in policies(), events in with_jitter(any_event(), 60)) {
        let policy = AttemptPolicy { idempotent: false, ..policy };
        let mut simulation = Simulation::new(policy.clone());
        let claims = simulation.run(&events);
        prop_assert!(simulation.written <= 1, "{} records", simulation.written);
        let first = claims.iter().position(|claim| claim.left_unanswered);
        for later in claims.iter().skip(first.map_or(usize::MAX, |first| first.saturating_add(1))) {
            prop_assert!(later.plan != AttemptPlan::Send || policy.lookup);
            prop_assert!(later.plan != AttemptPlan::Ask || !policy.lookup);
        }
    }

    #[test]
    fn ambiguous_writes_are_looked_up_first(
        policy in policies(),
        events in with_jitter(any_event(), 60),
    ) {
        for claim in Simulation::new(policy.clone()).run(&events) {
            prop_assert_eq!(claim.plan == AttemptPlan::LookUpFirst, claim.before.ambiguous && policy.lookup);
            if let (true, NextStep::Retry { .. }) = (claim.left_unanswered, &claim.verdict.step) {
                prop_assert!(claim.verdict.history.ambiguous);
            }
        }
    }

    /// From any history, reachable or not, each result leads to one legal step with the right alert.
    #[test]
    fn every_state_has_a_legal_next_step(
        history in history(),
        policy in policies(),
        now in -200_000..200_000_i64,
        jitter in 0.0..=1.0,
        sent: bool,
        retry_after in prop::option::of(any::<u64>().prop_map(Duration::from_secs)),
    ) {
        let now = Timestamp::from_second(now).unwrap();
        let failures = [
            Failure::Unavailable(None),
            Failure::Unknown(None),
            Failure::Unauthorized(None),
            Failure::RateLimited { retry_after },
            Failure::NotFound,
            rejected(),
            fault(),
        ];
        let outcomes = failures.into_iter().map(Err).chain([Ok("reference".to_owned())]);
        let results = outcomes.map(|outcome| decide(history, &AttemptResult { outcome, sent }, &policy, now, jitter));
        let others = [
            after_lost_lease(history, now),
            DeliveryVerdict::ask(history),
            DeliveryVerdict::unreadable(history),
        ];
        for verdict in results.chain(others) {
            prop_assert_eq!(matches!(verdict.step, NextStep::Done { .. }), verdict.class == AttemptClass::Committed);
            let alert = match &verdict.step {
                NextStep::Done { .. } => None,
                NextStep::Dead(_) => Some(AlertKind::DeadLetter),
                NextStep::Review(_) => Some(AlertKind::Review),
                NextStep::Retry { due } => {
                    let next = verdict.history;
                    prop_assert!(*due >= now || next.throttled_since.is_some_and(|since| since < now));
                    prop_assert!(next.ambiguous || !history.ambiguous);
                    prop_assert!(next.counted >= history.counted);
                    prop_assert!(next.lost_leases < MAX_LOST_LEASES);
                    (verdict.class == AttemptClass::Unauthorized).then_some(AlertKind::Unauthorized)
                }
            };
            prop_assert_eq!(verdict.alert, alert);
            let state = verdict.step.state();
            let is_done = state == DeliveryState::Done;
            prop_assert!(state != DeliveryState::Leased && state.is_live() != state.is_stopped() || is_done);
        }
    }

    /// A trial while the breaker is not closed uses up no attempt, keeps the ambiguity and repeats nothing blindly.
    #[test]
    fn a_trial_uses_up_no_attempt(
        history in history(),
        policy in policies(),
        due in -200_000..200_000_i64,
        sent: bool,
        jitter in 0.0..=1.0,
    ) {
        let (due, now) = (Timestamp::from_second(due).unwrap(), Timestamp::from_second(200_000).unwrap());
        let limited = Failure::RateLimited { retry_after: None };
        let others = [Failure::Unauthorized(None), limited, Failure::NotFound, rejected()];
        for failure in [Failure::Unavailable(None), Failure::Unknown(None), fault()].into_iter().chain(others) {
            let result = AttemptResult { outcome: Err(failure), sent };
            let counted = decide(history, &result, &policy, now, jitter);
            let trial = decide_trial(history, due, &result, &policy, now, jitter);
            if CrmSignal::of(&result.outcome) == CrmSignal::Alive {
                prop_assert_eq!(trial, counted);
                continue;
            }
            prop_assert_eq!(trial.history.ambiguous, counted.history.ambiguous);
            if plan(&trial.history, &policy) == AttemptPlan::Ask {
                prop_assert_eq!(trial.step, NextStep::Review(StopReason::OutcomeUnknown));
            } else {
                prop_assert_eq!(trial.history.counted, history.counted);
                prop_assert_eq!((trial.step, trial.alert), (NextStep::Retry { due }, None));
            }
        }
    }

    /// Whatever happens, a delivery is done in the end, or stops in a state in which a person can act.
    #[test]
    fn every_delivery_ends(policy in policies(), events in prop::collection::vec((any_event(), 0.0..=1.0), 400)) {
        let claims = Simulation::new(policy).run(&events);
        let end = claims.last().unwrap().verdict.step.state();
        prop_assert!(end == DeliveryState::Done || end.is_stopped(), "{:?} after {} claims", end, claims.len());
    }
}

#[test]
fn conflicts_are_tried_again_soon() {
    // Three times without counting, then on the ladder, from its beginning after any other failure.
    let now = Timestamp::from_second(1000).unwrap();
    let result = |failure| AttemptResult {
        outcome: Err(failure),
        sent: true,
    };
    let policy = AttemptPolicy {
        ladder: RetryLadder::default(),
        idempotent: false,
        lookup: false,
    };
    let mut history = AttemptHistory::default();
    for wait in [1, 5, 15] {
        let verdict = decide(history, &result(Failure::Conflict(None)), &policy, now, 0.0);
        let due = Timestamp::from_second(1000 + wait).unwrap();
        assert_eq!(
            (verdict.step, verdict.class),
            (NextStep::Retry { due }, AttemptClass::Conflict)
        );
        history = verdict.history;
        assert_eq!((history.counted, history.ambiguous), (0, false));
    }
    let fourth = decide(history, &result(Failure::Conflict(None)), &policy, now, 0.0);
    assert_eq!(
        fourth.step,
        NextStep::Retry {
            due: Timestamp::from_second(1030).unwrap()
        }
    );
    assert_eq!(fourth.history.counted, 1);
    let other = decide(fourth.history, &result(Failure::Unavailable(None)), &policy, now, 0.0);
    assert_eq!(other.history.conflicts, 0);
}
