//! Listings of the admin API: pages with a cursor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows of a page if the request does not set a limit.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most rows of a page: a person can read through them, and the response stays small.
pub const MAX_LIMIT: u32 = 200;

/// A page of a listing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Listing<T> {
    /// In order.
    pub items: Vec<T>,
    /// Give it as `after` to get the next page; null on the last.
    pub next: Option<String>,
}

/// Which page of a listing.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}
