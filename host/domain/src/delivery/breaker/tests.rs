//! The breaker's way, step by step.

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

/// A breaker with its time, whose attempts end at once.
struct Lab {
    breaker: Breaker,
    spec: DeliverySpec,
    now: i64,
    next: i64,
}

impl Lab {
    fn new(spec: DeliverySpec) -> Self {
        Self {
            breaker: Breaker::default(),
            spec,
            now: 0,
            next: 1,
        }
    }

    fn room(&mut self) -> BreakerCapacity {
        self.breaker.room(&self.spec, at(self.now))
    }

    fn end(&mut self, pass: BreakerPermit, signal: CrmSignal) -> Option<BreakerChange> {
        self.next += 1;
        let delivery = DeliveryId(self.next);
        let ended = FinishedAttempt { pass, delivery, signal };
        self.breaker.end(ended, &self.spec, at(self.now), 0.0)
    }

    fn attempt(&mut self, signal: CrmSignal) -> Option<BreakerChange> {
        assert!(self.room().free > 0, "{:?}", self.breaker);
        let (pass, began) = self.breaker.begin();
        self.end(pass, signal).or(began)
    }

    fn opened(spec: DeliverySpec) -> Self {
        let mut lab = Self::new(spec);
        for _ in 0..5 {
            lab.attempt(CrmSignal::Failing);
        }
        assert_eq!(lab.breaker.state(), BreakerState::Open);
        lab
    }

    /// Waits for the probe and makes it; how long that took, in seconds.
    fn probe(&mut self, signal: CrmSignal) -> i64 {
        let until = self.room().until.unwrap().as_millisecond();
        let waited = until - self.now;
        self.now = until - 1;
        assert_eq!(self.room().free, 0);
        self.now = until;
        assert_eq!(self.room().free, 1);
        self.attempt(signal);
        waited / 1000
    }
}

#[test]
fn what_each_outcome_says_of_the_crm() {
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
        (Err(Failure::Unauthorized), CrmSignal::Alive),
        (Err(Failure::RateLimited { retry_after: None }), CrmSignal::Alive),
        (Err(Failure::Unavailable), CrmSignal::Failing),
        (Err(Failure::Unknown), CrmSignal::Failing),
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
fn failures_in_a_row_open_it_and_nothing_less() {
    let mut lab = Lab::new(spec(8));
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(lab.attempt(CrmSignal::Failing), None);
            assert_eq!(
                lab.attempt(CrmSignal::Silent),
                None,
                "an adapter that traps says nothing of its CRM"
            );
        }
        // Enough good ones that the share stays below a half.
        for _ in 0..6 {
            assert_eq!(lab.attempt(CrmSignal::Alive), None);
        }
    }
    for _ in 0..4 {
        assert_eq!(lab.attempt(CrmSignal::Failing), None);
    }
    assert_eq!(lab.breaker.status().failures, 4);
    let change = lab.attempt(CrmSignal::Failing).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!(lab.breaker.held_since(), Some(at(0)));
}

#[test]
fn half_of_a_window_opens_it_too() {
    let mut lab = Lab::new(spec(8));
    for n in 0..19 {
        let signal = if n % 2 == 0 {
            CrmSignal::Alive
        } else {
            CrmSignal::Failing
        };
        assert_eq!(lab.attempt(signal), None, "{n}");
    }
    assert!(lab.attempt(CrmSignal::Failing).is_some());
}

#[test]
fn the_time_between_probes_doubles_to_its_longest() {
    let mut lab = Lab::opened(spec(8));
    let waits: Vec<_> = (0..7).map(|_| lab.probe(CrmSignal::Failing)).collect();
    assert_eq!(waits, [30, 60, 120, 240, 300, 300, 300]);
    assert_eq!(lab.breaker.held_since(), Some(at(0)), "it is one and the same outage");
    assert_eq!(lab.breaker.last().len(), 7);
}

#[test]
fn jitter_only_lengthens_the_wait() {
    let mut lab = Lab::new(spec(8));
    for n in 0..5 {
        let (pass, _) = lab.breaker.begin();
        let delivery = DeliveryId(n);
        let signal = CrmSignal::Failing;
        lab.breaker
            .end(FinishedAttempt { pass, delivery, signal }, &lab.spec, at(0), 1.0);
    }
    assert_eq!(lab.room().until, Some(at(33_000)));
}

#[test]
fn there_is_one_probe_at_a_time() {
    let mut lab = Lab::opened(spec(8));
    lab.now = 30_000;
    assert_eq!(lab.room().free, 1);
    let (pass, change) = lab.breaker.begin();
    assert!(pass.trial);
    assert_eq!(change.unwrap().to, BreakerState::HalfOpen);
    assert_eq!(lab.room(), BreakerCapacity { free: 0, until: None });
    lab.breaker.abandon(pass);
    assert_eq!(lab.room().free, 1, "a probe that never left is made again");
}

#[test]
fn after_a_good_probe_more_and_more_may_go() {
    let mut lab = Lab::opened(spec(16));
    lab.probe(CrmSignal::Alive);
    let mut steps = vec![];
    while lab.breaker.state() == BreakerState::Ramping {
        let room = lab.room();
        steps.push(room.free);
        let passes: Vec<_> = (0..room.free).map(|_| lab.breaker.begin().0).collect();
        assert_eq!(lab.room().free, 0);
        assert!(passes.iter().all(|pass| pass.trial));
        for pass in passes {
            lab.end(pass, CrmSignal::Alive);
        }
    }
    assert_eq!(steps, [2, 4, 8], "without jitter the first step ends with the probe");
    assert_eq!(lab.room().free, u32::MAX);
    assert!(lab.breaker.last().is_empty());
}

#[test]
fn ramp_steps_wait_for_jitter() {
    // A step waits for its jitter while the one before goes on.
    let mut lab = Lab::opened(spec(16));
    lab.now = 30_000;
    assert_eq!(lab.room().free, 1);
    let (pass, _) = lab.breaker.begin();
    let (delivery, signal) = (DeliveryId(1), CrmSignal::Alive);
    lab.breaker
        .end(FinishedAttempt { pass, delivery, signal }, &lab.spec, at(lab.now), 0.5);
    assert_eq!(
        lab.room(),
        BreakerCapacity {
            free: 1,
            until: Some(at(30_500))
        }
    );
    lab.attempt(CrmSignal::Alive);
    assert_eq!(lab.room().free, 1, "successes do not shorten it");
    lab.now = 30_500;
    assert_eq!(lab.room(), BreakerCapacity { free: 2, until: None });
}

#[test]
fn failures_in_the_ramp_reopen() {
    // A failure in the ramp opens it again for the first wait.
    let mut lab = Lab::opened(spec(16));
    for _ in 0..3 {
        lab.probe(CrmSignal::Failing);
    }
    lab.probe(CrmSignal::Alive);
    let change = lab.attempt(CrmSignal::Failing).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Ramping, BreakerState::Open));
    assert_eq!(lab.breaker.held_since(), Some(at(0)));
    assert_eq!(
        lab.probe(CrmSignal::Alive),
        30,
        "a probe that went well makes the doubling begin anew"
    );
}

/// One that the CRM cannot take, first in line again and again, must not keep all others waiting.
#[test]
fn what_fails_while_others_go_well_goes_last() {
    let mut lab = Lab::opened(spec(16));
    lab.probe(CrmSignal::Failing);
    lab.probe(CrmSignal::Alive);
    assert_eq!(
        lab.breaker.last(),
        [],
        "the CRM was away: that probe's failure says nothing of its delivery"
    );
    lab.attempt(CrmSignal::Failing);
    let suspect = lab.breaker.last();
    assert_eq!(suspect.len(), 1);
    lab.probe(CrmSignal::Alive);
    assert_eq!(
        lab.breaker.last(),
        suspect,
        "it waits until the breaker is closed, and then counts its attempts"
    );
}

#[test]
fn what_left_before_it_opened_says_nothing_after() {
    let mut lab = Lab::new(spec(8));
    let early: Vec<_> = (0..4).map(|_| lab.breaker.begin().0).collect();
    for _ in 0..5 {
        lab.attempt(CrmSignal::Failing);
    }
    for (pass, signal) in early.into_iter().zip([
        CrmSignal::Alive,
        CrmSignal::Failing,
        CrmSignal::Silent,
        CrmSignal::Alive,
    ]) {
        assert!(!pass.trial);
        assert_eq!(lab.end(pass, signal), None);
    }
    assert_eq!(lab.probe(CrmSignal::Failing), 30);
}

#[test]
fn what_an_operator_forces_holds() {
    let mut lab = Lab::new(spec(8));
    lab.breaker.force(Some(BreakerOverride::Closed), at(0));
    for _ in 0..50 {
        assert_eq!(lab.attempt(CrmSignal::Failing), None);
    }
    let change = lab.breaker.force(Some(BreakerOverride::Open), at(5)).unwrap();
    assert_eq!((change.from, change.to), (BreakerState::Closed, BreakerState::Open));
    lab.now = 3_600_000;
    assert_eq!(lab.room(), BreakerCapacity { free: 0, until: None });
    assert_eq!(
        (lab.breaker.held_since(), lab.breaker.status().probe_at),
        (Some(at(5)), None)
    );
    lab.breaker.force(None, at(lab.now));
    assert_eq!(lab.room().free, 1, "by itself again, it looks whether the CRM is there");
    lab.attempt(CrmSignal::Alive);
    assert_eq!(lab.breaker.state(), BreakerState::Ramping);
    lab.breaker.force(Some(BreakerOverride::Closed), at(lab.now));
    lab.breaker.force(None, at(lab.now));
    assert_eq!(
        (lab.breaker.state(), lab.breaker.status().failures),
        (BreakerState::Closed, 0)
    );
    assert_eq!(lab.breaker.force(None, at(lab.now)), None);
}

#[test]
fn a_host_that_starts_again_probes_what_was_open() {
    let mut breaker = Breaker::resume(None, Some(at(7)), at(9));
    assert_eq!(
        (breaker.room(&spec(8), at(9)).free, breaker.held_since()),
        (1, Some(at(7)))
    );
    let mut forced = Breaker::resume(Some(BreakerOverride::Open), None, at(9));
    assert_eq!(
        (forced.room(&spec(8), at(9)).free, forced.held_since()),
        (0, Some(at(9)))
    );
    assert_eq!(Breaker::resume(None, None, at(9)).state(), BreakerState::Closed);
}

#[test]
fn a_new_release_is_probed_at_once() {
    let mut lab = Lab::opened(spec(8));
    lab.now = 5;
    lab.breaker.probe_now(at(lab.now));
    assert_eq!(lab.room().free, 1);
}

#[test]
fn a_clock_that_was_set_back_keeps_nothing_shut() {
    let mut lab = Lab::new(spec(16));
    lab.now = 1_000_000_000;
    for _ in 0..5 {
        lab.attempt(CrmSignal::Failing);
    }
    lab.now = 0;
    assert_eq!(lab.room().free, 1);
    lab.attempt(CrmSignal::Alive);
    assert_eq!(lab.breaker.state(), BreakerState::Ramping);
}
