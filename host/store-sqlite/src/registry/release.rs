//! Releases, each stored with the secrets that it refers to.

use rusqlite::{Connection, Row, params};

use crate::column::{Columns as _, json, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::registry::tenant;
use crate::sql::{all, execute, only};
use crate::writer::{Transaction, Write};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_domain::tenant::release::Release;
use jackfield_store::{NewRelease, NewSecret, Page, PageRequest, StoreError};

impl Write for NewRelease {
    type Output = Release;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<Release, StoreError> {
        let name = &self.spec.tenant;
        let newest: i64 = only(
            tx,
            "select coalesce(max(number), 0) as newest from release where tenant = ?",
            [name.as_str()],
            |row| row.plain("newest"),
        )?;
        let release = Release {
            number: ReleaseNumber(newest + 1),
            adapter: self.adapter,
            spec: self.spec.clone(),
            created_at: stored(self.now),
        };
        execute(
            tx,
            "insert into release (tenant, number, adapter, spec, created_at) values (?, ?, ?, ?, ?)",
            params![
                name.as_str(),
                release.number.0,
                release.adapter.as_bytes(),
                json("a release", &release.spec)?,
                micros(release.created_at),
            ],
        )?;
        for (secret, sealed) in &self.secrets {
            let new = NewSecret {
                tenant: name.clone(),
                name: secret.clone(),
                sealed: sealed.clone(),
                now: self.now,
            };
            new.run(tx)?;
        }
        tenant::activate_new(tx, name, release.number, self.now)?;
        Ok(release)
    }
}

/// A tenant's releases, newest first.
pub(super) fn list(db: &Connection, tenant: &TenantName, page: &PageRequest) -> Result<Page<Release>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let found = all(
        db,
        "select * from release where tenant = ? and number < ? order by number desc limit ?",
        params![tenant.as_str(), part.before, part.rows()],
        read,
    )?;
    Ok(to_page(found, part.limit, |release| release.number.0.to_string()))
}

/// Reads a release.
pub(super) fn read(row: &Row<'_>) -> Result<Release, StoreError> {
    Ok(Release {
        number: ReleaseNumber(row.plain("number")?),
        adapter: row.digest("adapter")?,
        spec: row.document("spec")?,
        created_at: row.time("created_at")?,
    })
}
