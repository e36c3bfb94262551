//! Members of a document that the contract does not name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A member that the contract does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// RFC 6901 pointer.
    pub pointer: String,
    /// The value as JSON text.
    pub json: String,
}

impl Extension {
    /// Inserts the member into `members` under its pointer's text, unless that name is taken. A value that is not JSON
    /// is dropped: adapters' extensions are validated where they enter the host.
    pub fn merge_into(&self, members: &mut Map<String, Value>) {
        let name = self
            .pointer
            .trim_start_matches('/')
            .replace("~1", "/")
            .replace("~0", "~");
        if let Ok(value) = serde_json::from_str(&self.json) {
            members.entry(name).or_insert(value);
        }
    }
}
