//! How urgent a lead is.

use crate::word::words;
use serde::{Deserialize, Serialize};

/// How urgently a lead wants to be called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Last.
    Low,
    /// When nothing was said.
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
