//! Components and their records.

use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, json};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::AdapterRef;
use jackfield_store::{NewAdapter, Page, PageRequest, StoreError};

impl Write for NewAdapter {
    type Output = AdapterRecord;

    async fn run(&self, db: &mut SqliteConnection) -> Result<AdapterRecord, StoreError> {
        let record = &self.record;
        let known = sqlx::query("select record from adapter where digest = ?")
            .bind(record.digest.as_bytes().as_slice())
            .fetch_optional(&mut *db)
            .await?;
        if let Some(known) = known {
            return known.document("record");
        }
        sqlx::query("insert into adapter (digest, name, version, record) values (?, ?, ?, ?)")
            .bind(record.digest.as_bytes().as_slice())
            .bind(record.name.as_str())
            .bind(record.version.as_str())
            .bind(json("an adapter", record)?)
            .execute(&mut *db)
            .await?;
        sqlx::query("insert into adapter_bytes (digest, bytes) values (?, ?)")
            .bind(record.digest.as_bytes().as_slice())
            .bind(self.bytes.as_slice())
            .execute(db)
            .await?;
        Ok(record.clone())
    }
}

/// The adapter that a reference names.
pub(crate) async fn find(db: &SqlitePool, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
    let query = match reference {
        AdapterRef::Name(name) => {
            sqlx::query("select record from adapter where name = ? order by id desc limit 1").bind(name.as_str())
        }
        AdapterRef::Version(name, version) => {
            sqlx::query("select record from adapter where name = ? and version = ? order by id desc limit 1")
                .bind(name.as_str())
                .bind(version.as_str())
        }
        AdapterRef::Digest(digest) => {
            sqlx::query("select record from adapter where digest = ?").bind(digest.as_bytes().as_slice())
        }
    };
    let row = query.fetch_optional(db).await?;
    row.map(|row| row.document("record")).transpose()
}

/// The bytes of a component.
pub(crate) async fn bytes(db: &SqlitePool, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes = sqlx::query_scalar("select bytes from adapter_bytes where digest = ?")
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(bytes)
}

/// Adapters, newest first.
pub(crate) async fn list(db: &SqlitePool, page: &PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let rows = sqlx::query("select id, record from adapter where id < ? order by id desc limit ?")
        .bind(part.before)
        .bind(part.rows())
        .fetch_all(db)
        .await?;
    let numbered = |row: &SqliteRow| Ok((row.plain::<i64>("id")?, row.document("record")?));
    let page = to_page(&rows, part.limit, numbered, |(id, _)| id.to_string())?;
    Ok(Page {
        items: page.items.into_iter().map(|(_, record)| record).collect(),
        next: page.next,
    })
}
