//! Ending many successful attempts at once: what [`super::finish`] does for one, in three statements for all.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, json, micros};
use crate::lead::rows::manual_kinds;
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind};
use jackfield_domain::id::{DeliveryId, Fence};
use jackfield_store::{AttemptDetail, Lease, StoreError};

/// An attempt that succeeded.
pub(crate) struct Success<'a> {
    pub(crate) lease: Lease,
    pub(crate) reference: &'a str,
    pub(crate) class: AttemptClass,
    pub(crate) progress: AttemptHistory,
    pub(crate) detail: &'a AttemptDetail,
    pub(crate) now: Timestamp,
}

/// A worker's report is stored even if it comes too late to count, but only its first one.
const END_ATTEMPTS: &str = "update attempt
    set ended_at = v.value ->> 'now', class = v.value ->> 'class', detail = v.value ->> 'detail'
    from json_each(?) v
    where attempt.delivery = v.value ->> 'id' and attempt.fence = v.value ->> 'fence' and attempt.ended_at is null";

/// What `DeliveryRow::conclude` does for one delivery.
const CONCLUDE: &str = "update delivery
    set state = 'done', reason = null, reference = v.value ->> 'reference', class = v.value ->> 'class',
        counted = v.value ->> 'counted', throttles = v.value ->> 'throttles',
        throttled_since = v.value ->> 'throttled_since', ambiguous = v.value ->> 'ambiguous',
        lost_leases = v.value ->> 'lost_leases', lease_owner = null, lease_until = null,
        changed_at = v.value ->> 'now'
    from json_each(?) v
    where delivery.id = v.value ->> 'id' and delivery.fence = v.value ->> 'fence' and delivery.state = 'leased'
    returning delivery.id as id, delivery.fence as fence, delivery.tenant as tenant, delivery.kind as kind,
        delivery.lead as lead";

/// What `lead::rows::clear_manual` does for one lead.
const CLEAR_MANUAL: &str = "update lead set manual_since = null
    from json_each(?1) v
    where lead.tenant = v.value ->> 0 and lead.lead = v.value ->> 1 and lead.manual_since is not null and not exists (
        select 1 from delivery indexed by delivery_lead
        where delivery.tenant = lead.tenant and delivery.lead = lead.lead
            and delivery.kind in (select value from json_each(?2))
            and delivery.state in ('dead', 'review'))";

/// Ends the attempts, and the deliveries whose lease still holds; returns those leases.
pub(crate) async fn store(db: &mut SqliteConnection, successes: &[Success<'_>]) -> Result<HashSet<Lease>, StoreError> {
    if successes.is_empty() {
        return Ok(HashSet::new());
    }
    let values = successes.iter().map(Success::value).collect::<Result<Vec<_>, _>>()?;
    let values = json("a list of successes", &values)?;
    sqlx::query(END_ATTEMPTS).bind(&values).execute(&mut *db).await?;
    let rows = sqlx::query(CONCLUDE).bind(&values).fetch_all(&mut *db).await?;
    let (mut stored, mut leads) = (HashSet::with_capacity(rows.len()), vec![]);
    for row in &rows {
        stored.insert(lease(row)?);
        let lead: Option<&str> = row.plain("lead")?;
        let kind = row.checked("kind", DeliveryKind::from_word)?;
        if let Some(lead) = lead.filter(|_| kind.rules().manual) {
            leads.push((row.plain::<&str>("tenant")?, lead));
        }
    }
    if !leads.is_empty() {
        let leads = json("a list of leads", &leads)?;
        sqlx::query(CLEAR_MANUAL)
            .bind(leads)
            .bind(manual_kinds()?)
            .execute(db)
            .await?;
    }
    Ok(stored)
}

fn lease(row: &SqliteRow) -> Result<Lease, StoreError> {
    Ok(Lease {
        id: DeliveryId(row.plain("id")?),
        fence: Fence(row.plain("fence")?),
    })
}

impl Success<'_> {
    fn value(&self) -> Result<Value, StoreError> {
        let AttemptHistory {
            counted,
            throttles,
            throttled_since,
            ambiguous,
            lost_leases,
        } = self.progress;
        Ok(json!({
            "id": self.lease.id.0,
            "fence": self.lease.fence.0,
            "now": micros(self.now),
            "class": self.class.word(),
            "detail": json("an attempt", self.detail)?,
            "reference": self.reference,
            "counted": counted,
            "throttles": throttles,
            "throttled_since": throttled_since.map(micros),
            "ambiguous": ambiguous,
            "lost_leases": lost_leases,
        }))
    }
}
