//! Pages of listings. A cursor is the key of the last row, so rows that appear or disappear meanwhile shift nothing.

use jackfield_store::{Page, PageRequest, StoreError};

/// The most rows of a page.
const MAX_LIMIT: u32 = 500;

/// The requested page of a listing in descending order of numbers.
pub(crate) struct PageQuery {
    /// Only numbers below this one.
    pub(crate) before: i64,
    /// At most this many.
    pub(crate) limit: usize,
}

impl PageQuery {
    pub(crate) fn newest_first(page: &PageRequest) -> Result<Self, StoreError> {
        let before = match &page.after {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_| StoreError::BadCursor)?,
        };
        Ok(Self {
            before,
            limit: limit(page),
        })
    }

    /// How many rows to read: one more shows whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        rows(self.limit)
    }
}

/// At most this many items.
pub(crate) fn limit(page: &PageRequest) -> usize {
    page.limit.clamp(1, MAX_LIMIT) as usize
}

/// One row more than `limit`.
pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// Makes a page of the items that were read, which are one more than `limit` if there is a next page.
pub(crate) fn to_page<T>(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> String) -> Page<T> {
    let has_next = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_next).map(key);
    Page { items, next }
}
