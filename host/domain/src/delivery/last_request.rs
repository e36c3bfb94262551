//! The last request of an attempt, as operators are shown it.

use serde::{Deserialize, Serialize};

/// The last request that an attempt sent to its destination, or that the host did not send. Its query and its body are
/// not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LastRequest {
    /// Such as `PUT`.
    pub method: String,
    /// The path of its URL: at most 500 bytes, with `***` for each value of the delivery.
    pub path: String,
    /// Which request of its invocation it was, counted from 1. There was none after it.
    pub step: u32,
}
