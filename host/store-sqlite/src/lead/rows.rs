//! Leads: the do-not-call and manual flags, and the listing that agents pull.

use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::column::{Columns as _, micros};
use crate::sql::{all, execute, exists, first};
use crate::writer::Transaction;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::Priority;
use jackfield_store::{LeadCursor, LeadPage, LeadRecord, StoreError};

/// The most leads in one page.
const MAX_LEADS: u32 = 500;

/// A lead with its document: the payload of its newest delivery.
macro_rules! lead_with_document {
    ($condition:literal) => {
        concat!(
            "select l.*, cast(coalesce(p.body, r.body) as text) as document
             from lead l
             left join request r on r.id = l.receipt
             left join payload p on p.delivery = l.delivery and p.version = l.payload ",
            $condition
        )
    };
}

/// Flags a lead: a person has to enter a disposition of it by hand.
pub(crate) fn set_manual(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    lead: &LeadId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into lead (tenant, lead, manual_since) values (?, ?, ?)
         on conflict (tenant, lead) do update set manual_since = coalesce(manual_since, excluded.manual_since)",
        params![tenant.as_str(), lead.as_str(), micros(now)],
    )
    .map(drop)
}

/// Clears the flag of a lead, unless another delivery that a person enters by hand has stopped.
pub(crate) fn clear_manual(tx: &Transaction<'_>, tenant: &TenantName, lead: &LeadId) -> Result<(), StoreError> {
    static CLEAR: LazyLock<String> = LazyLock::new(|| {
        let kinds = DeliveryKind::ALL.into_iter().filter(|kind| kind.rules().manual);
        let kinds: Vec<_> = kinds.map(|kind| format!("'{}'", kind.word())).collect();
        format!(
            "update lead set manual_since = null
             where tenant = ?1 and lead = ?2 and manual_since is not null and not exists (
                 select 1 from queue indexed by queue_stopped
                 where tenant = ?1 and lead = ?2 and state in ('dead', 'review') and kind in ({}))",
            kinds.join(", ")
        )
    });
    execute(tx, &CLEAR, params![tenant.as_str(), lead.as_str()]).map(drop)
}

/// Whether the lead asked never to be called again.
pub(super) fn dnc_recorded(db: &Connection, tenant: &TenantName, lead: &LeadId) -> Result<bool, StoreError> {
    exists(
        db,
        "select 1 from lead where tenant = ? and lead = ? and dnc_since is not null",
        params![tenant.as_str(), lead.as_str()],
    )
}

/// One lead.
pub(super) fn find(db: &Connection, tenant: &TenantName, lead: &LeadId) -> Result<Option<LeadRecord>, StoreError> {
    first(
        db,
        lead_with_document!("where l.tenant = ? and l.lead = ?"),
        params![tenant.as_str(), lead.as_str()],
        record,
    )
}

/// Leads after a cursor, the most urgent first.
pub(super) fn after(
    db: &Connection,
    tenant: &TenantName,
    after: LeadCursor,
    limit: u32,
) -> Result<LeadPage, StoreError> {
    let mut next = after;
    let mut leads = vec![];
    let mut remaining = limit.clamp(1, MAX_LEADS);
    for priority in Priority::ALL {
        let position = match priority {
            Priority::High => &mut next.high,
            Priority::Normal => &mut next.normal,
            Priority::Low => &mut next.low,
        };
        let found = all(
            db,
            lead_with_document!("where l.tenant = ? and l.priority = ? and l.delivery > ? order by l.delivery limit ?"),
            params![tenant.as_str(), priority.word(), *position, remaining],
            |row| Ok((row.plain("delivery")?, record(row)?)),
        )?;
        for (delivery, lead) in found {
            *position = delivery;
            leads.push(lead);
            remaining -= 1;
        }
    }
    Ok(LeadPage { leads, next })
}

fn record(row: &Row<'_>) -> Result<LeadRecord, StoreError> {
    Ok(LeadRecord {
        tenant: row.id("tenant")?,
        lead: row.id("lead")?,
        document: row.plain("document")?,
        priority: row.word("priority", Priority::from_word)?,
        accepted_at: row.time_option("accepted_at")?,
        dnc_since: row.time_option("dnc_since")?,
        manual_since: row.time_option("manual_since")?,
    })
}
