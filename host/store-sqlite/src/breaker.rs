//! The recorded state of tenants' breakers, and the expiry of deliveries that a breaker held for too long.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::alert::raise_for_tenant;
use crate::column::{Columns as _, micros};
use crate::delivery::row::DeliveryRow;
use crate::sql::{all, execute, exists, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::breaker::{
    BreakerChange, BreakerEvent, BreakerOverride, open_since_after_override, opened_message,
};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryVerdict};
use jackfield_domain::id::TenantName;
use jackfield_store::{BreakerRecord, BreakerStore, ExpireHeld, Lease, StoreError};

#[async_trait]
impl BreakerStore for SqliteStore {
    async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        self.readers
            .read(|db| all(db, "select * from breaker", [], record))
            .await
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
        let held = request.clone();
        if !self.readers.read(move |db| is_anything_held(db, &held)).await? {
            return Ok(0);
        }
        self.writer.submit_urgent(request).await
    }
}

/// Records that the breaker of an attempt's tenant opened, with an alert unless that was recorded already, or that it
/// closed.
pub(crate) fn note(
    tx: &Transaction<'_>,
    attempt: Lease,
    change: BreakerChange,
    class: AttemptClass,
    now: Timestamp,
) -> Result<(), StoreError> {
    let noted = first(
        tx,
        "select a.tenant, b.open_since from attempt a left join breaker b on b.tenant = a.tenant
         where a.delivery = ? and a.fence = ?",
        [attempt.id.0, attempt.fence.0],
        |row| Ok((row.id::<TenantName>("tenant")?, row.time_option("open_since")?)),
    )?;
    let Some((tenant, open_since)) = noted else {
        return Ok(());
    };
    match change.event(open_since) {
        Some(BreakerEvent::Closed) => set_open_since(tx, &tenant, None),
        Some(BreakerEvent::Opened) => {
            set_open_since(tx, &tenant, Some(now))?;
            let message = opened_message(&tenant, class);
            raise_for_tenant(tx, &tenant, AlertKind::BreakerOpen, &message, now)
        }
        None => Ok(()),
    }
}

fn set_open_since(tx: &Transaction<'_>, tenant: &TenantName, since: Option<Timestamp>) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into breaker (tenant, open_since) values (?, ?)
         on conflict (tenant) do update set open_since = excluded.open_since",
        params![tenant.as_str(), since.map(micros)],
    )
    .map(drop)
}

/// Stores an operator's override.
struct SetOverride {
    tenant: TenantName,
    forced: Option<BreakerOverride>,
    now: Timestamp,
}

impl Write for SetOverride {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "select * from breaker where tenant = ?";
        let before = first(tx, sql, [self.tenant.as_str()], record)?;
        let (forced, open_since) = before.map_or((None, None), |before| (before.forced, before.open_since));
        let open_since = open_since_after_override(open_since, forced, self.forced, self.now);
        execute(
            tx,
            "insert into breaker (tenant, forced, open_since) values (?, ?, ?)
             on conflict (tenant) do update set forced = excluded.forced, open_since = excluded.open_since",
            params![
                self.tenant.as_str(),
                self.forced.map(BreakerOverride::word),
                open_since.map(micros),
            ],
        )
        .map(drop)
    }
}

fn record(row: &Row<'_>) -> Result<BreakerRecord, StoreError> {
    Ok(BreakerRecord {
        tenant: row.id("tenant")?,
        forced: row.word_option("forced", BreakerOverride::from_word)?,
        open_since: row.time_option("open_since")?,
    })
}

/// Deliveries of one kind and rank of a tenant that are not blocked and have been due for too long. Deliveries behind
/// them follow once these are dead.
pub(crate) const HELD: &str = "select * from queue indexed by queue_ready
    where tenant = ? and kind = ? and rank = ? and state = 'ready' and blocked = 0 and due <= ?
    order by due, id limit ?";

/// The kinds that the breaker holds back, each with every rank, most urgent first.
fn guarded() -> impl Iterator<Item = (DeliveryKind, DeliveryRank)> {
    let kinds = DeliveryKind::ALL.into_iter().filter(|kind| kind.rules().breaker);
    kinds.flat_map(|kind| DeliveryRank::ALL.map(|rank| (kind, rank)))
}

/// Whether [`ExpireHeld`] would find anything.
fn is_anything_held(db: &Connection, request: &ExpireHeld) -> Result<bool, StoreError> {
    for (kind, rank) in guarded() {
        let held = params![
            request.tenant.as_str(),
            kind.word(),
            rank.number(),
            micros(request.due_by),
            1
        ];
        if exists(db, HELD, held)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Write for ExpireHeld {
    type Output = usize;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<usize, StoreError> {
        let mut expired = 0;
        for (kind, rank) in guarded() {
            // A lead's next delivery is unblocked only when the previous one is dead, so this repeats until none is
            // left.
            while expired < self.limit {
                let held = all(
                    tx,
                    HELD,
                    params![
                        self.tenant.as_str(),
                        kind.word(),
                        rank.number(),
                        micros(self.due_by),
                        self.limit - expired,
                    ],
                    DeliveryRow::read,
                )?;
                if held.is_empty() {
                    break;
                }
                for held in &held {
                    held.conclude(tx, &DeliveryVerdict::held_too_long(held.history), self.now)?;
                    expired += 1;
                }
            }
        }
        Ok(expired as usize)
    }
}
