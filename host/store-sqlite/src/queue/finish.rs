//! Ends attempts: by their worker's report, or by the expiry of the lease if the worker was lost.

use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::breaker;
use crate::column::{json, micros};
use crate::delivery::row::DeliveryRow;
use crate::intake::rows::{NewDelivery, NewIds, RenewedLead, insert_deliveries, renew_leads};
use crate::queue::success::{self, Success};
use crate::writer::{Write, WriteTogether};
use jackfield_domain::delivery::{
    DeliveryKind, DeliveryState, DocumentShape, LOST_LEASE_MESSAGE, NextStep, after_lost_lease,
};
use jackfield_store::{AttemptDetail, FinishAttempt, FinishOutcome, NewLead, StoreError};

impl WriteTogether for FinishAttempt {
    type Output = FinishOutcome;

    async fn run_together(works: &[&Self], db: &mut SqliteConnection) -> Result<Vec<FinishOutcome>, StoreError> {
        let plain: Vec<_> = works.iter().filter_map(|work| plain_success(work)).collect();
        let stored = success::store(db, &plain).await?;
        let mut outcomes = Vec::with_capacity(works.len());
        for work in works {
            outcomes.push(match plain_success(work) {
                Some(success) if stored.contains(&success.lease) => FinishOutcome::Stored { leads: 0 },
                Some(_) => FinishOutcome::LeaseLost,
                None => run(work, db).await?,
            });
        }
        Ok(outcomes)
    }
}

/// The general case of an attempt's end.
async fn run(work: &FinishAttempt, db: &mut SqliteConnection) -> Result<FinishOutcome, StoreError> {
    end_attempt(work, db).await?;
    if let Some(change) = work.breaker {
        breaker::note(db, work.lease.id, change, work.verdict.class, work.now).await?;
    }
    let row = sqlx::query("select * from delivery where id = ? and fence = ? and state = 'leased'")
        .bind(work.lease.id.0)
        .bind(work.lease.fence.0)
        .fetch_optional(&mut *db)
        .await?;
    let Some(row) = row else {
        return Ok(FinishOutcome::LeaseLost);
    };
    let held = DeliveryRow::read(&row)?;
    held.conclude(db, &work.verdict, work.now).await?;
    let mut leads = 0;
    if held.kind.rules().document == DocumentShape::Raw && matches!(work.verdict.step, NextStep::Done { .. }) {
        for lead in &work.leads {
            leads += usize::from(add_lead(work, db, &held, lead).await?);
        }
    }
    Ok(FinishOutcome::Stored { leads })
}

/// The common case: a success from which nothing else follows.
fn plain_success(work: &FinishAttempt) -> Option<Success<'_>> {
    let FinishAttempt {
        lease,
        now,
        verdict,
        detail,
        leads,
        breaker: None,
    } = work
    else {
        return None;
    };
    match (&verdict.step, verdict.alert) {
        (NextStep::Done { reference }, None) if leads.is_empty() => Some(Success {
            lease: *lease,
            reference,
            class: verdict.class,
            progress: verdict.progress,
            detail,
            now: *now,
        }),
        _ => None,
    }
}

/// Stores a worker's report, even if it is too late to count, but only the first one.
async fn end_attempt(work: &FinishAttempt, db: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "update attempt set ended_at = ?, class = ?, detail = ?
         where delivery = ? and fence = ? and ended_at is null",
    )
    .bind(micros(work.now))
    .bind(work.verdict.class.word())
    .bind(json("an attempt", &work.detail)?)
    .bind(work.lease.id.0)
    .bind(work.lease.fence.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Inserts a lead and its delivery. True if there is something to push; also false if its key was used before.
async fn add_lead(
    work: &FinishAttempt,
    db: &mut SqliteConnection,
    held: &DeliveryRow,
    new: &NewLead,
) -> Result<bool, StoreError> {
    let known = sqlx::query("select 1 from delivery where tenant = ? and kind = ? and dedup_key = ?")
        .bind(held.tenant.as_str())
        .bind(DeliveryKind::Lead.word())
        .bind(new.key.as_str())
        .fetch_optional(&mut *db)
        .await?;
    if known.is_some() {
        return Ok(false);
    }
    let document = new.lead.document.to_string();
    let id = NewIds::read(db).await?.delivery();
    let delivery = NewDelivery {
        id,
        tenant: &held.tenant,
        kind: DeliveryKind::Lead,
        key: new.key.as_str(),
        receipt: held.receipt,
        lead: Some(&new.lead.id),
        rank: new.lead.priority.rank(),
        state: if new.push {
            DeliveryState::Ready
        } else {
            DeliveryState::Done
        },
        due: work.now,
        accepted_at: held.accepted_at,
        now: work.now,
        payload: Some(document.as_bytes()),
    };
    insert_deliveries(db, &[delivery]).await?;
    let renewed = RenewedLead {
        tenant: &held.tenant,
        lead: &new.lead.id,
        priority: new.lead.priority,
        delivery: id,
        accepted_at: held.accepted_at,
    };
    renew_leads(db, &[renewed]).await?;
    Ok(new.push)
}

/// Leases that have expired, and all leases of one host.
pub(crate) const LOST_LEASES: &str = "select * from delivery indexed by delivery_leased
    where state = 'leased' and (lease_until <= ?2 or substr(lease_owner, 1, length(?1) + 1) = ?1 || '/')";

/// Whether [`Reap`] would find anything.
pub(crate) async fn are_leases_lost(
    db: &SqlitePool,
    now: Timestamp,
    former_self: Option<&str>,
) -> Result<bool, StoreError> {
    let lost = sqlx::query(LOST_LEASES)
        .bind(former_self)
        .bind(micros(now))
        .fetch_optional(db)
        .await?;
    Ok(lost.is_some())
}

/// Expires the leases of lost workers.
pub(crate) struct Reap {
    pub(crate) now: Timestamp,
    /// The host whose leases are lost even before they expire.
    pub(crate) former_self: Option<String>,
}

impl Write for Reap {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let lost = sqlx::query(LOST_LEASES)
            .bind(self.former_self.as_deref())
            .bind(micros(self.now))
            .fetch_all(&mut *db)
            .await?;
        for row in &lost {
            let held = DeliveryRow::read(row)?;
            let verdict = after_lost_lease(held.progress, self.now);
            let detail = AttemptDetail {
                message: LOST_LEASE_MESSAGE.into(),
                ..AttemptDetail::default()
            };
            sqlx::query("update attempt set class = ?, detail = ? where delivery = ? and fence = ?")
                .bind(verdict.class.word())
                .bind(json("an attempt", &detail)?)
                .bind(held.id.0)
                .bind(held.fence.0)
                .execute(&mut *db)
                .await?;
            held.conclude(db, &verdict, self.now).await?;
        }
        Ok(lost.len())
    }
}
