//! The breaker's transitions, step by step.

use std::num::NonZeroU32;

use super::super::failure::{Failure, Fault, FaultCause, Rejection};
use super::*;

fn spec(concurrency: u32) -> DeliverySpec {
    DeliverySpec {
        concurrency: NonZeroU32::new(concurrency).unwrap(),
        ..DeliverySpec::default()
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// A breaker with a clock, whose attempts end at once.
struct BreakerHarness {
    breaker: Breaker,
    spec: DeliverySpec,
    now: i64,
    next: i64,
}

impl BreakerHarness {
    fn new(spec: DeliverySpec) -> Self {
        Self {
            breaker: Breaker::default(),
            spec,
            now: 0,
            next: 1,
        }
    }

    fn capacity(&mut self) -> BreakerCapacity {
        self.breaker.capacity(&self.spec, at(self.now))
    }

    fn record(&mut self, permit: BreakerPermit, signal: CrmSignal) -> Option<BreakerChange> {
        self.next += 1;
        let delivery = DeliveryId(self.next);
        let attempt = FinishedAttempt {
            permit,
            delivery,
            signal,
        };
        self.breaker.record(attempt, &self.spec, at(self.now), 0.0)
    }

    fn attempt(&mut self, signal: CrmSignal) -> Option<BreakerChange> {
        assert!(self.capacity().free > 0, "{:?}", self.breaker);
        let (permit, change) = self.breaker.acquire();
        self.record(permit, signal).or(change)
    }

    fn opened(spec: DeliverySpec) -> Self {
        let mut harness = Self::new(spec);
        for _ in 0..5 {
            harness.attempt(CrmSignal::Failing);
        }
        assert_eq!(harness.breaker.state(), BreakerState::Open);
        harness
    }

    /// Waits until a probe is allowed and sends it; returns the wait in seconds.
    fn probe(&mut self, signal: CrmSignal) -> i64 {
        let until = self.capacity().until.unwrap().as_millisecond();
        let waited = until - self.now;
        self.now = until - 1;
        assert_eq!(self.capacity().free, 0);
        self.now = until;
        assert_eq!(self.capacity().free, 1);
        self.attempt(signal);
        waited / 1000
    }
}

#[test]
fn outcomes_map_to_signals() {
    let fault = |cause| {
        Failure::Fault(Fault {
            cause,
            detail: String::new(),
        })
    };
    let rejection = Rejection {
        code: String::new(),
        message: "no".into(),
        fields: vec![],
    };
    let cases = [
        (Ok(String::new()), CrmSignal::Alive),
        (Err(Failure::Rejected(rejection)), CrmSignal::Alive),
        (Err(Failure::NotFound), CrmSignal::Alive),
        (Err(Failure::Unauthorized(None)), CrmSignal::Alive),
        (Err(Failure::RateLimited { retry_after: None }), CrmSignal::Alive),
        (Err(Failure::Unavailable(None)), CrmSignal::Failing),
        (Err(Failure::Unknown(None)), CrmSignal::Failing),
        (Err(fault(FaultCause::WallClock)), CrmSignal::Failing),
        (Err(fault(FaultCause::Trap)), CrmSignal::Silent),
        (Err(fault(FaultCause::CpuDeadline)), CrmSignal::Silent),
        (Err(fault(FaultCause::Host)), CrmSignal::Silent),
    ];
    for (outcome, expected) in cases {
        assert_eq!(CrmSignal::of(&outcome), expected, "{outcome:?}");
    }
}

#[test]
fn failures_in_a_row_open_it() {
    let mut harness = BreakerHarness::new(spec(8));
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(harness.attempt(CrmSignal::Failing), None);
            assert_eq!(
                harness.attempt(CrmSignal::Silent),
                None,
                "a trap says nothing about the CRM"
            );
        }
        // Enough successes that the failure rate stays below one half.
        for _ in 0..6 {
            assert_eq!(harness.attempt(CrmSignal::Alive), None);
        }
    }
    for _ in 0..4 {
        assert_eq!(harness.attempt(CrmSignal::Failing), None);
    }
    assert_eq!(harness.breaker.status().failures, 4);
    let change = harness.attempt(CrmSignal::Failing).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!(harness.breaker.held_since(), Some(at(0)));
}

#[test]
fn a_failure_rate_of_one_half_opens_it() {
    let mut harness = BreakerHarness::new(spec(8));
    for n in 0..19 {
        let signal = if n % 2 == 0 {
            CrmSignal::Alive
        } else {
            CrmSignal::Failing
        };
        assert_eq!(harness.attempt(signal), None, "{n}");
    }
    assert!(harness.attempt(CrmSignal::Failing).is_some());
}

#[test]
fn probe_waits_double_to_their_maximum() {
    let mut harness = BreakerHarness::opened(spec(8));
    let waits: Vec<_> = (0..7).map(|_| harness.probe(CrmSignal::Failing)).collect();
    assert_eq!(waits, [30, 60, 120, 240, 300, 300, 300]);
    assert_eq!(harness.breaker.held_since(), Some(at(0)), "it is the same outage");
    assert_eq!(harness.breaker.claim_last().len(), 7);
}

#[test]
fn jitter_only_lengthens_the_wait() {
    let mut harness = BreakerHarness::new(spec(8));
    for n in 0..5 {
        let (permit, _) = harness.breaker.acquire();
        let delivery = DeliveryId(n);
        let signal = CrmSignal::Failing;
        harness.breaker.record(
            FinishedAttempt {
                permit,
                delivery,
                signal,
            },
            &harness.spec,
            at(0),
            1.0,
        );
    }
    assert_eq!(harness.capacity().until, Some(at(33_000)));
}

#[test]
fn there_is_one_probe_at_a_time() {
    let mut harness = BreakerHarness::opened(spec(8));
    harness.now = 30_000;
    assert_eq!(harness.capacity().free, 1);
    let (permit, change) = harness.breaker.acquire();
    assert!(permit.trial);
    assert_eq!(change.unwrap().to, BreakerState::HalfOpen);
    assert_eq!(harness.capacity(), BreakerCapacity { free: 0, until: None });
    harness.breaker.cancel(permit);
    assert_eq!(harness.capacity().free, 1, "a cancelled probe is allowed again");
}

#[test]
fn capacity_doubles_after_a_good_probe() {
    let mut harness = BreakerHarness::opened(spec(16));
    harness.probe(CrmSignal::Alive);
    let mut steps = vec![];
    while harness.breaker.state() == BreakerState::Ramping {
        let capacity = harness.capacity();
        steps.push(capacity.free);
        let permits: Vec<_> = (0..capacity.free).map(|_| harness.breaker.acquire().0).collect();
        assert_eq!(harness.capacity().free, 0);
        assert!(permits.iter().all(|permit| permit.trial));
        for permit in permits {
            harness.record(permit, CrmSignal::Alive);
        }
    }
    assert_eq!(steps, [2, 4, 8], "without jitter the first step ends with the probe");
    assert_eq!(harness.capacity().free, u32::MAX);
    assert!(harness.breaker.claim_last().is_empty());
}

#[test]
fn ramp_steps_wait_for_jitter() {
    // The next step waits for its jitter, and meanwhile the limit of the last one applies.
    let mut harness = BreakerHarness::opened(spec(16));
    harness.now = 30_000;
    assert_eq!(harness.capacity().free, 1);
    let (permit, _) = harness.breaker.acquire();
    let (delivery, signal) = (DeliveryId(1), CrmSignal::Alive);
    harness.breaker.record(
        FinishedAttempt {
            permit,
            delivery,
            signal,
        },
        &harness.spec,
        at(harness.now),
        0.5,
    );
    assert_eq!(
        harness.capacity(),
        BreakerCapacity {
            free: 1,
            until: Some(at(30_500))
        }
    );
    harness.attempt(CrmSignal::Alive);
    assert_eq!(harness.capacity().free, 1, "successes do not shorten it");
    harness.now = 30_500;
    assert_eq!(harness.capacity(), BreakerCapacity { free: 2, until: None });
}

#[test]
fn failures_in_the_ramp_reopen() {
    // A failure in the ramp opens the breaker again, with the first wait.
    let mut harness = BreakerHarness::opened(spec(16));
    for _ in 0..3 {
        harness.probe(CrmSignal::Failing);
    }
    harness.probe(CrmSignal::Alive);
    let change = harness.attempt(CrmSignal::Failing).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Ramping, BreakerState::Open));
    assert_eq!(harness.breaker.held_since(), Some(at(0)));
    assert_eq!(
        harness.probe(CrmSignal::Alive),
        30,
        "a successful probe resets the doubling"
    );
}

/// A delivery that the CRM cannot accept must not block all others by being first in line again and again.
#[test]
fn suspects_are_claimed_last() {
    let mut harness = BreakerHarness::opened(spec(16));
    harness.probe(CrmSignal::Failing);
    harness.probe(CrmSignal::Alive);
    assert_eq!(
        harness.breaker.claim_last(),
        [],
        "the CRM was down: the probe's failure says nothing about its delivery"
    );
    harness.attempt(CrmSignal::Failing);
    let suspect = harness.breaker.claim_last();
    assert_eq!(suspect.len(), 1);
    harness.probe(CrmSignal::Alive);
    assert_eq!(
        harness.breaker.claim_last(),
        suspect,
        "it waits until the breaker is closed, and then counts its attempts"
    );
}

#[test]
fn an_unasked_crm_changes_nothing() {
    let mut harness = BreakerHarness::new(spec(8));
    for _ in 0..40 {
        assert_eq!(harness.attempt(CrmSignal::Unasked), None, "closed, it stays closed");
    }
    for _ in 0..5 {
        harness.attempt(CrmSignal::Failing);
    }
    let first = harness.probe(CrmSignal::Unasked);
    assert_eq!(
        harness.probe(CrmSignal::Unasked),
        first,
        "no probe has failed, so the wait does not grow"
    );
    assert_eq!(harness.breaker.state(), BreakerState::Open, "nor has one succeeded");
    assert!(harness.breaker.claim_last().is_empty());
    harness.probe(CrmSignal::Alive);
    assert_eq!(harness.breaker.state(), BreakerState::Ramping);
    harness.attempt(CrmSignal::Unasked);
    assert_eq!(harness.breaker.state(), BreakerState::Ramping);
    let outcome = Err(Failure::Unavailable(None));
    assert_eq!(CrmSignal::of_attempt(&outcome, true), CrmSignal::Unasked);
    assert_eq!(CrmSignal::of_attempt(&outcome, false), CrmSignal::Failing);
    assert_eq!(CrmSignal::of_attempt(&Ok(String::new()), true), CrmSignal::Alive);
}

#[test]
fn attempts_before_opening_are_ignored() {
    let mut harness = BreakerHarness::new(spec(8));
    let early: Vec<_> = (0..4).map(|_| harness.breaker.acquire().0).collect();
    for _ in 0..5 {
        harness.attempt(CrmSignal::Failing);
    }
    for (permit, signal) in early.into_iter().zip([
        CrmSignal::Alive,
        CrmSignal::Failing,
        CrmSignal::Silent,
        CrmSignal::Alive,
    ]) {
        assert!(!permit.trial);
        assert_eq!(harness.record(permit, signal), None);
    }
    assert_eq!(harness.probe(CrmSignal::Failing), 30);
}

#[test]
fn an_override_holds() {
    let mut harness = BreakerHarness::new(spec(8));
    harness.breaker.set_override(Some(BreakerOverride::Closed), at(0));
    for _ in 0..50 {
        assert_eq!(harness.attempt(CrmSignal::Failing), None);
    }
    let change = harness
        .breaker
        .set_override(Some(BreakerOverride::Open), at(5))
        .unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    harness.now = 3_600_000;
    assert_eq!(harness.capacity(), BreakerCapacity { free: 0, until: None });
    assert_eq!(
        (harness.breaker.held_since(), harness.breaker.status().probe_at),
        (Some(at(5)), None)
    );
    harness.breaker.set_override(None, at(harness.now));
    assert_eq!(harness.capacity().free, 1, "without the override, it probes the CRM");
    harness.attempt(CrmSignal::Alive);
    assert_eq!(harness.breaker.state(), BreakerState::Ramping);
    harness
        .breaker
        .set_override(Some(BreakerOverride::Closed), at(harness.now));
    harness.breaker.set_override(None, at(harness.now));
    assert_eq!(
        (harness.breaker.state(), harness.breaker.status().failures),
        (BreakerState::Closed, 0)
    );
    assert_eq!(harness.breaker.set_override(None, at(harness.now)), None);
}

#[test]
fn a_restarted_host_probes_an_open_breaker() {
    let mut breaker = Breaker::resume(None, Some(at(7)), at(9));
    assert_eq!(
        (breaker.capacity(&spec(8), at(9)).free, breaker.held_since()),
        (1, Some(at(7)))
    );
    let mut forced = Breaker::resume(Some(BreakerOverride::Open), None, at(9));
    assert_eq!(
        (forced.capacity(&spec(8), at(9)).free, forced.held_since()),
        (0, Some(at(9)))
    );
    assert_eq!(Breaker::resume(None, None, at(9)).state(), BreakerState::Closed);
}

#[test]
fn a_new_release_is_probed_at_once() {
    let mut harness = BreakerHarness::opened(spec(8));
    harness.now = 5;
    harness.breaker.probe_now(at(harness.now));
    assert_eq!(harness.capacity().free, 1);
}

#[test]
fn a_clock_set_back_does_not_keep_it_open() {
    let mut harness = BreakerHarness::new(spec(16));
    harness.now = 1_000_000_000;
    for _ in 0..5 {
        harness.attempt(CrmSignal::Failing);
    }
    harness.now = 0;
    assert_eq!(harness.capacity().free, 1);
    harness.attempt(CrmSignal::Alive);
    assert_eq!(harness.breaker.state(), BreakerState::Ramping);
}
