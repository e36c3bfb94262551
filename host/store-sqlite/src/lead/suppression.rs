//! Recorded decisions not to call.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::column::{Columns, micros};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::id::{LeadId, TenantName};
use jackfield_domain::lead::SuppressionReason;
use jackfield_store::{Page, PageRequest, StatusRefusal, StoreError, Suppression};

/// Records that the lead asked not to be called; the time of the first request is kept.
pub(crate) async fn request(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    lead: &LeadId,
    note: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into suppression (tenant, lead, reason, note, at, last_at, times) values (?1, ?2, ?3, ?4, ?5, ?5, 0)
         on conflict (tenant, lead, reason) do nothing",
    )
    .bind(tenant.as_str())
    .bind(lead.as_str())
    .bind(SuppressionReason::DncRequested.word())
    .bind(note)
    .bind(micros(at))
    .execute(db)
    .await?;
    Ok(())
}

impl Write for StatusRefusal {
    type Output = ();

    /// If the lead itself asked, the note is the call in which it did, and stays.
    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "insert into suppression (tenant, lead, reason, note, at, last_at, times) values (?1, ?2, ?3, ?4, ?5, ?5, 1)
             on conflict (tenant, lead, reason) do update set
                 times = times + 1, last_at = max(last_at, excluded.last_at),
                 note = iif(reason = 'dnc-requested', note, excluded.note)",
        )
        .bind(self.tenant.as_str())
        .bind(self.lead.as_str())
        .bind(self.reason.word())
        .bind(self.status.as_str())
        .bind(micros(self.at))
        .execute(db)
        .await?;
        Ok(())
    }
}

/// Suppressions, newest first.
pub(crate) async fn list(
    db: &SqlitePool,
    tenant: Option<&TenantName>,
    lead: Option<&LeadId>,
    page: &PageRequest,
) -> Result<Page<Suppression>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let mut query = QueryBuilder::<Sqlite>::new("select * from suppression where id < ");
    query.push_bind(part.before);
    if let Some(tenant) = tenant {
        query.push(" and tenant = ").push_bind(tenant.as_str());
    }
    if let Some(lead) = lead {
        query.push(" and lead = ").push_bind(lead.as_str());
    }
    query.push(" order by id desc limit ").push_bind(part.rows());
    let rows = query.build().fetch_all(db).await?;
    to_page(&rows, part.limit, suppression, |suppression| {
        suppression.number.to_string()
    })
}

fn suppression(row: &SqliteRow) -> Result<Suppression, StoreError> {
    Ok(Suppression {
        number: row.plain("id")?,
        tenant: row.id("tenant")?,
        lead: row.id("lead")?,
        reason: row.checked("reason", SuppressionReason::from_word)?,
        note: row.plain("note")?,
        at: row.time("at")?,
        last_at: row.time("last_at")?,
        times: row.count("times")?,
    })
}
