//! Tenants, each with a pointer to its active release.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::column::{Columns as _, micros};
use crate::page::{limit, rows, to_page};
use crate::registry::raise_revision;
use crate::sql::{all, execute};
use crate::writer::{Transaction, Write};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::{Page, PageRequest, StoreError, TenantRecord};

/// Activates a new release, and creates the tenant if this is its first.
pub(super) fn activate_new(
    tx: &Transaction<'_>,
    name: &TenantName,
    release: ReleaseNumber,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into tenant (name, active, newest, created_at, activated_at) values (?1, ?2, ?2, ?3, ?3)
         on conflict (name) do update set active = ?2, newest = ?2, activated_at = ?3",
        params![name.as_str(), release.0, micros(now)],
    )?;
    raise_revision(tx)
}

/// Activates an existing release.
pub(super) struct Activate {
    pub(super) tenant: TenantName,
    pub(super) number: ReleaseNumber,
    pub(super) now: Timestamp,
}

impl Write for Activate {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let swapped = execute(
            tx,
            "update tenant set active = ?2, activated_at = ?3
             where name = ?1 and exists (select 1 from release where tenant = ?1 and number = ?2)",
            params![self.tenant.as_str(), self.number.0, micros(self.now)],
        )?;
        raise_revision(tx)?;
        Ok(swapped > 0)
    }
}

/// Tenants by name.
pub(super) fn list(db: &Connection, page: &PageRequest) -> Result<Page<TenantRecord>, StoreError> {
    let after = match &page.after {
        None => String::new(),
        Some(cursor) => cursor.parse::<TenantName>().map_err(|_| StoreError::BadCursor)?.into(),
    };
    let limit = limit(page);
    let found = all(
        db,
        "select * from tenant where name > ? order by name limit ?",
        params![after, rows(limit)],
        read,
    )?;
    Ok(to_page(found, limit, |tenant| tenant.name.to_string()))
}

/// Reads a tenant.
pub(super) fn read(row: &Row<'_>) -> Result<TenantRecord, StoreError> {
    Ok(TenantRecord {
        name: row.id("name")?,
        active: ReleaseNumber(row.plain("active")?),
        newest: ReleaseNumber(row.plain("newest")?),
        created_at: row.time("created_at")?,
        activated_at: row.time("activated_at")?,
    })
}
