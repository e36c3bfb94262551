//! Operators' actions on deliveries that are dead or in review: replay, discard, settle, edit.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::alert;
use crate::column::{Columns, json, later, micros, stored};
use crate::intake::rows::{RenewedLead, add_payload, renew_leads};
use crate::lead::rows::clear_manual;
use crate::writer::Write;
use jackfield_domain::delivery::{DeliveryKind, DocumentShape};
use jackfield_domain::id::{DeliveryId, LeadId};
use jackfield_domain::lead::Priority;
use jackfield_store::{DeliveryEdit, ReplayDeliveries, Replayed, StoreError};

impl Write for ReplayDeliveries {
    type Output = Vec<Replayed>;

    /// The lead's flag stays until the disposition is delivered: until then, somebody may have to enter it by hand.
    async fn run(&self, db: &mut SqliteConnection) -> Result<Vec<Replayed>, StoreError> {
        let mut replayed = vec![];
        let mut due = stored(self.now);
        let leads = DeliveryKind::ALL
            .into_iter()
            .filter(|kind| kind.rules().document == DocumentShape::Lead);
        let leads = json("a list of kinds", &leads.map(DeliveryKind::word).collect::<Vec<_>>())?;
        for id in &self.ids {
            let changed = sqlx::query(
                "update delivery set
                     state = 'ready', generation = generation + 1, due = ?2, reason = null,
                     counted = 0, throttles = 0, throttled_since = null, conflicts = 0, lost_leases = 0,
                     ambiguous = ambiguous and not ?3, changed_at = ?4
                 where id = ?1 and state in ('dead', 'review')
                     and (lead is not null or kind not in (select value from json_each(?5)))",
            )
            .bind(id.0)
            .bind(micros(due))
            .bind(self.not_landed)
            .bind(micros(self.now))
            .bind(&leads)
            .execute(&mut *db)
            .await?;
            if changed.rows_affected() > 0 {
                alert::close_decisions(db, *id, self.now).await?;
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
        clear_flags(db, row, self.id, self.now).await
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
        clear_flags(db, row, self.id, self.now).await
    }
}

/// Clears what asked a person to act on a delivery that is ended now: its alerts, and the flag of its lead. False if
/// there was no such delivery.
async fn clear_flags(
    db: &mut SqliteConnection,
    ended: Option<SqliteRow>,
    id: DeliveryId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(row) = ended else { return Ok(false) };
    alert::close_decisions(db, id, now).await?;
    let lead: Option<String> = row.plain("lead")?;
    let kind = row.checked("kind", DeliveryKind::from_word)?;
    if let Some(lead) = lead.filter(|_| kind.rules().manual) {
        clear_manual(db, &[(row.plain("tenant")?, lead)]).await?;
    }
    Ok(true)
}

impl Write for DeliveryEdit {
    type Output = bool;

    /// Repeats are still recognized by the accepted payload.
    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let edited = sqlx::query(
            "update delivery set payload = payload + 1, changed_at = ? where id = ? and state = 'review'
             returning payload, kind, tenant, lead",
        )
        .bind(micros(self.now))
        .bind(self.id.0)
        .fetch_optional(&mut *db)
        .await?;
        let Some(edited) = edited else { return Ok(false) };
        add_payload(db, self.id, edited.plain("payload")?, &self.payload, self.now).await?;
        if let Some((lead, priority)) = &self.lead {
            let kind = edited.checked("kind", DeliveryKind::from_word)?;
            name_lead(db, self.id, kind, lead, *priority).await?;
        }
        if let Some(lead) = edited.id_option("lead")?.filter(|_| self.do_not_call) {
            alert::close_do_not_call(db, &edited.id("tenant")?, &lead, self.now).await?;
        }
        Ok(true)
    }
}

/// Makes the lead of a delivery known, if it was not.
async fn name_lead(
    db: &mut SqliteConnection,
    id: DeliveryId,
    kind: DeliveryKind,
    lead: &LeadId,
    priority: Priority,
) -> Result<(), StoreError> {
    let named = sqlx::query(
        "update delivery set lead = ?, order_key = ?, rank = ? where id = ? and lead is null
         returning tenant, accepted_at",
    )
    .bind(lead.as_str())
    .bind(kind.order_key(lead))
    .bind(priority.rank().number())
    .bind(id.0)
    .fetch_optional(&mut *db)
    .await?;
    let Some(named) = named else { return Ok(()) };
    let renewed = RenewedLead {
        tenant: &named.id("tenant")?,
        lead,
        priority,
        delivery: id,
        accepted_at: named.time("accepted_at")?,
    };
    renew_leads(db, &[renewed]).await
}
