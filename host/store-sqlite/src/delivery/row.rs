//! Carrying out what `domain::delivery` decided about an attempt: the delivery's step, its alert and its lead's flag.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::alert::{self, AlertSubject};
use crate::column::{Columns, micros};
use crate::lead::rows::{clear_manual, set_manual};
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryVerdict, DocumentShape, ManualFlag, NextStep};
use jackfield_domain::id::{DeliveryId, Fence, LeadId, ReceiptId, TenantName};
use jackfield_store::StoreError;

/// A delivery that a worker holds.
pub(crate) struct DeliveryRow {
    pub(crate) id: DeliveryId,
    pub(crate) fence: Fence,
    pub(crate) tenant: TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) lead: Option<LeadId>,
    pub(crate) receipt: ReceiptId,
    pub(crate) accepted_at: Timestamp,
    pub(crate) progress: AttemptHistory,
}

impl DeliveryRow {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeliveryId(row.plain("id")?),
            fence: Fence(row.plain("fence")?),
            tenant: row.id("tenant")?,
            kind: row.checked("kind", DeliveryKind::from_word)?,
            lead: row.id_option("lead")?,
            receipt: ReceiptId(row.plain("receipt")?),
            accepted_at: row.time("accepted_at")?,
            progress: progress(row)?,
        })
    }

    /// Ends the lease with a verdict.
    pub(crate) async fn conclude(
        &self,
        db: &mut SqliteConnection,
        verdict: &DeliveryVerdict,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (due, reason, reference) = match &verdict.step {
            NextStep::Done { reference } => (None, None, Some(reference.as_str())),
            NextStep::Retry { due } => (Some(micros(*due)), None, None),
            NextStep::Dead(reason) | NextStep::Review(reason) => (None, Some(reason.word()), None),
        };
        let progress = verdict.progress;
        sqlx::query(
            "update delivery set
                 state = ?2, due = coalesce(?3, due), reason = ?4, reference = ?5, class = ?6,
                 counted = ?7, throttles = ?8, throttled_since = ?9, ambiguous = ?10, lost_leases = ?11,
                 lease_owner = null, lease_until = null, changed_at = ?12
             where id = ?1",
        )
        .bind(self.id.0)
        .bind(verdict.step.state().word())
        .bind(due)
        .bind(reason)
        .bind(reference)
        .bind(verdict.class.word())
        .bind(progress.counted)
        .bind(progress.throttles)
        .bind(progress.throttled_since.map(micros))
        .bind(progress.ambiguous)
        .bind(progress.lost_leases)
        .bind(micros(now))
        .execute(&mut *db)
        .await?;
        if let Some(kind) = verdict.alert {
            let subject = AlertSubject {
                id: self.id,
                tenant: &self.tenant,
                kind: self.kind,
                lead: self.lead.as_ref(),
            };
            alert::raise(db, &subject, kind, verdict, now).await?;
        }
        self.flag_lead(db, &verdict.step, now).await
    }

    /// Sets or clears the manual flag of the delivery's lead, as its kind says.
    async fn flag_lead(&self, db: &mut SqliteConnection, step: &NextStep, now: Timestamp) -> Result<(), StoreError> {
        match (self.kind.manual_flag(step), &self.lead) {
            (ManualFlag::Set, Some(lead)) => set_manual(db, &self.tenant, lead, now).await,
            (ManualFlag::Clear, Some(lead)) => clear_manual(db, &self.tenant, lead).await,
            _ => Ok(()),
        }
    }
}

/// The history that decides a delivery's next step.
pub(crate) fn progress(row: &SqliteRow) -> Result<AttemptHistory, StoreError> {
    Ok(AttemptHistory {
        counted: row.plain("counted")?,
        throttles: row.plain("throttles")?,
        throttled_since: row.time_option("throttled_since")?,
        ambiguous: row.plain("ambiguous")?,
        lost_leases: row.plain("lost_leases")?,
    })
}

/// The `content-type` of a webhook that is not parsed yet; empty for the host's own JSON, and where the headers cannot
/// be read: the adapter decides whether that matters, and one delivery must not keep others from being claimed.
pub(crate) fn content_type(kind: DeliveryKind, row: &SqliteRow) -> Result<String, StoreError> {
    if kind.rules().document != DocumentShape::Raw {
        return Ok(String::new());
    }
    let headers: Vec<(String, String)> = serde_json::from_str(row.plain("headers")?).unwrap_or_default();
    Ok(headers
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value)
        .unwrap_or_default())
}
