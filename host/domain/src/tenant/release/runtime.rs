//! `[runtime]` of a tenant's file.

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// The most invocations that one instance may serve: enough to make its start negligible, and few enough to end a
/// guest's leaks, and errors that appear only after days, together with the instance.
pub const MAX_REUSE: u32 = 10_000;

/// `[runtime]`: how the adapter is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeSpec {
    /// How many invocations of this release one instance may serve, one after the other. 1 to 10,000; 1 is a fresh
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
