//! Carrying out what `domain::delivery` decided about an attempt: the delivery's step, its alert and its lead's flag.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::alert::{self, AlertSubject};
use crate::column::{Columns, json, micros};
use crate::lead::rows::{clear_manual, set_manual};
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryState, DeliveryVerdict, ManualFlag, NextStep};
use jackfield_domain::id::{DeliveryId, Fence, LeadId, ReceiptId, TenantName};
use jackfield_store::{Lease, StoreError};

/// A delivery that is about to take its next step.
pub(crate) struct DeliveryRow {
    pub(crate) id: DeliveryId,
    pub(crate) fence: Fence,
    pub(crate) tenant: TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) state: DeliveryState,
    pub(crate) lead: Option<LeadId>,
    pub(crate) receipt: ReceiptId,
    pub(crate) accepted_at: Timestamp,
    pub(crate) history: AttemptHistory,
}

impl DeliveryRow {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeliveryId(row.plain("id")?),
            fence: Fence(row.plain("fence")?),
            tenant: row.id("tenant")?,
            kind: row.checked("kind", DeliveryKind::from_word)?,
            state: row.checked("state", DeliveryState::from_word)?,
            lead: row.id_option("lead")?,
            receipt: ReceiptId(row.plain("receipt")?),
            accepted_at: row.time("accepted_at")?,
            history: history(row)?,
        })
    }

    /// Carries out a verdict: the delivery's step, its alert and its lead's flag.
    pub(crate) async fn conclude(
        &self,
        db: &mut SqliteConnection,
        verdict: &DeliveryVerdict,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let conclusion = Conclusion {
            lease: Lease {
                id: self.id,
                fence: self.fence,
            },
            from: self.state,
            verdict,
            now,
        };
        conclude(db, &[conclusion]).await?;
        if let Some(kind) = verdict.alert {
            let subject = AlertSubject {
                id: self.id,
                tenant: &self.tenant,
                kind: self.kind,
                lead: self.lead.as_ref(),
            };
            alert::raise(db, &subject, kind, verdict, now).await?;
        }
        match (self.kind.manual_flag(&verdict.step), &self.lead) {
            (ManualFlag::Set, Some(lead)) => set_manual(db, &self.tenant, lead, now).await,
            (ManualFlag::Clear, Some(lead)) => {
                clear_manual(db, &[(self.tenant.as_str().into(), lead.as_str().into())]).await
            }
            _ => Ok(()),
        }
    }
}

/// A delivery's step as it is to be stored.
pub(crate) struct Conclusion<'a> {
    pub(crate) lease: Lease,
    /// The state that the delivery leaves.
    pub(crate) from: DeliveryState,
    pub(crate) verdict: &'a DeliveryVerdict,
    pub(crate) now: Timestamp,
}

/// A delivery whose step is stored.
pub(crate) struct Concluded {
    pub(crate) lease: Lease,
    pub(crate) tenant: String,
    pub(crate) kind: DeliveryKind,
    pub(crate) lead: Option<String>,
}

/// Stores the steps of deliveries that are still as their fences and states say, and returns those.
pub(crate) async fn conclude(
    db: &mut SqliteConnection,
    conclusions: &[Conclusion<'_>],
) -> Result<Vec<Concluded>, StoreError> {
    let values: Vec<_> = conclusions.iter().map(Conclusion::value).collect();
    let rows = sqlx::query(
        "update delivery
         set state = v.value ->> 'state', due = coalesce(v.value ->> 'due', due), reason = v.value ->> 'reason',
             reference = v.value ->> 'reference', class = v.value ->> 'class', counted = v.value ->> 'counted',
             throttles = v.value ->> 'throttles', throttled_since = v.value ->> 'throttled_since',
             conflicts = v.value ->> 'conflicts', ambiguous = v.value ->> 'ambiguous',
             lost_leases = v.value ->> 'lost_leases',
             lease_owner = null, lease_until = null, changed_at = v.value ->> 'now'
         from json_each(?) v
         where delivery.id = v.value ->> 'id' and delivery.fence = v.value ->> 'fence'
             and delivery.state = v.value ->> 'from'
         returning delivery.id as id, delivery.fence as fence, delivery.tenant as tenant, delivery.kind as kind,
             delivery.lead as lead",
    )
    .bind(json("a list of conclusions", &values)?)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Concluded {
                lease: Lease {
                    id: DeliveryId(row.plain("id")?),
                    fence: Fence(row.plain("fence")?),
                },
                tenant: row.plain("tenant")?,
                kind: row.checked("kind", DeliveryKind::from_word)?,
                lead: row.plain("lead")?,
            })
        })
        .collect()
}

impl Conclusion<'_> {
    fn value(&self) -> Value {
        let (due, reason, reference) = match &self.verdict.step {
            NextStep::Done { reference } => (None, None, Some(reference.as_str())),
            NextStep::Retry { due } => (Some(micros(*due)), None, None),
            NextStep::Dead(reason) | NextStep::Review(reason) => (None, Some(reason.word()), None),
        };
        let history = self.verdict.history;
        json!({
            "id": self.lease.id.0,
            "fence": self.lease.fence.0,
            "from": self.from.word(),
            "state": self.verdict.step.state().word(),
            "due": due,
            "reason": reason,
            "reference": reference,
            "class": self.verdict.class.word(),
            "counted": history.counted,
            "throttles": history.throttles,
            "throttled_since": history.throttled_since.map(micros),
            "ambiguous": history.ambiguous,
            "conflicts": history.conflicts,
            "lost_leases": history.lost_leases,
            "now": micros(self.now),
        })
    }
}

/// The history that decides a delivery's next step.
pub(crate) fn history(row: &SqliteRow) -> Result<AttemptHistory, StoreError> {
    Ok(AttemptHistory {
        counted: row.plain("counted")?,
        throttles: row.plain("throttles")?,
        throttled_since: row.time_option("throttled_since")?,
        ambiguous: row.plain("ambiguous")?,
        conflicts: row.plain("conflicts")?,
        lost_leases: row.plain("lost_leases")?,
    })
}

/// The `content-type` of a webhook that is not parsed yet; empty for the host's own JSON, and where the headers cannot
/// be read: the adapter decides whether that matters, and one delivery must not keep others from being claimed.
pub(crate) fn content_type(kind: DeliveryKind, row: &SqliteRow) -> Result<String, StoreError> {
    if !kind.rules().document.is_raw() {
        return Ok(String::new());
    }
    let headers: Vec<(String, String)> = serde_json::from_str(row.plain("headers")?).unwrap_or_default();
    Ok(headers
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value)
        .unwrap_or_default())
}
