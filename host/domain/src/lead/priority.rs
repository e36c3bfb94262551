//! How urgent a lead is.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// How urgent it is to call a lead.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Last.
    Low,
    /// The default.
    #[default]
    Normal,
    /// First.
    High,
}

words!(Priority {
    High = "high",
    Normal = "normal",
    Low = "low",
});
