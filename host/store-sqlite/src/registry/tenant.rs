//! Tenants, each with a pointer to its active release.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, micros};
use crate::page::{limit, rows, to_page};
use crate::writer::Write;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::{Page, PageRequest, StoreError, TenantRecord};

/// Activates a new release, and creates the tenant if this is its first.
pub(crate) async fn activate_new(
    db: &mut SqliteConnection,
    name: &TenantName,
    release: ReleaseNumber,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into tenant (name, active, newest, created_at, activated_at) values (?1, ?2, ?2, ?3, ?3)
         on conflict (name) do update set active = ?2, newest = ?2, activated_at = ?3",
    )
    .bind(name.as_str())
    .bind(release.0)
    .bind(micros(now))
    .execute(db)
    .await?;
    Ok(())
}

/// Activates an existing release.
pub(crate) struct Activate {
    pub(crate) tenant: TenantName,
    pub(crate) number: ReleaseNumber,
    pub(crate) now: Timestamp,
}

impl Write for Activate {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let swapped = sqlx::query(
            "update tenant set active = ?2, activated_at = ?3
             where name = ?1 and exists (select 1 from release where tenant = ?1 and number = ?2)",
        )
        .bind(self.tenant.as_str())
        .bind(self.number.0)
        .bind(micros(self.now))
        .execute(db)
        .await?;
        Ok(swapped.rows_affected() > 0)
    }
}

/// A tenant.
pub(crate) async fn find(db: &SqlitePool, name: &TenantName) -> Result<Option<TenantRecord>, StoreError> {
    let row = sqlx::query("select * from tenant where name = ?")
        .bind(name.as_str())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(tenant).transpose()
}

/// Tenants by name.
pub(crate) async fn list(db: &SqlitePool, page: &PageRequest) -> Result<Page<TenantRecord>, StoreError> {
    let after = match &page.after {
        None => String::new(),
        Some(cursor) => cursor.parse::<TenantName>().map_err(|_| StoreError::BadCursor)?.into(),
    };
    let limit = limit(page);
    let found = sqlx::query("select * from tenant where name > ? order by name limit ?")
        .bind(after)
        .bind(rows(limit))
        .fetch_all(db)
        .await?;
    to_page(&found, limit, tenant, |tenant| tenant.name.to_string())
}

fn tenant(row: &SqliteRow) -> Result<TenantRecord, StoreError> {
    Ok(TenantRecord {
        name: row.id("name")?,
        active: ReleaseNumber(row.plain("active")?),
        newest: ReleaseNumber(row.plain("newest")?),
        created_at: row.time("created_at")?,
        activated_at: row.time("activated_at")?,
    })
}

/// The number that triggers raise when an active release or a live token changes.
pub(crate) async fn revision(db: &SqlitePool) -> Result<u64, StoreError> {
    let number: i64 = sqlx::query_scalar("select number from revision").fetch_one(db).await?;
    Ok(number.unsigned_abs())
}

/// The active release of every tenant.
pub(crate) async fn active_releases(db: &SqlitePool) -> Result<Vec<(TenantName, ReleaseNumber)>, StoreError> {
    let rows = sqlx::query("select name, active from tenant order by name")
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| Ok((row.id("name")?, ReleaseNumber(row.plain("active")?))))
        .collect()
}
