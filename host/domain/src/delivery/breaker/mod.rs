//! The circuit breaker of a tenant's CRM: when to stop sending to a CRM that does not answer, and how to resume.
//!
//! ```text
//! closed ──failures──▶ open ──timeout──▶ half-open ──the probe succeeds──▶ ramping ──▶ closed
//!                       ▲                    │                                │
//!                       └── the probe fails ─┴─────────── a failure ──────────┘
//! ```
//!
//! It protects dispositions only: leads go to the agent, and parsing a webhook contacts nobody. While it is not closed,
//! due deliveries wait without using up attempts. An operator's override holds until an operator removes it.

mod phase;
mod record;
mod signal;
mod state;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::DeliverySpec;
use super::retry;
use crate::id::DeliveryId;
use phase::Phase;
pub use record::{BreakerEvent, open_since_after_override, opened_message};
pub use signal::CrmSignal;
pub use state::{
    BreakerCapacity, BreakerChange, BreakerOverride, BreakerPermit, BreakerState, BreakerStatus, FinishedAttempt,
    TenantBreaker,
};

/// The failure rate is computed over this many times [`failures`](super::BreakerSpec::failures) outcomes, and a rate of
/// one half opens the breaker: a CRM that answers every other request is as little use as one that is down.
const WINDOW: usize = 4;
/// The longest pause after a step of the ramp. It is random, so that a hundred tenants behind one recovered network do
/// not all resume at the same moment. Meanwhile the limit of the finished step still applies.
pub const RAMP_PAUSE: Duration = Duration::from_secs(1);
/// The most failed deliveries in each list: neither one delivery that the CRM cannot accept nor a handful of them may
/// keep the breaker open for all others.
const MAX_REMEMBERED: usize = 32;

/// A tenant's breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    phase: Phase,
    forced: Option<BreakerOverride>,
    epoch: u64,
    /// Deliveries whose probes failed.
    failed_probes: Vec<DeliveryId>,
    /// Deliveries that failed in the ramp while others succeeded.
    suspects: Vec<DeliveryId>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::resume(None, None, Timestamp::MIN)
    }
}

impl Breaker {
    /// Restores a breaker after a restart. One that was open is probed at once, so that the restart uses up no
    /// attempts.
    #[must_use]
    pub fn resume(forced: Option<BreakerOverride>, open_since: Option<Timestamp>, now: Timestamp) -> Self {
        let open = open_since.or_else(|| (forced == Some(BreakerOverride::Open)).then_some(now));
        Self {
            phase: open.map_or_else(Phase::closed, |since| Phase::awaiting_probe(since, now)),
            forced,
            epoch: 0,
            failed_probes: vec![],
            suspects: vec![],
        }
    }

    /// How many dispositions may start at `now`.
    pub fn capacity(&mut self, spec: &DeliverySpec, now: Timestamp) -> BreakerCapacity {
        match self.forced {
            Some(BreakerOverride::Open) => return BreakerCapacity { free: 0, until: None },
            Some(BreakerOverride::Closed) => {
                return BreakerCapacity {
                    free: u32::MAX,
                    until: None,
                };
            }
            None => {}
        }
        match &mut self.phase {
            Phase::Closed { .. } => BreakerCapacity {
                free: u32::MAX,
                until: None,
            },
            Phase::Open { probing: true, .. } => BreakerCapacity { free: 0, until: None },
            Phase::Open { until, .. } => {
                if is_over(*until, now, spec.breaker.max_open_for.0) {
                    BreakerCapacity { free: 1, until: None }
                } else {
                    BreakerCapacity {
                        free: 0,
                        until: Some(*until),
                    }
                }
            }
            Phase::Ramping {
                step,
                in_flight,
                successes,
                raise_at,
                ..
            } => {
                if raise_at.is_some_and(|at| is_over(at, now, RAMP_PAUSE)) {
                    (*step, *successes, *raise_at) = (step.saturating_mul(2), 0, None);
                }
                BreakerCapacity {
                    free: step.saturating_sub(*in_flight),
                    until: *raise_at,
                }
            }
        }
    }

    /// Acquires the permit to send one disposition, within the [`capacity`](Self::capacity).
    pub fn acquire(&mut self) -> (BreakerPermit, Option<BreakerChange>) {
        let before = self.state();
        let trial = match &mut self.phase {
            _ if self.forced.is_some() => false,
            Phase::Closed { .. } => false,
            Phase::Open { probing, .. } => {
                *probing = true;
                true
            }
            Phase::Ramping { in_flight, .. } => {
                *in_flight += 1;
                true
            }
        };
        let permit = BreakerPermit {
            epoch: self.epoch,
            trial,
        };
        (permit, self.changed(before))
    }

    /// Records the success or failure of a disposition's attempt. `jitter` is a random number from 0 to 1.
    pub fn record(
        &mut self,
        attempt: FinishedAttempt,
        spec: &DeliverySpec,
        now: Timestamp,
        jitter: f64,
    ) -> Option<BreakerChange> {
        let FinishedAttempt {
            permit,
            delivery,
            signal,
        } = attempt;
        if permit.epoch != self.epoch || self.forced.is_some() {
            return None;
        }
        let before = self.state();
        match &mut self.phase {
            Phase::Closed { in_a_row, recent } => {
                if record_outcome(in_a_row, recent, signal, spec) {
                    self.open(now, 0, spec, now, jitter);
                }
            }
            Phase::Open { since, failed, .. } => {
                let (since, failed) = (*since, *failed);
                if signal == CrmSignal::Alive {
                    self.failed_probes.clear();
                    self.phase = Phase::Ramping {
                        since,
                        step: 1,
                        in_flight: 0,
                        successes: 0,
                        raise_at: None,
                    };
                    self.finish_step(spec, now, jitter);
                } else if signal == CrmSignal::Unasked {
                    // The wait starts again, since what kept the host from asking may last.
                    self.open(since, failed, spec, now, jitter);
                } else {
                    remember(&mut self.failed_probes, delivery);
                    self.open(since, failed.saturating_add(1), spec, now, jitter);
                }
            }
            Phase::Ramping {
                since,
                step,
                in_flight,
                successes,
                raise_at,
            } => {
                *in_flight = in_flight.saturating_sub(1);
                if signal == CrmSignal::Alive {
                    *successes = successes.saturating_add(1);
                    if raise_at.is_none() && successes >= step {
                        self.finish_step(spec, now, jitter);
                    }
                } else if signal != CrmSignal::Unasked {
                    let since = *since;
                    remember(&mut self.suspects, delivery);
                    self.open(since, 0, spec, now, jitter);
                }
            }
        }
        self.changed(before)
    }

    /// Cancels the permit of a disposition that never left the host. This says nothing about the CRM.
    pub fn cancel(&mut self, permit: BreakerPermit) {
        if permit.epoch != self.epoch || !permit.trial {
            return;
        }
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { probing, .. } => *probing = false,
            Phase::Ramping { in_flight, .. } => *in_flight = in_flight.saturating_sub(1),
        }
    }

    /// Sets or removes an operator's override. When an override to open is removed, the breaker starts with a probe.
    pub fn set_override(&mut self, forced: Option<BreakerOverride>, now: Timestamp) -> Option<BreakerChange> {
        let before = self.state();
        match (self.forced, forced) {
            (_, Some(BreakerOverride::Open)) | (Some(BreakerOverride::Open), None) => {
                self.phase = Phase::awaiting_probe(self.since().unwrap_or(now), now);
            }
            (_, Some(BreakerOverride::Closed)) | (Some(BreakerOverride::Closed), None) => self.close(),
            (None, None) => return None,
        }
        self.forced = forced;
        self.epoch += 1;
        self.changed(before)
    }

    /// Allows the next probe at once, because something about the CRM was repaired, such as its address.
    pub fn probe_now(&mut self, now: Timestamp) {
        if let Phase::Open { until, .. } = &mut self.phase {
            *until = now.min(*until);
        }
    }

    /// The breaker's state.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        match (self.forced, &self.phase) {
            (Some(BreakerOverride::Open), _) | (None, Phase::Open { probing: false, .. }) => BreakerState::Open,
            (Some(BreakerOverride::Closed), _) | (None, Phase::Closed { .. }) => BreakerState::Closed,
            (None, Phase::Open { probing: true, .. }) => BreakerState::HalfOpen,
            (None, Phase::Ramping { .. }) => BreakerState::Ramping,
        }
    }

    /// The operator's override, if there is one.
    #[must_use]
    pub const fn forced(&self) -> Option<BreakerOverride> {
        self.forced
    }

    /// Since when it has allowed only probes; none if it is not open.
    #[must_use]
    pub const fn held_since(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Open { since, .. } => Some(*since),
            Phase::Closed { .. } | Phase::Ramping { .. } => None,
        }
    }

    /// Deliveries to claim last. While the CRM is down, each probe uses a different delivery; once it is back, only
    /// those that failed while others succeeded stay last.
    #[must_use]
    pub fn claim_last(&self) -> Vec<DeliveryId> {
        self.failed_probes.iter().chain(&self.suspects).copied().collect()
    }

    /// The breaker's status, for operators.
    #[must_use]
    pub fn status(&self) -> BreakerStatus {
        let status = BreakerStatus {
            state: self.state(),
            forced: self.forced,
            since: self.since(),
            probe_at: None,
            step: None,
            failures: 0,
        };
        match &self.phase {
            Phase::Closed { in_a_row, .. } => BreakerStatus {
                failures: *in_a_row,
                ..status
            },
            Phase::Open { until, probing, .. } => {
                let waits = !probing && self.forced.is_none();
                BreakerStatus {
                    probe_at: waits.then_some(*until),
                    ..status
                }
            }
            Phase::Ramping { step, .. } => BreakerStatus {
                step: Some(*step),
                ..status
            },
        }
    }

    const fn since(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { since, .. } | Phase::Ramping { since, .. } => Some(*since),
        }
    }

    fn changed(&self, from: BreakerState) -> Option<BreakerChange> {
        let to = self.state();
        (from != to).then_some(BreakerChange { from, to })
    }

    fn open(&mut self, since: Timestamp, failed: u32, spec: &DeliverySpec, now: Timestamp, jitter: f64) {
        let breaker = &spec.breaker;
        let doubled = breaker.open_for.0.saturating_mul(1 << failed.min(30));
        self.phase = Phase::Open {
            since,
            until: retry::due(now, doubled.min(breaker.max_open_for.0), jitter),
            failed,
            probing: false,
        };
        self.epoch += 1;
    }

    fn close(&mut self) {
        self.phase = Phase::closed();
        self.failed_probes.clear();
        self.suspects.clear();
    }

    /// Finishes a step of the ramp: as many attempts have succeeded as it allows.
    fn finish_step(&mut self, spec: &DeliverySpec, now: Timestamp, jitter: f64) {
        let Phase::Ramping { step, raise_at, .. } = &mut self.phase else {
            return;
        };
        if step.saturating_mul(2) >= spec.concurrency.get() {
            self.close();
        } else {
            let pause = RAMP_PAUSE.mul_f64(jitter.clamp(0.0, 1.0));
            *raise_at = Some(retry::due(now, pause, 0.0));
        }
    }
}

/// Adds a delivery to a short list; a full list drops its oldest.
fn remember(list: &mut Vec<DeliveryId>, delivery: DeliveryId) {
    list.retain(|remembered| *remembered != delivery);
    if list.len() == MAX_REMEMBERED {
        list.remove(0);
    }
    list.push(delivery);
}

/// Records an outcome and returns whether it opens the breaker.
fn record_outcome(in_a_row: &mut u32, recent: &mut VecDeque<bool>, signal: CrmSignal, spec: &DeliverySpec) -> bool {
    let failed = match signal {
        CrmSignal::Alive => false,
        CrmSignal::Failing => true,
        CrmSignal::Silent | CrmSignal::Unasked => return false,
    };
    let limit = spec.breaker.failures.get();
    let window = WINDOW * usize::try_from(limit).unwrap_or(usize::MAX / WINDOW);
    *in_a_row = if failed { in_a_row.saturating_add(1) } else { 0 };
    recent.push_back(failed);
    while recent.len() > window {
        recent.pop_front();
    }
    let failures = recent.iter().filter(|failed| **failed).count();
    failed && (*in_a_row >= limit || (recent.len() == window && 2 * failures >= window))
}

/// Whether `at` has passed. A wait longer than the longest possible one means that the clock was set back, and counts
/// as over.
fn is_over(at: Timestamp, now: Timestamp, longest: Duration) -> bool {
    let left = at.duration_since(now);
    left.is_negative() || left.is_zero() || left.unsigned_abs() > longest.mul_f64(1.0 + retry::MAX_JITTER)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
