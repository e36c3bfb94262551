//! Listings: the page of the store that a query requests, and its form in the API.

use crate::problem::{Problem, ProblemKind};
use jackfield_api::{DEFAULT_LIMIT, Listing, MAX_LIMIT, PageQuery};
use jackfield_store::{Page, PageRequest};

/// A page of the store as the API shows it.
pub(super) fn listing<R, T>(page: Page<R>, view: impl FnMut(R) -> T) -> Listing<T> {
    Listing {
        items: page.items.into_iter().map(view).collect(),
        next: page.next,
    }
}

/// The page that a query requests.
///
/// # Errors
/// The limit is out of range.
pub(super) fn page_request(query: PageQuery) -> Result<PageRequest, Problem> {
    page(query.after, query.limit)
}

/// The page after a cursor.
///
/// # Errors
/// The limit is out of range.
pub(super) fn page(after: Option<String>, limit: Option<u32>) -> Result<PageRequest, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(PageRequest { after, limit })
    } else {
        Err(Problem::new(
            ProblemKind::BadRequest,
            format!("limit must be 1 to {MAX_LIMIT}; follow `next` with `after` for more"),
        ))
    }
}
