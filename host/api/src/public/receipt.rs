//! The acknowledgement of a webhook or a disposition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The acknowledgement of a request. A repeat gets the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptView {
    /// The acknowledgement's id, such as `rcp_7`.
    pub receipt: String,
    /// The delivery that follows from the request, such as `dlv_42`: ask for its state under this id.
    pub delivery: String,
    /// The lead; null while the adapter has yet to parse the webhook.
    pub lead_id: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}
