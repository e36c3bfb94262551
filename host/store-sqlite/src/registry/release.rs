//! Releases, each stored with the secrets that it refers to.

use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, json, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::registry::tenant;
use crate::writer::Write;
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_domain::tenant::release::Release;
use jackfield_store::{NewRelease, NewSecret, Page, PageRequest, StoreError};

impl Write for NewRelease {
    type Output = Release;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Release, StoreError> {
        let name = &self.spec.tenant;
        let newest: i64 = sqlx::query_scalar("select coalesce(max(number), 0) from release where tenant = ?")
            .bind(name.as_str())
            .fetch_one(&mut *db)
            .await?;
        let release = Release {
            number: ReleaseNumber(newest + 1),
            adapter: self.adapter,
            spec: self.spec.clone(),
            created_at: stored(self.now),
        };
        sqlx::query("insert into release (tenant, number, adapter, spec, created_at) values (?, ?, ?, ?, ?)")
            .bind(name.as_str())
            .bind(release.number.0)
            .bind(release.adapter.as_bytes().as_slice())
            .bind(json("a release", &release.spec)?)
            .bind(micros(release.created_at))
            .execute(&mut *db)
            .await?;
        for (secret, sealed) in &self.secrets {
            let new = NewSecret {
                tenant: name.clone(),
                name: secret.clone(),
                sealed: sealed.clone(),
                now: self.now,
            };
            new.run(&mut *db).await?;
        }
        tenant::activate_new(db, name, release.number, self.now).await?;
        Ok(release)
    }
}

/// One release.
pub(crate) async fn find(
    db: &SqlitePool,
    tenant: &TenantName,
    number: ReleaseNumber,
) -> Result<Option<Release>, StoreError> {
    let row = sqlx::query("select * from release where tenant = ? and number = ?")
        .bind(tenant.as_str())
        .bind(number.0)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(release).transpose()
}

/// A tenant's releases, newest first.
pub(crate) async fn list(
    db: &SqlitePool,
    tenant: &TenantName,
    page: &PageRequest,
) -> Result<Page<Release>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let rows = sqlx::query("select * from release where tenant = ? and number < ? order by number desc limit ?")
        .bind(tenant.as_str())
        .bind(part.before)
        .bind(part.rows())
        .fetch_all(db)
        .await?;
    to_page(&rows, part.limit, release, |release| release.number.0.to_string())
}

fn release(row: &SqliteRow) -> Result<Release, StoreError> {
    Ok(Release {
        number: ReleaseNumber(row.plain("number")?),
        adapter: row.digest("adapter")?,
        spec: row.document("spec")?,
        created_at: row.time("created_at")?,
    })
}
