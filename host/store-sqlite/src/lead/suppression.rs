//! Recorded decisions not to call.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::column::{Columns as _, micros};
use crate::page::{PageQuery, to_page};
use crate::sql::{all, execute};
use crate::writer::{Transaction, Write};
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::SuppressionReason;
use jackfield_store::{Page, PageRequest, StatusRefusal, StoreError, Suppression};

/// Records that the lead asked not to be called; the time of the first request is kept.
pub(crate) fn request(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    lead: &LeadId,
    note: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into suppression (tenant, lead, reason, note, at, last_at, times) values (?1, ?2, ?3, ?4, ?5, ?5, 0)
         on conflict (tenant, lead, reason) do nothing",
        params![
            tenant.as_str(),
            lead.as_str(),
            SuppressionReason::DncRequested.word(),
            note,
            micros(at),
        ],
    )
    .map(drop)
}

impl Write for StatusRefusal {
    type Output = ();

    /// If the lead itself asked, the note is the call in which it did, and stays.
    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        execute(
            tx,
            "insert into suppression (tenant, lead, reason, note, at, last_at, times) values (?1, ?2, ?3, ?4, ?5, ?5, 1)
             on conflict (tenant, lead, reason) do update set
                 times = times + 1, last_at = max(last_at, excluded.last_at),
                 note = iif(reason = ?6, note, excluded.note)",
            params![
                self.tenant.as_str(),
                self.lead.as_str(),
                self.reason.word(),
                self.status,
                micros(self.at),
                SuppressionReason::DncRequested.word(),
            ],
        )
        .map(drop)
    }
}

/// Suppressions, newest first.
pub(super) fn list(
    db: &Connection,
    tenant: Option<&TenantName>,
    lead: Option<&LeadId>,
    page: &PageRequest,
) -> Result<Page<Suppression>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let condition = match (tenant, lead) {
        (Some(_), Some(_)) => "and tenant = ?2 and lead = ?3",
        (Some(_), None) => "and tenant = ?2",
        (None, Some(_)) => "and lead = ?3",
        (None, None) => "",
    };
    let sql = format!("select * from suppression where id < ?1 {condition} order by id desc limit ?4");
    let values = params![
        part.before,
        tenant.map(TenantName::as_str),
        lead.map(LeadId::as_str),
        part.rows(),
    ];
    let found = all(db, &sql, values, suppression)?;
    Ok(to_page(found, part.limit, |suppression| suppression.number.to_string()))
}

fn suppression(row: &Row<'_>) -> Result<Suppression, StoreError> {
    Ok(Suppression {
        number: row.plain("id")?,
        tenant: row.id("tenant")?,
        lead: row.id("lead")?,
        reason: row.word("reason", SuppressionReason::from_word)?,
        note: row.plain("note")?,
        at: row.time("at")?,
        last_at: row.time("last_at")?,
        times: row.count("times")?,
    })
}
