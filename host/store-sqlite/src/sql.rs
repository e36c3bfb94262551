//! Runs statements. Each is prepared once for a connection and kept.

use rusqlite::{CachedStatement, Connection, Params, Row};

use jackfield_store::StoreError;

/// Runs a statement that returns no rows; returns how many rows it changed.
pub(crate) fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    prepare(db, sql)?.execute(params).map_err(failed)
}

/// The first row of a query, if there is one.
pub(crate) fn first<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = prepare(db, sql)?;
    let mut rows = statement.query(params).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

/// The row of a query that has one in any case.
pub(crate) fn only<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let none = || StoreError::Corrupt("a row that is always there is missing".into());
    first(db, sql, params, read)?.ok_or_else(none)
}

/// All rows of a query.
pub(crate) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(db, sql)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = vec![];
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Whether a query has a row.
pub(crate) fn exists(db: &Connection, sql: &str, params: impl Params) -> Result<bool, StoreError> {
    Ok(first(db, sql, params, |_| Ok(()))?.is_some())
}

fn prepare<'a>(db: &'a Connection, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
    db.prepare_cached(sql).map_err(failed)
}

/// The error of every method once the store is closed.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

/// The database's messages name tables and columns, never values.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
