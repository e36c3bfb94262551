//! What the public API takes from agents and CRMs, and answers to them.

mod delivery;
mod documents;
mod lead_page;
mod lead_status;
mod receipt;

pub use delivery::{AgentAttemptView, AgentDeliveryView};
pub use documents::{DispositionDocument, LeadDocument};
pub use lead_page::AgentLeadPage;
pub use lead_status::LeadStatusView;
pub use receipt::ReceiptView;
