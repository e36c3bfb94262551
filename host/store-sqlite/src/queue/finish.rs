//! Ends attempts: by their worker's report, or by the expiry of the lease if the worker was lost.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{SqliteConnection, SqlitePool};

use crate::breaker;
use crate::column::{json, micros};
use crate::delivery::row::{Conclusion, DeliveryRow, conclude};
use crate::intake::rows::{NewDelivery, NewIds, RenewedLead, insert_deliveries, renew_leads};
use crate::lead::rows::clear_manual;
use crate::writer::{Write, WriteTogether};
use jackfield_domain::delivery::{
    AttemptHistory, DeliveryKind, DeliveryRank, DeliveryState, DeliveryVerdict, LOST_LEASE_MESSAGE, NextStep,
    after_lost_lease,
};
use jackfield_domain::id::DedupKey;
use jackfield_store::{AttemptDetail, FinishAttempt, FinishOutcome, Lease, NewLead, RefusedLead, StoreError};

impl WriteTogether for FinishAttempt {
    type Output = FinishOutcome;

    async fn run_together(works: &[&Self], db: &mut SqliteConnection) -> Result<Vec<FinishOutcome>, StoreError> {
        end_attempts(works, db).await?;
        let concluded = conclude_plain(works, db).await?;
        let mut outcomes = Vec::with_capacity(works.len());
        for work in works {
            outcomes.push(if !is_plain_success(work) {
                conclude_one(work, db).await?
            } else if concluded.contains(&work.lease) {
                FinishOutcome::Stored { leads: 0 }
            } else {
                FinishOutcome::LeaseLost
            });
        }
        Ok(outcomes)
    }
}

/// Stores what the attempts' workers report, even if it comes too late to count; of each attempt only the first report.
async fn end_attempts(works: &[&FinishAttempt], db: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(works.len());
    for work in works {
        values.push(json!({
            "id": work.lease.id.0,
            "fence": work.lease.fence.0,
            "now": micros(work.now),
            "class": work.verdict.class.word(),
            "detail": json("an attempt", &work.detail)?,
        }));
    }
    sqlx::query(
        "update attempt
         set ended_at = v.value ->> 'now', class = v.value ->> 'class', detail = v.value ->> 'detail'
         from json_each(?) v
         where attempt.delivery = v.value ->> 'id' and attempt.fence = v.value ->> 'fence'
             and attempt.ended_at is null",
    )
    .bind(json("a list of attempts", &values)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The common case: a success from which nothing else follows.
const fn is_plain_success(work: &FinishAttempt) -> bool {
    matches!(work.verdict.step, NextStep::Done { .. })
        && work.verdict.alert.is_none()
        && work.leads.is_empty()
        && work.refused.is_empty()
        && work.breaker.is_none()
}

/// Concludes all plain successes at once, and returns the leases that still held.
async fn conclude_plain(works: &[&FinishAttempt], db: &mut SqliteConnection) -> Result<HashSet<Lease>, StoreError> {
    let conclusions: Vec<_> = works
        .iter()
        .filter(|work| is_plain_success(work))
        .map(|work| conclusion(work))
        .collect();
    if conclusions.is_empty() {
        return Ok(HashSet::new());
    }
    let concluded = conclude(db, &conclusions).await?;
    let leases = concluded.iter().map(|delivery| delivery.lease).collect();
    let leads = concluded.into_iter().filter(|delivery| delivery.kind.rules().manual);
    let leads: Vec<_> = leads
        .filter_map(|delivery| Some((delivery.tenant, delivery.lead?)))
        .collect();
    clear_manual(db, &leads).await?;
    Ok(leases)
}

const fn conclusion(work: &FinishAttempt) -> Conclusion<'_> {
    Conclusion {
        lease: work.lease,
        from: DeliveryState::Leased,
        verdict: &work.verdict,
        now: work.now,
    }
}

/// Concludes the general case, with what follows from it.
async fn conclude_one(work: &FinishAttempt, db: &mut SqliteConnection) -> Result<FinishOutcome, StoreError> {
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
    let delivery = DeliveryRow::read(&row)?;
    delivery.conclude(db, &work.verdict, work.now).await?;
    let mut leads = 0;
    if delivery.kind.rules().document.is_raw() && matches!(work.verdict.step, NextStep::Done { .. }) {
        for lead in &work.leads {
            leads += usize::from(add_lead(work, db, &delivery, lead).await?);
        }
        for refused in &work.refused {
            add_refused_lead(work, db, &delivery, refused).await?;
        }
    }
    Ok(FinishOutcome::Stored { leads })
}

/// Inserts a lead and its delivery. True if there is something to push; also false if its key was used before.
async fn add_lead(
    work: &FinishAttempt,
    db: &mut SqliteConnection,
    webhook: &DeliveryRow,
    new: &NewLead,
) -> Result<bool, StoreError> {
    if is_known_lead(db, webhook, &new.key).await? {
        return Ok(false);
    }
    let id = NewIds::read(db).await?.delivery();
    let delivery = NewDelivery {
        id,
        tenant: &webhook.tenant,
        kind: DeliveryKind::Lead,
        key: new.key.as_str(),
        receipt: webhook.receipt,
        lead: Some(&new.lead.id),
        rank: new.lead.priority.rank(),
        state: DeliveryState::of_new_lead(new.push),
        due: work.now,
        accepted_at: webhook.accepted_at,
        now: work.now,
        payload: Some(new.lead.document.text().as_bytes()),
    };
    insert_deliveries(db, &[delivery]).await?;
    let renewed = RenewedLead {
        tenant: &webhook.tenant,
        lead: &new.lead.id,
        priority: new.lead.priority,
        delivery: id,
        accepted_at: webhook.accepted_at,
    };
    renew_leads(db, &[renewed]).await?;
    Ok(new.push)
}

/// Whether the webhook's lead with this key has a delivery already, because the webhook was parsed before.
async fn is_known_lead(db: &mut SqliteConnection, webhook: &DeliveryRow, key: &DedupKey) -> Result<bool, StoreError> {
    let known = sqlx::query("select 1 from delivery where tenant = ? and kind = ? and dedup_key = ?")
        .bind(webhook.tenant.as_str())
        .bind(DeliveryKind::Lead.word())
        .bind(key.as_str())
        .fetch_optional(db)
        .await?;
    Ok(known.is_some())
}

/// Inserts a delivery in review for a lead that was refused, with its alert and an attempt that says why.
async fn add_refused_lead(
    work: &FinishAttempt,
    db: &mut SqliteConnection,
    webhook: &DeliveryRow,
    refused: &RefusedLead,
) -> Result<(), StoreError> {
    if is_known_lead(db, webhook, &refused.key).await? {
        return Ok(());
    }
    let id = NewIds::read(db).await?.delivery();
    let delivery = NewDelivery {
        id,
        tenant: &webhook.tenant,
        kind: DeliveryKind::Lead,
        key: refused.key.as_str(),
        receipt: webhook.receipt,
        lead: None,
        rank: DeliveryRank::UNPARSED,
        state: DeliveryState::Ready,
        due: work.now,
        accepted_at: webhook.accepted_at,
        now: work.now,
        payload: Some(refused.document.as_bytes()),
    };
    insert_deliveries(db, &[delivery]).await?;
    let verdict = DeliveryVerdict::refused(AttemptHistory::default());
    let detail = AttemptDetail {
        message: "refused".into(),
        rejection: Some(refused.rejection.clone()),
        ..AttemptDetail::default()
    };
    sqlx::query(
        "insert into attempt (delivery, fence, tenant, release, started_at, ended_at, class, detail)
         select ?1, 0, tenant, release, ?2, ?2, ?3, ?4 from attempt where delivery = ?5 and fence = ?6",
    )
    .bind(id.0)
    .bind(micros(work.now))
    .bind(verdict.class.word())
    .bind(json("an attempt", &detail)?)
    .bind(work.lease.id.0)
    .bind(work.lease.fence.0)
    .execute(&mut *db)
    .await?;
    let row = sqlx::query("select * from delivery where id = ?")
        .bind(id.0)
        .fetch_one(&mut *db)
        .await?;
    DeliveryRow::read(&row)?.conclude(db, &verdict, work.now).await
}

/// Leases that have expired, and all leases of one host.
pub(crate) const LOST_LEASES: &str = "select * from delivery indexed by delivery_leased
    where state = 'leased' and (lease_until <= ?2 or substr(lease_owner, 1, length(?1) + 1) = ?1 || '/')";

/// Whether [`Reap`] would find anything.
pub(crate) async fn are_leases_lost(
    db: &SqlitePool,
    now: Timestamp,
    restarted_host: Option<&str>,
) -> Result<bool, StoreError> {
    let lost = sqlx::query(LOST_LEASES)
        .bind(restarted_host)
        .bind(micros(now))
        .fetch_optional(db)
        .await?;
    Ok(lost.is_some())
}

/// Expires the leases of lost workers.
pub(crate) struct Reap {
    pub(crate) now: Timestamp,
    /// The host whose leases are lost even before they expire.
    pub(crate) restarted_host: Option<String>,
}

impl Write for Reap {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let lost = sqlx::query(LOST_LEASES)
            .bind(self.restarted_host.as_deref())
            .bind(micros(self.now))
            .fetch_all(&mut *db)
            .await?;
        for row in &lost {
            let delivery = DeliveryRow::read(row)?;
            let verdict = after_lost_lease(delivery.history, self.now);
            let detail = AttemptDetail {
                message: LOST_LEASE_MESSAGE.into(),
                ..AttemptDetail::default()
            };
            sqlx::query("update attempt set class = ?, detail = ? where delivery = ? and fence = ?")
                .bind(verdict.class.word())
                .bind(json("an attempt", &detail)?)
                .bind(delivery.id.0)
                .bind(delivery.fence.0)
                .execute(&mut *db)
                .await?;
            delivery.conclude(db, &verdict, self.now).await?;
        }
        Ok(lost.len())
    }
}
