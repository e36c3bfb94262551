//! What an adapter implements.

use crate::about::Description;
use crate::host::Host;
use crate::model::{Disposition, Failure, Inbound, Lead, LeadStatus, Receipt, Rejection};

/// A CRM adapter: what every adapter must implement.
///
/// Every invocation runs in a fresh instance, so there is no `self` and no state. All access to the outside goes
/// through the [`Host`], which is the real one in a component and a [`Script`](crate::testing::Script) in a native
/// test.
///
/// Do not retry: the host does, by the case of the returned [`Failure`]. Do not panic on an unexpected answer: a panic
/// is a fault, and its message is shown to operators.
pub trait Adapter {
    /// What the adapter is and needs. Invoked once, when it is pushed. Start it with [`about!`](crate::about!).
    fn describe() -> Description;

    /// Asks the CRM whether the lead may be called now.
    ///
    /// # Errors
    /// After any failure, the host answers that the lead must not be called.
    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure>;

    /// Writes a call's outcome to the CRM, once.
    ///
    /// `idempotency_key` is the same on every attempt and replay; send it to the CRM if the CRM accepts one.
    ///
    /// # Errors
    /// The case alone decides what the host does next; see [`Failure`].
    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure>;
}

/// An adapter that can find out whether a write was made. Exported by `export!(MyAdapter with lookup)`.
pub trait Lookup: Adapter {
    /// The receipt of the write with this key, or none if the CRM certainly has no such record.
    ///
    /// # Errors
    /// If the CRM cannot say; the host then asks again later rather than write twice.
    fn find(host: &Host, lead_id: &str, idempotency_key: &str) -> Result<Option<Receipt>, Failure>;
}

/// An adapter that parses the CRM's own webhook format. Exported by `export!(MyAdapter with parse_leads)`.
pub trait ParseLeads: Adapter {
    /// The leads in a webhook whose signature the host has verified; none for an event of another kind. A lead that
    /// cannot be read is a [`Rejection`] in its place: it goes to review alone, and the others are delivered. Return
    /// the leads in the webhook's order, always, since a lead's place is part of its key.
    ///
    /// # Errors
    /// A rejection of the whole webhook sends it to review with its raw bytes.
    fn parse_leads(host: &Host, inbound: &Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure>;
}
