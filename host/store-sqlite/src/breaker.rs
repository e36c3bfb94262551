//! The recorded state of tenants' breakers, and the expiry of deliveries that a breaker held for too long.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::SqliteStore;
use crate::alert::raise_for_tenant;
use crate::column::{Columns, micros};
use crate::delivery::row::DeliveryRow;
use crate::writer::Write;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::breaker::{
    BreakerChange, BreakerEvent, BreakerOverride, open_since_after_override, opened_message,
};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryVerdict};
use jackfield_domain::id::{DeliveryId, TenantName};
use jackfield_store::{BreakerRecord, BreakerStore, ExpireHeld, StoreError};

#[async_trait]
impl BreakerStore for SqliteStore {
    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        list(&self.readers).await
    }

    async fn force_breaker(
        &self,
        tenant: &TenantName,
        forced: Option<BreakerOverride>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.writer.submit(SetOverride { tenant, forced, now }).await
    }

    async fn expire_held(&self, request: ExpireHeld) -> Result<usize, StoreError> {
        if !is_anything_held(&self.readers, &request).await? {
            return Ok(0);
        }
        self.writer.submit_urgent(request).await
    }
}

/// Records that a tenant's breaker opened, with an alert unless that was recorded already, or that it closed.
pub(crate) async fn note(
    db: &mut SqliteConnection,
    delivery: DeliveryId,
    change: BreakerChange,
    class: AttemptClass,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "select d.tenant, b.open_since from delivery d left join breaker b on b.tenant = d.tenant where d.id = ?",
    )
    .bind(delivery.0)
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let tenant: TenantName = row.id("tenant")?;
    match change.event(row.time_option("open_since")?) {
        Some(BreakerEvent::Closed) => set_open_since(db, &tenant, None).await,
        Some(BreakerEvent::Opened) => {
            set_open_since(db, &tenant, Some(now)).await?;
            let message = opened_message(&tenant, class);
            raise_for_tenant(db, &tenant, AlertKind::BreakerOpen, &message, now).await
        }
        None => Ok(()),
    }
}

async fn set_open_since(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into breaker (tenant, open_since) values (?, ?)
         on conflict (tenant) do update set open_since = excluded.open_since",
    )
    .bind(tenant.as_str())
    .bind(since.map(micros))
    .execute(db)
    .await?;
    Ok(())
}

/// Stores an operator's override.
pub(crate) struct SetOverride {
    pub(crate) tenant: TenantName,
    pub(crate) forced: Option<BreakerOverride>,
    pub(crate) now: Timestamp,
}

impl Write for SetOverride {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let row = sqlx::query("select forced, open_since from breaker where tenant = ?")
            .bind(self.tenant.as_str())
            .fetch_optional(&mut *db)
            .await?;
        let (before, open_since) = match &row {
            Some(row) => (
                row.checked_option("forced", BreakerOverride::from_word)?,
                row.time_option("open_since")?,
            ),
            None => (None, None),
        };
        let open_since = open_since_after_override(open_since, before, self.forced, self.now);
        sqlx::query(
            "insert into breaker (tenant, forced, open_since) values (?, ?, ?)
             on conflict (tenant) do update set forced = excluded.forced, open_since = excluded.open_since",
        )
        .bind(self.tenant.as_str())
        .bind(self.forced.map(BreakerOverride::word))
        .bind(open_since.map(micros))
        .execute(db)
        .await?;
        Ok(())
    }
}

/// The record of every breaker.
pub(crate) async fn list(db: &SqlitePool) -> Result<Vec<BreakerRecord>, StoreError> {
    let rows = sqlx::query("select * from breaker").fetch_all(db).await?;
    let record = |row: &SqliteRow| {
        Ok(BreakerRecord {
            tenant: row.id("tenant")?,
            forced: row.checked_option("forced", BreakerOverride::from_word)?,
            open_since: row.time_option("open_since")?,
        })
    };
    rows.iter().map(record).collect()
}

/// Deliveries of one kind and rank of a tenant that are not blocked and have been due for too long. Deliveries behind
/// them follow once these are dead.
pub(crate) const HELD: &str = "select * from delivery indexed by delivery_ready
    where tenant = ? and kind = ? and rank = ? and state = 'ready' and blocked = 0 and due <= ?
    order by due, id limit ?";

/// The kinds that the breaker holds back, each with every rank, most urgent first.
fn guarded() -> impl Iterator<Item = (DeliveryKind, DeliveryRank)> {
    let kinds = DeliveryKind::ALL.into_iter().filter(|kind| kind.rules().breaker);
    kinds.flat_map(|kind| DeliveryRank::ALL.map(|rank| (kind, rank)))
}

/// Whether [`ExpireHeld`] would find anything.
pub(crate) async fn is_anything_held(db: &SqlitePool, request: &ExpireHeld) -> Result<bool, StoreError> {
    for (kind, rank) in guarded() {
        let held = sqlx::query(HELD)
            .bind(request.tenant.as_str())
            .bind(kind.word())
            .bind(rank.number())
            .bind(micros(request.due_by))
            .bind(1)
            .fetch_optional(db)
            .await?;
        if held.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Write for ExpireHeld {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let mut expired = 0;
        for (kind, rank) in guarded() {
            // A lead's next delivery is unblocked only when the previous one is dead, so this repeats until none is
            // left.
            while expired < self.limit {
                let held = sqlx::query(HELD)
                    .bind(self.tenant.as_str())
                    .bind(kind.word())
                    .bind(rank.number())
                    .bind(micros(self.due_by))
                    .bind(self.limit - expired)
                    .fetch_all(&mut *db)
                    .await?;
                if held.is_empty() {
                    break;
                }
                for row in &held {
                    let held = DeliveryRow::read(row)?;
                    held.conclude(db, &DeliveryVerdict::held_too_long(held.history), self.now)
                        .await?;
                    expired += 1;
                }
            }
        }
        Ok(expired as usize)
    }
}
