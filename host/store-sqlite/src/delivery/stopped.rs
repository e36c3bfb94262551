//! Operators' actions on deliveries that are dead or in review: replay, discard, settle, edit.

use jiff::Timestamp;
use rusqlite::params;

use crate::alert;
use crate::column::{later, micros, stored};
use crate::delivery::row::{DeliveryRow, Ending};
use crate::intake::rows::{RenewedLead, add_payload, renew_lead};
use crate::lead::rows::clear_manual;
use crate::line;
use crate::sql::execute;
use crate::writer::{Transaction, Write};
use jackfield_domain::delivery::{DeliveryState, DocumentShape, LinePlace};
use jackfield_domain::id::{DeliveryId, LeadId};
use jackfield_domain::lead::Priority;
use jackfield_store::{DeliveryEdit, ReplayDeliveries, Replayed, StoreError};

impl Write for ReplayDeliveries {
    type Output = Vec<Replayed>;

    /// The lead's flag stays until the disposition is delivered: until then, somebody may have to enter it by hand.
    fn run(&self, tx: &mut Transaction<'_>) -> Result<Vec<Replayed>, StoreError> {
        let mut replayed = vec![];
        let mut due = stored(self.now);
        for id in &self.ids {
            let Some(row) = stopped(tx, *id)? else { continue };
            if row.lead.is_none() && row.kind.rules().document == DocumentShape::Lead {
                continue;
            }
            replay(self, tx, &row, due)?;
            alert::close_decisions(tx, *id, self.now)?;
            replayed.push(Replayed { id: *id, due });
            due = stored(later(due, self.spacing));
        }
        Ok(replayed)
    }
}

fn replay(
    work: &ReplayDeliveries,
    tx: &mut Transaction<'_>,
    row: &DeliveryRow,
    due: Timestamp,
) -> Result<(), StoreError> {
    let is_blocked = match &row.order_key {
        Some(order_key) => line::join(tx, &row.tenant, order_key, row.place)?,
        None => false,
    };
    execute(
        tx,
        "update queue set state = 'ready', blocked = ?, generation = generation + 1, due = ?, reason = null,
             counted = 0, throttles = 0, throttled_since = null, conflicts = 0, lost_leases = 0, ambiguous = ?,
             changed_at = ?
         where id = ?",
        params![
            is_blocked,
            micros(due),
            row.history.ambiguous && !work.not_landed,
            micros(work.now),
            row.id.0,
        ],
    )?;
    tx.count(&row.tenant, Some(row.state), DeliveryState::Ready);
    Ok(())
}

/// The delivery, if it is dead or in review.
fn stopped(tx: &Transaction<'_>, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
    Ok(DeliveryRow::find(tx, id)?.filter(|row| row.state.is_stopped()))
}

/// Ends a stopped delivery for good.
pub(super) struct Discard {
    pub(super) id: DeliveryId,
    pub(super) now: Timestamp,
}

impl Write for Discard {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let Some(row) = stopped(tx, self.id)? else {
            return Ok(false);
        };
        let ending = Ending {
            ambiguous: row.history.ambiguous,
            ..by_person(&row, DeliveryState::Discarded, None)
        };
        end(tx, &row, &ending, self.now)
    }
}

/// Marks a stopped delivery as done, because an operator knows that it is.
pub(super) struct Settle {
    pub(super) id: DeliveryId,
    pub(super) reference: Option<String>,
    pub(super) now: Timestamp,
}

impl Write for Settle {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        match stopped(tx, self.id)? {
            Some(row) if row.kind.rules().may_be_settled => {
                let ending = by_person(&row, DeliveryState::Done, self.reference.as_deref());
                end(tx, &row, &ending, self.now)
            }
            _ => Ok(false),
        }
    }
}

/// The class of the last attempt and the reason for stopping stay: they explain why a person had to do this.
const fn by_person<'a>(row: &DeliveryRow, state: DeliveryState, reference: Option<&'a str>) -> Ending<'a> {
    Ending {
        state,
        reason: row.reason,
        class: row.class,
        reference,
        counted: row.history.counted,
        ambiguous: false,
    }
}

fn end(tx: &mut Transaction<'_>, row: &DeliveryRow, ending: &Ending<'_>, now: Timestamp) -> Result<bool, StoreError> {
    row.end(tx, ending, now)?;
    alert::close_decisions(tx, row.id, now)?;
    if let Some(lead) = row.lead.as_ref().filter(|_| row.kind.rules().manual) {
        clear_manual(tx, &row.tenant, lead)?;
    }
    Ok(true)
}

impl Write for DeliveryEdit {
    type Output = bool;

    /// Repeats are still recognized by the accepted payload.
    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let in_review = |row: &DeliveryRow| row.state == DeliveryState::Review;
        let Some(row) = DeliveryRow::find(tx, self.id)?.filter(in_review) else {
            return Ok(false);
        };
        let payload = row.payload + 1;
        execute(
            tx,
            "update queue set payload = ?, changed_at = ? where id = ?",
            params![payload, micros(self.now), self.id.0],
        )?;
        add_payload(tx, self.id, payload, &self.payload, self.now)?;
        match (&row.lead, &self.lead) {
            (Some(lead), _) => follow_payload(tx, &row, lead, payload)?,
            (None, Some((lead, priority))) => name_lead(tx, &row, lead, *priority, payload)?,
            (None, None) => {}
        }
        if let Some(lead) = row.lead.as_ref().filter(|_| self.do_not_call) {
            alert::close_do_not_call(tx, &row.tenant, lead, self.now)?;
        }
        Ok(true)
    }
}

/// Where the delivery's document is its lead's newest, it is so in its new version.
fn follow_payload(tx: &Transaction<'_>, row: &DeliveryRow, lead: &LeadId, payload: i64) -> Result<(), StoreError> {
    execute(
        tx,
        "update lead set payload = ? where tenant = ? and lead = ? and delivery = ?",
        params![payload, row.tenant.as_str(), lead.as_str(), row.id.0],
    )
    .map(drop)
}

/// Makes the lead of a delivery known.
fn name_lead(
    tx: &Transaction<'_>,
    row: &DeliveryRow,
    lead: &LeadId,
    priority: Priority,
    payload: i64,
) -> Result<(), StoreError> {
    let rank = priority.rank();
    execute(
        tx,
        "update queue set lead = ?, order_key = ?, rank = ?, waits = ? where id = ?",
        params![
            lead.as_str(),
            row.kind.order_key(lead),
            rank.number(),
            LinePlace::new(rank, row.id).waits,
            row.id.0,
        ],
    )?;
    let renewed = RenewedLead {
        tenant: &row.tenant,
        lead,
        priority,
        delivery: row.id,
        receipt: row.receipt,
        payload,
        accepted_at: row.accepted_at,
    };
    renew_lead(tx, &renewed)
}
