//! The tables, and what is known of the database as a whole.

use std::path::Path;

use rand::RngExt as _;
use rusqlite::{Connection, OpenFlags, params};

use crate::column::Columns as _;
use crate::open_error::OpenError;
use crate::sql::{all, execute, only};
use jackfield_domain::intake::idempotency::KeyDigester;
use jackfield_store::StoreError;

/// What this version writes.
const VERSION: i64 = 1;
/// The tables of an empty database.
pub(crate) const TABLES: &str = include_str!("schema.sql");

/// The ids of a cell's deliveries and requests are above its number times this.
const IDS_OF_A_CELL: i64 = 1 << 40;

/// What was fixed when the database was made.
pub(crate) struct Installation {
    /// Ids begin after this one.
    pub(crate) first_id: i64,
    /// Makes the digests of keys.
    pub(crate) digester: KeyDigester,
}

/// Whether a database has no tables yet. Refuses one that this version cannot use, and changes nothing of it.
pub(crate) fn is_empty(path: &Path) -> Result<bool, OpenError> {
    if path.metadata().map_or(0, |file| file.len()) == 0 {
        return Ok(true);
    }
    check(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Makes the tables of an empty database.
pub(crate) fn create(db: &Connection) -> Result<(), OpenError> {
    execute(db, "begin immediate", [])?;
    let created = insert_tables(db);
    execute(db, if created.is_ok() { "commit" } else { "rollback" }, [])?;
    created
}

/// Whether the database is empty.
fn check(db: &Connection) -> Result<bool, OpenError> {
    let tables = all(db, "select name from sqlite_schema", [], |row| {
        Ok(row.text("name")?.to_owned())
    })?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if tables.is_empty() {
        return Ok(true);
    }
    if has("_sqlx_migrations") {
        return Err(OpenError::BeforeRelease);
    }
    if !has("schema") || !has("installation") {
        return Err(OpenError::Foreign);
    }
    let (version, oldest) = only(db, "select version, oldest_reader from schema", [], |row| {
        Ok((row.plain("version")?, row.plain::<i64>("oldest_reader")?))
    })?;
    if oldest > VERSION {
        return Err(OpenError::Newer(version));
    }
    Ok(false)
}

#[expect(
    clippy::disallowed_methods,
    reason = "no decision depends on it; it only has to be unknown to others"
)]
fn insert_tables(db: &Connection) -> Result<(), OpenError> {
    db.execute_batch(TABLES)?;
    execute(
        db,
        "insert into schema (id, version, oldest_reader) values (1, ?1, ?1)",
        params![VERSION],
    )?;
    execute(
        db,
        "insert into installation (id, cell, digest_key) values (1, 0, ?)",
        params![rand::rng().random::<[u8; 32]>()],
    )?;
    Ok(())
}

/// What was fixed when the database was made.
pub(crate) fn installation(db: &Connection) -> Result<Installation, StoreError> {
    only(db, "select cell, digest_key from installation", [], |row| {
        let key: [u8; 32] = row.plain("digest_key")?;
        let unusable = |_| StoreError::Corrupt("column `digest_key`".into());
        Ok(Installation {
            first_id: row.number("cell", |cell: i64| cell.checked_mul(IDS_OF_A_CELL))?,
            digester: KeyDigester::new(&key).map_err(unusable)?,
        })
    })
}
