//! Ends attempts: by their worker's report, or by the expiry of the lease if the worker was lost.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::breaker;
use crate::column::{json, micros};
use crate::delivery::row::DeliveryRow;
use crate::intake::rows::{NewDelivery, RenewedLead, insert_delivery, is_key_taken, renew_lead};
use crate::queue::claim::leased;
use crate::sql::{all, execute, exists};
use crate::writer::{Transaction, Write};
use jackfield_domain::delivery::{
    AttemptHistory, DeliveryKind, DeliveryRank, DeliveryState, DeliveryVerdict, LOST_LEASE_MESSAGE, NextStep,
    after_lost_lease,
};
use jackfield_store::{AttemptDetail, FinishAttempt, FinishOutcome, NewLead, RefusedLead, StoreError};

impl Write for FinishAttempt {
    type Output = FinishOutcome;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<FinishOutcome, StoreError> {
        end_attempt(self, tx)?;
        if let Some(change) = self.breaker {
            breaker::note(tx, self.lease, change, self.verdict.class, self.now)?;
        }
        let Some(delivery) = leased(tx, self.lease)? else {
            return Ok(FinishOutcome::LeaseLost);
        };
        delivery.conclude(tx, &self.verdict, self.now)?;
        let mut leads = 0;
        if delivery.kind.rules().document.is_raw() && matches!(self.verdict.step, NextStep::Done { .. }) {
            for lead in &self.leads {
                leads += usize::from(add_lead(self, tx, &delivery, lead)?);
            }
            for refused in &self.refused {
                add_refused_lead(self, tx, &delivery, refused)?;
            }
        }
        Ok(FinishOutcome::Stored { leads })
    }
}

/// Stores what the attempt's worker reports, even if it comes too late to count; of each attempt only the first report.
fn end_attempt(work: &FinishAttempt, tx: &Transaction<'_>) -> Result<(), StoreError> {
    execute(
        tx,
        "update attempt set ended_at = ?, class = ?, detail = ? where delivery = ? and fence = ? and ended_at is null",
        params![
            micros(work.now),
            work.verdict.class.word(),
            json("an attempt", &work.detail)?,
            work.lease.id.0,
            work.lease.fence.0,
        ],
    )
    .map(drop)
}

/// Inserts a lead and its delivery. True if there is something to push; also false if its key was used before, because
/// the webhook was parsed before.
fn add_lead(
    work: &FinishAttempt,
    tx: &mut Transaction<'_>,
    webhook: &DeliveryRow,
    new: &NewLead,
) -> Result<bool, StoreError> {
    if is_key_taken(tx, &webhook.tenant, DeliveryKind::Lead, &new.key)? {
        return Ok(false);
    }
    let delivery = NewDelivery {
        id: tx.next_delivery(),
        tenant: &webhook.tenant,
        kind: DeliveryKind::Lead,
        key: new.key.as_str(),
        body_digest: None,
        receipt: webhook.receipt,
        lead: Some(&new.lead.id),
        rank: new.lead.priority.rank(),
        state: DeliveryState::of_new_lead(new.push),
        due: work.now,
        accepted_at: webhook.accepted_at,
        now: work.now,
        payload: Some(new.lead.document.text().as_bytes()),
    };
    insert_delivery(tx, &delivery)?;
    let renewed = RenewedLead {
        tenant: &webhook.tenant,
        lead: &new.lead.id,
        priority: new.lead.priority,
        delivery: delivery.id,
        receipt: webhook.receipt,
        payload: delivery.version(),
        accepted_at: webhook.accepted_at,
    };
    renew_lead(tx, &renewed)?;
    Ok(new.push)
}

/// Inserts a delivery in review for a lead that was refused, with its alert and an attempt that says why.
fn add_refused_lead(
    work: &FinishAttempt,
    tx: &mut Transaction<'_>,
    webhook: &DeliveryRow,
    refused: &RefusedLead,
) -> Result<(), StoreError> {
    if is_key_taken(tx, &webhook.tenant, DeliveryKind::Lead, &refused.key)? {
        return Ok(());
    }
    let delivery = NewDelivery {
        id: tx.next_delivery(),
        tenant: &webhook.tenant,
        kind: DeliveryKind::Lead,
        key: refused.key.as_str(),
        body_digest: None,
        receipt: webhook.receipt,
        lead: None,
        rank: DeliveryRank::UNPARSED,
        state: DeliveryState::Ready,
        due: work.now,
        accepted_at: webhook.accepted_at,
        now: work.now,
        payload: Some(refused.document.as_bytes()),
    };
    insert_delivery(tx, &delivery)?;
    let verdict = DeliveryVerdict::refused(AttemptHistory::default());
    let detail = AttemptDetail {
        message: "refused".into(),
        rejection: Some(refused.rejection.clone()),
        ..AttemptDetail::default()
    };
    execute(
        tx,
        "insert into attempt (delivery, fence, tenant, release, started_at, ended_at, class, detail)
         select ?1, 0, tenant, release, ?2, ?2, ?3, ?4 from attempt where delivery = ?5 and fence = ?6",
        params![
            delivery.id.0,
            micros(work.now),
            verdict.class.word(),
            json("an attempt", &detail)?,
            work.lease.id.0,
            work.lease.fence.0,
        ],
    )?;
    match DeliveryRow::find(tx, delivery.id)? {
        Some(row) => row.conclude(tx, &verdict, work.now),
        None => Ok(()),
    }
}

/// Leases that have expired, and all leases of one host.
pub(crate) const LOST_LEASES: &str = "select * from queue indexed by queue_leased
    where state = 'leased' and (lease_until <= ?2 or substr(lease_owner, 1, length(?1) + 1) = ?1 || '/')";

/// Expires the leases of lost workers.
#[derive(Clone)]
pub(super) struct Reap {
    pub(super) now: Timestamp,
    /// The host whose leases are lost even before they expire.
    pub(super) restarted_host: Option<String>,
}

impl Reap {
    /// Whether it finds anything.
    pub(super) fn finds_any(&self, db: &Connection) -> Result<bool, StoreError> {
        exists(db, LOST_LEASES, params![self.restarted_host, micros(self.now)])
    }
}

impl Write for Reap {
    type Output = usize;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<usize, StoreError> {
        let lost = all(
            tx,
            LOST_LEASES,
            params![self.restarted_host, micros(self.now)],
            DeliveryRow::read,
        )?;
        for delivery in &lost {
            let verdict = after_lost_lease(delivery.history, self.now);
            let detail = AttemptDetail {
                message: LOST_LEASE_MESSAGE.into(),
                ..AttemptDetail::default()
            };
            execute(
                tx,
                "update attempt set class = ?, detail = ? where delivery = ? and fence = ?",
                params![
                    verdict.class.word(),
                    json("an attempt", &detail)?,
                    delivery.id.0,
                    delivery.fence.0,
                ],
            )?;
            delivery.conclude(tx, &verdict, self.now)?;
        }
        Ok(lost.len())
    }
}
