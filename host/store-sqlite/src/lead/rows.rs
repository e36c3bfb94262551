//! Leads: the do-not-call and manual flags, and the listing that agents pull.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, json, micros};
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::Priority;
use jackfield_store::{LeadCursor, LeadPage, LeadRecord, StoreError};

/// The most leads in one page.
const MAX_LEADS: u32 = 500;

/// A lead with its document: the payload of its newest delivery.
macro_rules! lead_with_document {
    () => {
        "select l.*, cast(coalesce(p.body, i.body) as text) as document
         from lead l
         left join delivery d on d.id = l.delivery
         left join inbox i on i.id = d.receipt
         left join payload p on p.delivery = d.id and p.version = d.payload"
    };
}

/// Flags a lead: a person has to enter a disposition of it by hand.
pub(crate) async fn set_manual(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    lead: &LeadId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into lead (tenant, lead, manual_since) values (?, ?, ?)
         on conflict (tenant, lead) do update set manual_since = coalesce(manual_since, excluded.manual_since)",
    )
    .bind(tenant.as_str())
    .bind(lead.as_str())
    .bind(micros(now))
    .execute(db)
    .await?;
    Ok(())
}

/// The kinds whose stopped deliveries a person enters by hand, as a JSON array.
fn manual_kinds() -> Result<String, StoreError> {
    let kinds = DeliveryKind::ALL.into_iter().filter(|kind| kind.rules().manual);
    json("a list of kinds", &kinds.map(DeliveryKind::word).collect::<Vec<_>>())
}

/// Clears the flag of leads, as (tenant, lead), unless another delivery of the lead has stopped.
pub(crate) async fn clear_manual(db: &mut SqliteConnection, leads: &[(String, String)]) -> Result<(), StoreError> {
    if leads.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update lead set manual_since = null
         from json_each(?1) v
         where lead.tenant = v.value ->> 0 and lead.lead = v.value ->> 1 and lead.manual_since is not null
             and not exists (
                 select 1 from delivery indexed by delivery_lead
                 where delivery.tenant = lead.tenant and delivery.lead = lead.lead
                     and delivery.kind in (select value from json_each(?2))
                     and delivery.state in ('dead', 'review'))",
    )
    .bind(json("a list of leads", &leads)?)
    .bind(manual_kinds()?)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the lead asked never to be called again.
pub(crate) async fn dnc_recorded(db: &SqlitePool, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
    let row = sqlx::query("select 1 from lead where tenant = ? and lead = ? and dnc_since is not null")
        .bind(tenant.as_str())
        .bind(lead.as_str())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

/// One lead.
pub(crate) async fn find(
    db: &SqlitePool,
    tenant: &TenantName,
    lead: &LeadId,
) -> Result<Option<LeadRecord>, StoreError> {
    let row = sqlx::query(concat!(lead_with_document!(), " where l.tenant = ? and l.lead = ?"))
        .bind(tenant.as_str())
        .bind(lead.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(record).transpose()
}

/// Leads after a cursor, the most urgent first.
pub(crate) async fn after(
    db: &SqlitePool,
    tenant: &TenantName,
    after: LeadCursor,
    limit: u32,
) -> Result<LeadPage, StoreError> {
    let mut next = after;
    let mut leads = vec![];
    let mut remaining = i64::from(limit.clamp(1, MAX_LEADS));
    for priority in Priority::ALL {
        let position = match priority {
            Priority::High => &mut next.high,
            Priority::Normal => &mut next.normal,
            Priority::Low => &mut next.low,
        };
        let rows = sqlx::query(concat!(
            lead_with_document!(),
            " where l.tenant = ? and l.priority = ? and l.delivery > ? order by l.delivery limit ?"
        ))
        .bind(tenant.as_str())
        .bind(priority.word())
        .bind(*position)
        .bind(remaining)
        .fetch_all(db)
        .await?;
        for row in &rows {
            *position = row.plain("delivery")?;
            leads.push(record(row)?);
            remaining -= 1;
        }
    }
    Ok(LeadPage { leads, next })
}

fn record(row: &SqliteRow) -> Result<LeadRecord, StoreError> {
    Ok(LeadRecord {
        tenant: row.id("tenant")?,
        lead: row.id("lead")?,
        document: row.plain("document")?,
        priority: row.checked("priority", Priority::from_word)?,
        accepted_at: row.time_option("accepted_at")?,
        dnc_since: row.time_option("dnc_since")?,
        manual_since: row.time_option("manual_since")?,
    })
}
