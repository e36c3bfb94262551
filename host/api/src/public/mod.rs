//! Responses of the public API, to agents and CRMs.

mod delivery;
mod lead_page;
mod lead_status;
mod receipt;

pub use delivery::{AgentAttemptView, AgentDeliveryView};
pub use lead_page::AgentLeadPage;
pub use lead_status::LeadStatusView;
pub use receipt::ReceiptView;
