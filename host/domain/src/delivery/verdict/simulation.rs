//! A small simulation of the engine around [`plan`] and [`decide`], with a destination that knows what was really
//! written.

use std::time::Duration;

use super::*;
use crate::delivery::failure::{Fault, FaultCause, Rejection};

/// What happens to an attempt. `stored` says whether the write was made before things went wrong.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Commits,
    Unavailable,
    Unknown {
        stored: bool,
    },
    Faults {
        sent: bool,
        stored: bool,
    },
    Unauthorized,
    Throttled(Option<Duration>),
    Rejected,
    NotFound,
    /// The process dies before the attempt is recorded.
    WorkerLost {
        sent: bool,
        stored: bool,
    },
    /// The look-up gets no response; without a look-up, the same as `Unavailable`.
    LookUpFails,
}

/// One claim of the delivery, and its result.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) at: Timestamp,
    pub(super) before: AttemptHistory,
    pub(super) plan: AttemptPlan,
    /// The request was sent, and the host does not know its outcome.
    pub(super) left_unanswered: bool,
    pub(super) verdict: DeliveryVerdict,
}

pub(super) struct Simulation {
    pub(super) policy: AttemptPolicy,
    pub(super) history: AttemptHistory,
    /// How many records of this one write a destination would hold that does not recognize repeats.
    pub(super) written: u32,
}

impl Simulation {
    pub(super) fn new(policy: AttemptPolicy) -> Self {
        Self {
            policy,
            history: AttemptHistory::default(),
            written: 0,
        }
    }

    /// Claims the delivery whenever it is due, until it stops or the events run out.
    pub(super) fn run(&mut self, events: &[(Event, f64)]) -> Vec<Claim> {
        let first = self.policy.ladder.wait(0).unwrap();
        let mut at = retry::due(Timestamp::UNIX_EPOCH, first, 0.0);
        let mut claims = vec![];
        for (event, jitter) in events {
            let before = self.history;
            let plan = plan(&before, &self.policy);
            let (left_unanswered, verdict) = self.claim(plan, event, at, *jitter);
            let (next, history) = (verdict.step.clone(), verdict.history);
            claims.push(Claim {
                at,
                before,
                plan,
                left_unanswered,
                verdict,
            });
            let NextStep::Retry { due } = next else { break };
            self.history = history;
            at = due;
        }
        claims
    }

    fn claim(&mut self, plan: AttemptPlan, event: &Event, now: Timestamp, jitter: f64) -> (bool, DeliveryVerdict) {
        // A look-up that finds nothing proves that nothing was written.
        let absent = plan == AttemptPlan::LookUpFirst && self.written == 0 && !matches!(event, Event::LookUpFails);
        let history = AttemptHistory {
            ambiguous: self.history.ambiguous && !absent,
            ..self.history
        };
        let reply = |sent, outcome| {
            let result = AttemptResult { outcome, sent };
            let unanswered = sent && matches!(result.outcome, Err(Failure::Unknown(_) | Failure::Fault(_)));
            (unanswered, decide(history, &result, &self.policy, now, jitter))
        };
        let mut write = |stored: bool| self.written += u32::from(stored);
        match event {
            _ if plan == AttemptPlan::Ask => (false, DeliveryVerdict::ask(self.history)),
            Event::LookUpFails if plan == AttemptPlan::LookUpFirst => reply(false, Err(Failure::Unknown(None))),
            _ if plan == AttemptPlan::LookUpFirst && !absent => reply(false, Ok("found".into())),
            Event::Commits => {
                write(true);
                reply(true, Ok("written".into()))
            }
            Event::Unavailable | Event::LookUpFails => reply(false, Err(Failure::Unavailable(None))),
            Event::Unknown { stored } => {
                write(*stored);
                reply(true, Err(Failure::Unknown(None)))
            }
            Event::Faults { sent, stored } => {
                write(*sent && *stored);
                reply(*sent, Err(fault()))
            }
            Event::Unauthorized => reply(true, Err(Failure::Unauthorized(None))),
            Event::Throttled(retry_after) => {
                let retry_after = *retry_after;
                reply(true, Err(Failure::RateLimited { retry_after }))
            }
            Event::Rejected => reply(true, Err(rejected())),
            Event::NotFound => reply(true, Err(Failure::NotFound)),
            Event::WorkerLost { sent, stored } => {
                write(*sent && *stored);
                (*sent, after_lost_lease(self.history, now))
            }
        }
    }
}

pub(super) fn fault() -> Failure {
    Failure::Fault(Fault {
        cause: FaultCause::Trap,
        detail: String::new(),
    })
}

pub(super) fn rejected() -> Failure {
    Failure::Rejected(Rejection {
        code: String::new(),
        message: "no".into(),
        fields: vec![],
    })
}
