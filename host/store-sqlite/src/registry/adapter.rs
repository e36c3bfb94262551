//! Components and their records.

use rusqlite::{Connection, Row, params};

use crate::column::{Columns as _, json};
use crate::page::{PageQuery, to_page};
use crate::sql::{all, execute, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::AdapterRef;
use jackfield_store::{NewAdapter, Page, PageRequest, PutAdapter, StoreError};

impl Write for NewAdapter {
    type Output = PutAdapter;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<PutAdapter, StoreError> {
        let digest = self.record.digest;
        let owner = owner(tx, &self.record)?;
        if let Some(owner) = owner.filter(|owner| *owner != digest && !self.replace) {
            return Ok(PutAdapter::Taken(owner));
        }
        let record = put(tx, self)?;
        execute(
            tx,
            "insert into adapter_version (name, version, digest) values (?1, ?2, ?3)
             on conflict (name, version) do update set digest = ?3 where digest <> ?3",
            params![record.name.as_str(), record.version.as_str(), digest.as_bytes()],
        )?;
        Ok(match owner {
            None => PutAdapter::Stored(record),
            Some(owner) if owner == digest => PutAdapter::Known(record),
            Some(before) => PutAdapter::Replaced { record, before },
        })
    }
}

/// The digest that the record's name and version mean.
fn owner(tx: &Transaction<'_>, record: &AdapterRecord) -> Result<Option<Digest>, StoreError> {
    first(
        tx,
        "select digest from adapter_version where name = ? and version = ?",
        params![record.name.as_str(), record.version.as_str()],
        |row| row.digest("digest"),
    )
}

/// Stores the component, if it is not stored, and returns its first record. What is damaged is stored anew: pushing the
/// same bytes again repairs it.
fn put(tx: &Transaction<'_>, new: &NewAdapter) -> Result<AdapterRecord, StoreError> {
    let record = &new.record;
    let digest = record.digest;
    let sql = "select record from adapter where digest = ?";
    let known = first(tx, sql, [digest.as_bytes()], |row| Ok(row.document("record").ok()))?.flatten();
    if known.is_none() {
        execute(
            tx,
            "insert into adapter (digest, name, version, record) values (?1, ?2, ?3, ?4)
             on conflict (digest) do update set record = ?4",
            params![
                digest.as_bytes(),
                record.name.as_str(),
                record.version.as_str(),
                json("an adapter", record)?,
            ],
        )?;
    }
    execute(
        tx,
        "insert into adapter_bytes (digest, bytes) values (?1, ?2)
         on conflict (digest) do update set bytes = ?2 where bytes <> ?2",
        params![digest.as_bytes(), new.bytes],
    )?;
    Ok(known.unwrap_or_else(|| record.clone()))
}

/// The adapter that a reference names.
pub(super) fn find(db: &Connection, reference: &AdapterRef) -> Result<Option<AdapterRecord>, StoreError> {
    let read = |row: &Row<'_>| row.document("record");
    match reference {
        AdapterRef::Name(name) => first(
            db,
            "select record from adapter where digest =
                 (select digest from adapter_version where name = ? order by id desc limit 1)",
            [name.as_str()],
            read,
        ),
        AdapterRef::Version(name, version) => first(
            db,
            "select record from adapter where digest =
                 (select digest from adapter_version where name = ? and version = ?)",
            [name.as_str(), version.as_str()],
            read,
        ),
        AdapterRef::Digest(digest) => {
            let sql = "select record from adapter where digest = ?";
            first(db, sql, [digest.as_bytes()], read)
        }
    }
}

/// Adapters, newest first.
pub(super) fn list(db: &Connection, page: &PageRequest) -> Result<Page<AdapterRecord>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let found = all(
        db,
        "select id, record from adapter where id < ? order by id desc limit ?",
        [part.before, part.rows()],
        |row| Ok((row.plain::<i64>("id")?, row.document("record")?)),
    )?;
    let page = to_page(found, part.limit, |(id, _)| id.to_string());
    Ok(Page {
        items: page.items.into_iter().map(|(_, record)| record).collect(),
        next: page.next,
    })
}
