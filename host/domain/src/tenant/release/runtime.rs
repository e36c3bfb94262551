//! `[runtime]` of a tenant's file.

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The most invocations that one instance may serve: enough to make its start negligible, and few enough that a guest's
/// leaks, and errors that show only after days, end with its instance.
pub const MAX_REUSE: u32 = 10_000;

/// `[runtime]`: how the adapter is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeSpec {
    /// How many invocations one instance may serve, one after the other, all of this release. 1 to 10,000; 1 is a fresh
    /// instance for every invocation, so that no state carries over.
    pub reuse: u32,
}

impl Default for RuntimeSpec {
    fn default() -> Self {
        Self { reuse: 1 }
    }
}

impl RuntimeSpec {
    pub(super) fn check(self, errors: &mut Vec<FieldError>) {
        if !(1..=MAX_REUSE).contains(&self.reuse) {
            errors.push(FieldError::new(
                "/runtime/reuse",
                format!("must be 1 to {MAX_REUSE}; 1 is a fresh instance for every call"),
            ));
        }
    }
}
