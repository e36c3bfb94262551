//! Webhook signatures.

use serde::{Deserialize, Serialize};

/// How requests are signed, as data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile;
