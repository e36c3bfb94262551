//! Leads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeliveryView;
use crate::Listing;
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Priority;

/// A lead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeadView {
    /// The tenant.
    pub tenant: String,
    /// Its id in the CRM.
    pub lead: String,
    /// Its newest `lead.created` document; null if only a disposition ever named it.
    #[schema(value_type = Option<Object>)]
    pub document: Option<JsonDocument>,
    /// How urgent it is to call it.
    pub priority: Priority,
    /// When its newest document was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Since when it must not be called, at its own request.
    pub dnc_since: Option<Timestamp>,
    /// Since when a disposition of it has to be entered by hand: its delivery is dead or in review.
    pub manual_since: Option<Timestamp>,
    /// Its deliveries, newest first: the first page, as of `GET /v1/deliveries?tenant=…&lead=…`.
    pub deliveries: Listing<DeliveryView>,
}
