//! Components and their records.

use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, json};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::AdapterRef;
use jackfield_store::{NewAdapter, Page, PageRequest, PutAdapter, StoreError};

impl Write for NewAdapter {
    type Output = PutAdapter;

    async fn run(&self, db: &mut SqliteConnection) -> Result<PutAdapter, StoreError> {
        let digest = self.record.digest;
        let owner = owner(db, &self.record).await?;
        if let Some(owner) = owner.filter(|owner| *owner != digest && !self.replace) {
            return Ok(PutAdapter::Taken(owner));
        }
        let record = put(db, self).await?;
        sqlx::query(
            "insert into adapter_version (name, version, digest) values (?1, ?2, ?3)
             on conflict (name, version) do update set digest = ?3 where digest <> ?3",
        )
        .bind(record.name.as_str())
        .bind(record.version.as_str())
        .bind(digest.as_bytes().as_slice())
        .execute(db)
        .await?;
        Ok(match owner {
            None => PutAdapter::Stored(record),
            Some(owner) if owner == digest => PutAdapter::Known(record),
            Some(before) => PutAdapter::Replaced { record, before },
        })
    }
}

/// The digest that the record's name and version mean.
async fn owner(db: &mut SqliteConnection, record: &AdapterRecord) -> Result<Option<Digest>, StoreError> {
    let row = sqlx::query("select digest from adapter_version where name = ? and version = ?")
        .bind(record.name.as_str())
        .bind(record.version.as_str())
        .fetch_optional(db)
        .await?;
    row.map(|row| row.digest("digest")).transpose()
}

/// Stores the component, if it is not stored, and returns its first record. What is damaged is stored anew: pushing the
/// same bytes again repairs it.
async fn put(db: &mut SqliteConnection, new: &NewAdapter) -> Result<AdapterRecord, StoreError> {
    let record = &new.record;
    let digest = record.digest;
    let known = sqlx::query("select record from adapter where digest = ?")
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(&mut *db)
        .await?;
    let known = known.and_then(|row| row.document("record").ok());
    if known.is_none() {
        sqlx::query(
            "insert into adapter (digest, name, version, record) values (?1, ?2, ?3, ?4)
             on conflict (digest) do update set record = ?4",
        )
        .bind(digest.as_bytes().as_slice())
        .bind(record.name.as_str())
        .bind(record.version.as_str())
        .bind(json("an adapter", record)?)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query(
        "insert into adapter_bytes (digest, bytes) values (?1, ?2)
         on conflict (digest) do update set bytes = ?2 where bytes <> ?2",
    )
    .bind(digest.as_bytes().as_slice())
    .bind(new.bytes.as_slice())
    .execute(db)
    .await?;
    Ok(known.unwrap_or_else(|| record.clone()))
}

/// The adapter that a reference names.
pub(crate) async fn find(db: &SqlitePool, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
    let query = match reference {
        AdapterRef::Name(name) => sqlx::query(
            "select record from adapter where digest =
             (select digest from adapter_version where name = ? order by id desc limit 1)",
        )
        .bind(name.as_str()),
        AdapterRef::Version(name, version) => sqlx::query(
            "select record from adapter where digest =
             (select digest from adapter_version where name = ? and version = ?)",
        )
        .bind(name.as_str())
        .bind(version.as_str()),
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
