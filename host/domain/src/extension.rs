//! Members of a document that the contract does not name.

use serde::{Deserialize, Serialize};

use crate::json::{JsonDocument, JsonMembers};

/// A member that the contract does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// RFC 6901 pointer.
    pub pointer: String,
    /// The value's JSON text, as it was sent.
    pub json: String,
}

impl Extension {
    /// Inserts the value into `members` under its pointer, unless that place is taken. What is no JSON, or has no
    /// pointer, is dropped: adapters' extensions are validated where they enter the host.
    pub fn merge_into(&self, members: &mut JsonMembers) {
        if let Ok(value) = JsonDocument::parse(self.json.as_bytes()) {
            members.insert(&self.pointer, &value);
        }
    }

    /// Whether pointer and value can be used.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        JsonDocument::parse(self.json.as_bytes())
            .is_ok_and(|value| JsonMembers::default().insert(&self.pointer, &value))
    }
}
