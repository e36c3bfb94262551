//! Converts between columns and the domain's types: times are stored as whole microseconds, identifiers and words as
//! text. A value that cannot be read is [`StoreError::Corrupt`], which names the column and never the value, which may
//! be personal data.

use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    /// A value that needs no check, or NULL if its type is an option.
    fn plain<T: FromSql>(&self, column: &'static str) -> Result<T, StoreError>;

    /// A text, or NULL.
    fn text_option(&self, column: &'static str) -> Result<Option<&str>, StoreError>;

    /// A text.
    fn text(&self, column: &'static str) -> Result<&str, StoreError> {
        self.text_option(column)?.ok_or_else(|| unreadable(column))
    }

    /// A text with a rule, which it breaks if `read` returns `None`.
    fn word<T>(&self, column: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        read(self.text(column)?).ok_or_else(|| unreadable(column))
    }

    /// A text with a rule, or NULL.
    fn word_option<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let text = self.text_option(column)?;
        text.map(|text| read(text).ok_or_else(|| unreadable(column)))
            .transpose()
    }

    /// A number with a rule.
    fn number<T>(&self, column: &'static str, read: impl FnOnce(i64) -> Option<T>) -> Result<T, StoreError> {
        read(self.plain(column)?).ok_or_else(|| unreadable(column))
    }

    /// An identifier.
    fn id<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.word(column, |text| text.parse().ok())
    }

    /// An identifier, or NULL.
    fn id_option<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.word_option(column, |text| text.parse().ok())
    }

    /// A time.
    fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.number(column, |micros| Timestamp::from_microsecond(micros).ok())
    }

    /// A time, or NULL.
    fn time_option(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = self.plain(column)?;
        let time = micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| unreadable(column)));
        time.transpose()
    }

    /// A digest.
    fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        let bytes: [u8; 32] = self.plain(column)?;
        Ok(bytes.into())
    }

    /// A count.
    fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        self.number(column, |number| number.try_into().ok())
    }

    /// A value that was stored as JSON text.
    fn document<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.word(column, |text| serde_json::from_str(text).ok())
    }
}

impl Columns for Row<'_> {
    fn plain<T: FromSql>(&self, column: &'static str) -> Result<T, StoreError> {
        self.get(column).map_err(|_| unreadable(column))
    }

    fn text_option(&self, column: &'static str) -> Result<Option<&str>, StoreError> {
        let value = self.get_ref(column).map_err(|_| unreadable(column))?;
        value.as_str_or_null().map_err(|_| unreadable(column))
    }
}

fn unreadable(column: &'static str) -> StoreError {
    StoreError::Corrupt(format!("column `{column}`"))
}
