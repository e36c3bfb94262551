//! Random operations on a store and on a simple model of it: both must agree on which deliveries can be claimed, which
//! reports count, and the state of every delivery. So no sequence of events loses, doubles or reorders a delivery.

use crate::{
    Accept, ClaimedDelivery, DeliveryFilter, FinishAttempt, FinishOutcome, ReplayDeliveries, SharedStore, StoreError,
};
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{AttemptHistory, DeliveryState, DeliveryVerdict, NextStep, after_lost_lease};
use jackfield_domain::id::{DeliveryId, TenantName};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::fixture::{LEASE, at, claim_of, disposition_of, finish_attempt, page, rejected};

/// The number of sequences, and of operations in each.
const RUNS: usize = 24;
const STEPS: usize = 120;

#[derive(Debug, Clone)]
enum Operation {
    Accept { call: u8, lead: u8, dnc: bool },
    Claim { limit: u32 },
    Finish { which: Index, how: u8 },
    Release { which: Index },
    Wait { seconds: i64 },
    Reap,
    Replay { which: Index, not_landed: bool },
    Discard { which: Index },
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (0..40_u8, 0..4_u8, proptest::bool::weighted(0.2))
            .prop_map(|(call, lead, dnc)| Operation::Accept { call, lead, dnc }),
        4 => (1..4_u32).prop_map(|limit| Operation::Claim { limit }),
        5 => (any::<Index>(), 0..7_u8).prop_map(|(which, how)| Operation::Finish { which, how }),
        1 => any::<Index>().prop_map(|which| Operation::Release { which }),
        3 => (1..400_i64).prop_map(|seconds| Operation::Wait { seconds }),
        2 => Just(Operation::Reap),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(which, not_landed)| Operation::Replay { which, not_landed }),
        1 => any::<Index>().prop_map(|which| Operation::Discard { which }),
    ]
}

/// A delivery in the model.
#[derive(Debug, Clone, PartialEq)]
struct ModelDelivery {
    id: DeliveryId,
    call: u8,
    lead: u8,
    dnc: bool,
    state: DeliveryState,
    due: Timestamp,
    until: Timestamp,
    fence: i64,
    history: AttemptHistory,
    generation: u32,
}

impl ModelDelivery {
    /// Do-not-calls first, then in order of acceptance.
    fn position(&self) -> (bool, DeliveryId) {
        (!self.dnc, self.id)
    }

    fn conclude(&mut self, verdict: &DeliveryVerdict) {
        self.state = verdict.step.state();
        self.history = verdict.history;
        if let NextStep::Retry { due } = verdict.step {
            self.due = due;
        }
    }
}

struct Run {
    store: SharedStore,
    tenant: TenantName,
    now: Timestamp,
    model: Vec<ModelDelivery>,
    /// Every claim ever made, so that reports can also be late.
    claims: Vec<ClaimedDelivery>,
}

/// Accepts, claims, reports (in time, late, twice), lost workers, replays and discards in any order.
pub async fn random_operations_agree_with_the_model(store: SharedStore) {
    let mut runner = TestRunner::deterministic();
    let sequences = proptest::collection::vec(operation(), STEPS);
    for number in 0..RUNS {
        let mut run = Run {
            store: store.clone(),
            tenant: format!("run-{number}").parse().unwrap(),
            now: at(0),
            model: vec![],
            claims: vec![],
        };
        for operation in sequences.new_tree(&mut runner).unwrap().current() {
            run.perform(&operation).await.unwrap();
            run.compare(&operation).await;
        }
    }
}

impl Run {
    async fn perform(&mut self, operation: &Operation) -> Result<(), StoreError> {
        match *operation {
            Operation::Accept { call, lead, dnc } => self.accept(call, lead, dnc).await?,
            Operation::Claim { limit } => self.claim(limit).await?,
            Operation::Finish { which, how } => self.finish(which, how).await?,
            Operation::Release { which } => self.release(which).await?,
            Operation::Wait { seconds } => self.now += SignedDuration::from_secs(seconds),
            Operation::Reap => self.reap().await?,
            Operation::Replay { which, not_landed } => self.replay(which, not_landed).await?,
            Operation::Discard { which } => self.discard(which).await?,
        }
        Ok(())
    }

    async fn accept(&mut self, call: u8, lead: u8, dnc: bool) -> Result<(), StoreError> {
        let outcome = if dnc { "dnc_requested" } else { "no_answer" };
        let (call_id, lead_id) = (format!("C-{call}"), format!("L-{lead}"));
        let disposition = disposition_of(&self.tenant, &call_id, &lead_id, outcome, self.now);
        let known = self.model.iter().find(|delivery| delivery.call == call);
        match (self.store.accept_disposition(disposition).await?, known) {
            (Accept::New(receipt), None) => self.model.push(ModelDelivery {
                id: receipt.delivery,
                call,
                lead,
                dnc,
                state: DeliveryState::Ready,
                due: self.now,
                until: self.now,
                fence: 0,
                history: AttemptHistory::default(),
                generation: 0,
            }),
            (Accept::Repeat(receipt), Some(known)) if (known.lead, known.dnc) == (lead, dnc) => {
                assert_eq!(receipt.delivery, known.id);
            }
            (Accept::Conflict, Some(known)) => assert_ne!((known.lead, known.dnc), (lead, dnc)),
            (answer, known) => panic!("{answer:?} for {known:?}"),
        }
        Ok(())
    }

    async fn claim(&mut self, limit: u32) -> Result<(), StoreError> {
        let mut waiting: Vec<_> = self
            .model
            .iter()
            .filter(|d| d.state == DeliveryState::Ready && d.due <= self.now)
            .collect();
        waiting.sort_by_key(|delivery| (!delivery.dnc, delivery.due, delivery.id));
        let is_claimable = |delivery: &&&ModelDelivery| {
            self.model.iter().all(|other| {
                other.lead != delivery.lead
                    || other.id == delivery.id
                    || !other.state.is_live()
                    || (other.state == DeliveryState::Ready && other.position() > delivery.position())
            })
        };
        let expected: Vec<_> = waiting
            .iter()
            .filter(is_claimable)
            .map(|d| d.id)
            .take(limit as usize)
            .collect();
        let claim = claim_of("worker", std::slice::from_ref(&self.tenant), limit, self.now);
        let claimed = self.store.claim(claim).await?;
        assert_eq!(claimed.iter().map(|c| c.lease.id).collect::<Vec<_>>(), expected);
        for claimed in claimed {
            let delivery = self.model.iter_mut().find(|d| d.id == claimed.lease.id).unwrap();
            assert!(claimed.lease.fence.0 > delivery.fence, "a fence identifies one claim");
            assert_eq!(claimed.history, delivery.history);
            delivery.state = DeliveryState::Leased;
            delivery.fence = claimed.lease.fence.0;
            delivery.until = self.now + SignedDuration::try_from(LEASE).unwrap();
            self.claims.push(claimed);
        }
        Ok(())
    }

    /// A claim, and its delivery if the lease still holds.
    fn pick(&mut self, which: Index) -> Option<(ClaimedDelivery, Option<&mut ModelDelivery>)> {
        // One of the latest claims, so that most reports are in time.
        let latest = self.claims.len().saturating_sub(4);
        let recent = &self.claims[latest..];
        let claimed = recent.get(which.index(recent.len().max(1)))?.clone();
        let lease = claimed.lease;
        let holds =
            |d: &&mut ModelDelivery| d.id == lease.id && d.fence == lease.fence.0 && d.state == DeliveryState::Leased;
        let holder = self.model.iter_mut().find(holds);
        Some((claimed, holder))
    }

    async fn finish(&mut self, which: Index, how: u8) -> Result<(), StoreError> {
        let outcome = match how {
            0 | 1 => Ok("R"),
            2 => Err(Failure::Unavailable(None)),
            3 => Err(Failure::Unknown(None)),
            4 => Err(rejected()),
            5 => Err(Failure::Unauthorized(None)),
            _ => Err(Failure::RateLimited { retry_after: None }),
        };
        let (store, now) = (self.store.clone(), self.now);
        let Some((claimed, holder)) = self.pick(which) else {
            return Ok(());
        };
        let finish: FinishAttempt = finish_attempt(&claimed, outcome, now);
        let stored = store.finish(finish.clone()).await?;
        assert_eq!(stored != FinishOutcome::LeaseLost, holder.is_some());
        if let Some(delivery) = holder {
            delivery.conclude(&finish.verdict);
        }
        Ok(())
    }

    async fn release(&mut self, which: Index) -> Result<(), StoreError> {
        let store = self.store.clone();
        let Some((claimed, holder)) = self.pick(which) else {
            return Ok(());
        };
        store.release_leases(&[claimed.lease]).await?;
        if let Some(delivery) = holder {
            delivery.state = DeliveryState::Ready;
        }
        Ok(())
    }

    async fn reap(&mut self) -> Result<(), StoreError> {
        // This also ends leases of earlier runs.
        let lost = |d: &&mut ModelDelivery| d.state == DeliveryState::Leased && d.until <= self.now;
        let mut count = 0;
        for delivery in self.model.iter_mut().filter(lost) {
            delivery.conclude(&after_lost_lease(delivery.history, self.now));
            count += 1;
        }
        assert!(self.store.reap(self.now, None).await? >= count);
        Ok(())
    }

    fn any(&mut self, which: Index) -> Option<&mut ModelDelivery> {
        let index = which.index(self.model.len().max(1));
        self.model.get_mut(index)
    }

    async fn replay(&mut self, which: Index, not_landed: bool) -> Result<(), StoreError> {
        let (store, now) = (self.store.clone(), self.now);
        let Some(delivery) = self.any(which) else { return Ok(()) };
        let order = ReplayDeliveries {
            not_landed,
            ..super::fixture::replay(&[delivery.id], now)
        };
        let replayed = store.replay(order).await?;
        assert_eq!(!replayed.is_empty(), delivery.state.is_stopped());
        if delivery.state.is_stopped() {
            delivery.state = DeliveryState::Ready;
            delivery.due = now;
            delivery.generation += 1;
            delivery.history = AttemptHistory {
                ambiguous: delivery.history.ambiguous && !not_landed,
                ..AttemptHistory::default()
            };
        }
        Ok(())
    }

    async fn discard(&mut self, which: Index) -> Result<(), StoreError> {
        let (store, now) = (self.store.clone(), self.now);
        let Some(delivery) = self.any(which) else { return Ok(()) };
        assert_eq!(store.discard(delivery.id, now).await?, delivery.state.is_stopped());
        if delivery.state.is_stopped() {
            delivery.state = DeliveryState::Discarded;
        }
        Ok(())
    }

    async fn compare(&self, operation: &Operation) {
        let filter = DeliveryFilter {
            tenant: Some(self.tenant.clone()),
            ..DeliveryFilter::default()
        };
        let stored = self.store.deliveries(&filter, page(None, 500)).await.unwrap().items;
        let stored: Vec<_> = stored
            .iter()
            .rev()
            .map(|d| (d.id, d.key.to_string(), d.state, d.counted, d.ambiguous, d.generation))
            .collect();
        let model: Vec<_> = self
            .model
            .iter()
            .map(|d| {
                (
                    d.id,
                    format!("C-{}", d.call),
                    d.state,
                    d.history.counted,
                    d.history.ambiguous,
                    d.generation,
                )
            })
            .collect();
        assert_eq!(stored, model, "after {operation:?}");
    }
}
