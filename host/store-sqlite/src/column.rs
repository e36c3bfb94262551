//! Converts between columns and the domain's types: times are stored as whole microseconds, identifiers and words as
//! text. A value that cannot be read is [`StoreError::Corrupt`], which names the column and never the value, which may
//! be personal data.

use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use jackfield_domain::id::Digest;
pub(crate) use jackfield_domain::time::after as later;
use jackfield_store::StoreError;

/// A time as it is stored: whole microseconds.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// `time` as it will be read back.
pub(crate) fn stored(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(micros(time)).unwrap_or(time)
}

/// A value as JSON text.
pub(crate) fn json(what: &str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("{what} cannot be written: {error}")))
}

/// Reads the columns of a row.
pub(crate) trait Columns {
    /// A value that needs no check.
    fn plain<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(&'r self, column: &'static str) -> Result<T, StoreError>;

    /// A value with a rule, which it breaks if `read` returns `None`.
    fn checked<'r, S, T>(&'r self, column: &'static str, read: impl FnOnce(S) -> Option<T>) -> Result<T, StoreError>
    where
        S: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        read(self.plain(column)?).ok_or_else(|| unreadable(column))
    }

    /// A value with a rule, or NULL.
    fn checked_option<'r, S, T>(
        &'r self,
        column: &'static str,
        read: impl FnOnce(S) -> Option<T>,
    ) -> Result<Option<T>, StoreError>
    where
        S: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        let value: Option<S> = self.plain(column)?;
        value
            .map(|value| read(value).ok_or_else(|| unreadable(column)))
            .transpose()
    }

    /// An identifier.
    fn id<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.checked(column, |text: &str| text.parse().ok())
    }

    /// An identifier, or NULL.
    fn id_option<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.checked_option(column, |text: &str| text.parse().ok())
    }

    /// A time.
    fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.checked(column, |micros| Timestamp::from_microsecond(micros).ok())
    }

    /// A time, or NULL.
    fn time_option(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.checked_option(column, |micros| Timestamp::from_microsecond(micros).ok())
    }

    /// A digest.
    fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        self.checked(column, |bytes: &[u8]| Some(<[u8; 32]>::try_from(bytes).ok()?.into()))
    }

    /// A count.
    fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        self.checked(column, |number: i64| number.try_into().ok())
    }

    /// A value that was stored as JSON text.
    fn document<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.checked(column, |text: &str| serde_json::from_str(text).ok())
    }
}

impl Columns for SqliteRow {
    fn plain<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(&'r self, column: &'static str) -> Result<T, StoreError> {
        self.try_get(column).map_err(|_| unreadable(column))
    }
}

fn unreadable(column: &'static str) -> StoreError {
    StoreError::Corrupt(format!("column `{column}`"))
}
