//! An invalid field: where it is and what it should be.

use serde::{Deserialize, Serialize};

/// One invalid field of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// RFC 6901 JSON pointer, such as `/call_metadata/call_id`; for a field that a CRM refused, the CRM's name for it.
    pub pointer: String,
    /// What is wrong and what is allowed. Never the value itself: it may be personal data.
    pub detail: String,
}

impl FieldError {
    /// A field error.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// A part of a JSON pointer, escaped.
#[must_use]
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
