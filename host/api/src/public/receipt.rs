//! The acknowledgement of a webhook or a disposition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The acknowledgement of a request. A repeat gets the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The acknowledgement's id.
    pub receipt: String,
    /// The delivery that follows from the request.
    pub delivery: String,
    /// The lead; null while the adapter has yet to parse the webhook.
    pub lead_id: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}
