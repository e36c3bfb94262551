//! Carrying out what `domain::delivery` decided about an attempt: the delivery's step, its alert and its lead's flag.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::alert::{self, AlertSubject};
use crate::column::{Columns as _, micros};
use crate::lead::rows::{clear_manual, set_manual};
use crate::line;
use crate::sql::{execute, first, only};
use crate::writer::Transaction;
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{
    AttemptHistory, DeliveryKind, DeliveryState, DeliveryVerdict, LinePlace, ManualFlag, NextStep, StopReason,
};
use jackfield_domain::id::{DeliveryId, Fence, LeadId, ReceiptId, TenantName};
use jackfield_store::StoreError;

/// A delivery in the queue.
pub(crate) struct DeliveryRow {
    pub(crate) id: DeliveryId,
    pub(crate) fence: Fence,
    pub(crate) tenant: TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) state: DeliveryState,
    pub(crate) reason: Option<StopReason>,
    pub(crate) class: Option<AttemptClass>,
    pub(crate) lead: Option<LeadId>,
    pub(crate) order_key: Option<String>,
    pub(crate) place: LinePlace,
    pub(crate) receipt: ReceiptId,
    /// The version of its payload.
    pub(crate) payload: i64,
    pub(crate) accepted_at: Timestamp,
    pub(crate) history: AttemptHistory,
}

/// How a delivery ends.
pub(crate) struct Ending<'a> {
    pub(crate) state: DeliveryState,
    pub(crate) reason: Option<StopReason>,
    pub(crate) class: Option<AttemptClass>,
    pub(crate) reference: Option<&'a str>,
    pub(crate) counted: u32,
    pub(crate) ambiguous: bool,
}

impl DeliveryRow {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let id = DeliveryId(row.plain("id")?);
        Ok(Self {
            id,
            fence: Fence(row.plain("fence")?),
            tenant: row.id("tenant")?,
            kind: row.word("kind", DeliveryKind::from_word)?,
            state: row.word("state", DeliveryState::from_word)?,
            reason: row.word_option("reason", StopReason::from_word)?,
            class: row.word_option("class", AttemptClass::from_word)?,
            lead: row.id_option("lead")?,
            order_key: row.plain("order_key")?,
            place: LinePlace {
                waits: row.plain("waits")?,
                id,
            },
            receipt: ReceiptId(row.plain("receipt")?),
            payload: row.plain("payload")?,
            accepted_at: row.time("accepted_at")?,
            history: history(row)?,
        })
    }

    /// The delivery in the queue with this id.
    pub(crate) fn find(db: &Connection, id: DeliveryId) -> Result<Option<Self>, StoreError> {
        first(db, "select * from queue where id = ?", [id.0], Self::read)
    }

    /// Carries out a verdict: the delivery's step, its alert and its lead's flag.
    pub(crate) fn conclude(
        &self,
        tx: &mut Transaction<'_>,
        verdict: &DeliveryVerdict,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match &verdict.step {
            NextStep::Done { reference } => {
                let ending = Ending {
                    state: DeliveryState::Done,
                    reason: None,
                    class: Some(verdict.class),
                    reference: Some(reference),
                    counted: verdict.history.counted,
                    ambiguous: verdict.history.ambiguous,
                };
                self.end(tx, &ending, now)?;
            }
            NextStep::Retry { due } => self.step(tx, verdict, Some(*due), None, now)?,
            NextStep::Dead(reason) | NextStep::Review(reason) => self.step(tx, verdict, None, Some(*reason), now)?,
        }
        if let Some(kind) = verdict.alert {
            let subject = AlertSubject {
                id: self.id,
                tenant: &self.tenant,
                kind: self.kind,
                lead: self.lead.as_ref(),
            };
            alert::raise(tx, &subject, kind, verdict, now)?;
        }
        match (self.kind.manual_flag(&verdict.step), &self.lead) {
            (ManualFlag::Set, Some(lead)) => set_manual(tx, &self.tenant, lead, now),
            (ManualFlag::Clear, Some(lead)) => clear_manual(tx, &self.tenant, lead),
            _ => Ok(()),
        }
    }

    /// Stores a step after which the delivery stays in the queue.
    fn step(
        &self,
        tx: &mut Transaction<'_>,
        verdict: &DeliveryVerdict,
        due: Option<Timestamp>,
        reason: Option<StopReason>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let state = verdict.step.state();
        let is_blocked = self.leave_turn(tx, state == DeliveryState::Ready)?;
        let history = &verdict.history;
        execute(
            tx,
            "update queue set state = ?, blocked = ?, due = coalesce(?, due), reason = ?, class = ?, counted = ?,
                 throttles = ?, throttled_since = ?, conflicts = ?, ambiguous = ?, lost_leases = ?, lease_owner = null,
                 lease_until = null, changed_at = ?
             where id = ?",
            params![
                state.word(),
                is_blocked,
                due.map(micros),
                reason.map(StopReason::word),
                verdict.class.word(),
                history.counted,
                history.throttles,
                history.throttled_since.map(micros),
                history.conflicts,
                history.ambiguous,
                history.lost_leases,
                micros(now),
                self.id.0,
            ],
        )?;
        tx.count(&self.tenant, Some(self.state), state);
        Ok(())
    }

    /// Moves the delivery to those that have ended.
    pub(crate) fn end(&self, tx: &mut Transaction<'_>, ending: &Ending<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.leave_turn(tx, false)?;
        execute(
            tx,
            "insert into history (id, tenant, kind, dedup_key, receipt, payload, lead, state, reason, class, reference,
                 counted, ambiguous, generation, accepted_at, changed_at)
             select id, tenant, kind, dedup_key, receipt, payload, lead, ?, ?, ?, ?, ?, ?, generation, accepted_at, ?
             from queue where id = ?",
            params![
                ending.state.word(),
                ending.reason.map(StopReason::word),
                ending.class.map(AttemptClass::word),
                ending.reference,
                ending.counted,
                ending.ambiguous,
                micros(now),
                self.id.0,
            ],
        )?;
        execute(tx, "delete from queue where id = ?", [self.id.0])?;
        tx.count(&self.tenant, Some(self.state), ending.state);
        Ok(())
    }

    /// Ends its turn in its line, if it has one; `stays` if it is ready again. Returns whether it has to wait then.
    pub(crate) fn leave_turn(&self, tx: &Transaction<'_>, stays: bool) -> Result<bool, StoreError> {
        match &self.order_key {
            Some(order_key) if self.state.is_live() => {
                line::end_turn(tx, &self.tenant, order_key, stays.then_some(self.place))
            }
            _ => Ok(false),
        }
    }
}

/// The history that decides a delivery's next step.
pub(crate) fn history(row: &Row<'_>) -> Result<AttemptHistory, StoreError> {
    Ok(AttemptHistory {
        counted: row.plain("counted")?,
        throttles: row.plain("throttles")?,
        throttled_since: row.time_option("throttled_since")?,
        ambiguous: row.plain("ambiguous")?,
        conflicts: row.plain("conflicts")?,
        lost_leases: row.plain("lost_leases")?,
    })
}

/// The document of a delivery, and its webhook's `content-type` if it is not parsed yet.
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: String,
}

impl Document {
    /// Reads the document of a delivery: a version of its payload, or its request's body.
    pub(crate) fn read(
        db: &Connection,
        kind: DeliveryKind,
        delivery: DeliveryId,
        receipt: ReceiptId,
        payload: i64,
    ) -> Result<Self, StoreError> {
        if payload > 0 {
            let body = only(
                db,
                "select body from payload where delivery = ? and version = ?",
                [delivery.0, payload],
                |row| row.plain("body"),
            )?;
            let content_type = String::new();
            if !kind.rules().document.is_raw() {
                return Ok(Self { body, content_type });
            }
            let request = Self::of_request(db, kind, receipt)?;
            return Ok(Self { body, ..request });
        }
        Self::of_request(db, kind, receipt)
    }

    fn of_request(db: &Connection, kind: DeliveryKind, receipt: ReceiptId) -> Result<Self, StoreError> {
        only(
            db,
            "select body, headers from request where id = ?",
            [receipt.0],
            |row| {
                Ok(Self {
                    body: row.plain("body")?,
                    content_type: content_type(kind, row.text("headers")?),
                })
            },
        )
    }
}

/// The `content-type` of a webhook that is not parsed yet; empty for the host's own JSON, and where the headers cannot
/// be read: the adapter decides whether that matters, and one delivery must not keep others from being claimed.
fn content_type(kind: DeliveryKind, headers: &str) -> String {
    if !kind.rules().document.is_raw() {
        return String::new();
    }
    let headers: Vec<(String, String)> = serde_json::from_str(headers).unwrap_or_default();
    let found = headers
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    found.map(|(_, value)| value).unwrap_or_default()
}
