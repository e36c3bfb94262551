//! Listings: pages over a cursor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemKind};
use jackfield_store::{Page, PageRequest};

/// Rows of a page when the request does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows of a page at most: what a person can look through and an answer stays small with.
pub const MAX_LIMIT: u32 = 200;

/// A part of a listing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Listing<T> {
    /// In order.
    pub items: Vec<T>,
    /// Give it as `after` to get the next page; null on the last.
    pub next: Option<String>,
}

impl<T> Listing<T> {
    /// A page in the API's shape.
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next: page.next,
        }
    }
}

/// Which page of a listing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    limit: Option<u32>,
}

impl PageQuery {
    /// As the store takes it.
    ///
    /// # Errors
    /// The limit is out of range.
    pub fn request(self) -> Result<PageRequest, Problem> {
        page(self.after, self.limit)
    }
}

/// A page as the store takes it.
///
/// # Errors
/// The limit is out of range.
pub fn page(after: Option<String>, limit: Option<u32>) -> Result<PageRequest, Problem> {
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
