//! Operators' actions on deliveries that are dead or in review: replay, discard, settle, edit.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, json, later, micros, stored};
use crate::intake::rows::add_payload;
use crate::lead::rows::clear_manual;
use crate::writer::Write;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{ReplayDeliveries, Replayed, StoreError};

impl Write for ReplayDeliveries {
    type Output = Vec<Replayed>;

    /// The lead's flag stays until the disposition is delivered: until then, somebody may have to enter it by hand.
    async fn run(&self, db: &mut SqliteConnection) -> Result<Vec<Replayed>, StoreError> {
        let mut replayed = vec![];
        let mut due = stored(self.now);
        for id in &self.ids {
            let changed = sqlx::query(
                "update delivery set
                     state = 'ready', generation = generation + 1, due = ?2, reason = null,
                     counted = 0, throttles = 0, throttled_since = null, conflicts = 0, lost_leases = 0,
                     ambiguous = ambiguous and not ?3, changed_at = ?4
                 where id = ?1 and state in ('dead', 'review')",
            )
            .bind(id.0)
            .bind(micros(due))
            .bind(self.not_landed)
            .bind(micros(self.now))
            .execute(&mut *db)
            .await?;
            if changed.rows_affected() > 0 {
                replayed.push(Replayed { id: *id, due });
                due = stored(later(due, self.spacing));
            }
        }
        Ok(replayed)
    }
}

/// Ends a stopped delivery for good.
pub(crate) struct Discard {
    pub(crate) id: DeliveryId,
    pub(crate) now: Timestamp,
}

impl Write for Discard {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "update delivery set state = 'discarded', changed_at = ? where id = ? and state in ('dead', 'review')
             returning tenant, kind, lead",
        )
        .bind(micros(self.now))
        .bind(self.id.0)
        .fetch_optional(&mut *db)
        .await?;
        unflag(db, row).await
    }
}

/// Marks a stopped delivery as done, because an operator knows that it is.
pub(crate) struct Settle {
    pub(crate) id: DeliveryId,
    pub(crate) reference: Option<String>,
    pub(crate) now: Timestamp,
}

impl Write for Settle {
    type Output = bool;

    /// The class of the last attempt and the reason for stopping stay: they explain why a person had to do this.
    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let kinds = DeliveryKind::ALL.into_iter().filter(|kind| kind.rules().may_be_settled);
        let kinds: Vec<_> = kinds.map(DeliveryKind::word).collect();
        let row = sqlx::query(
            "update delivery set state = 'done', reference = ?, ambiguous = 0, changed_at = ?
             where id = ? and state in ('dead', 'review') and kind in (select value from json_each(?))
             returning tenant, kind, lead",
        )
        .bind(self.reference.as_deref())
        .bind(micros(self.now))
        .bind(self.id.0)
        .bind(json("a list of kinds", &kinds)?)
        .fetch_optional(&mut *db)
        .await?;
        unflag(db, row).await
    }
}

/// Clears the flag of an ended delivery's lead; false if there was no such delivery.
async fn unflag(db: &mut SqliteConnection, ended: Option<SqliteRow>) -> Result<bool, StoreError> {
    let Some(row) = ended else { return Ok(false) };
    let lead: Option<String> = row.plain("lead")?;
    let kind = row.checked("kind", DeliveryKind::from_word)?;
    if let Some(lead) = lead.filter(|_| kind.rules().manual) {
        clear_manual(db, &[(row.plain("tenant")?, lead)]).await?;
    }
    Ok(true)
}

/// Replaces the payload of a delivery in review. Repeats are still recognized by the accepted payload.
pub(crate) struct Edit {
    pub(crate) id: DeliveryId,
    pub(crate) payload: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Write for Edit {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let version: Option<i64> = sqlx::query_scalar(
            "update delivery set payload = payload + 1, changed_at = ? where id = ? and state = 'review'
             returning payload",
        )
        .bind(micros(self.now))
        .bind(self.id.0)
        .fetch_optional(&mut *db)
        .await?;
        let Some(version) = version else { return Ok(false) };
        add_payload(db, self.id, version, &self.payload, self.now).await?;
        Ok(true)
    }
}
