//! What an adapter implements.

use crate::about::Description;
use crate::host::Host;
use crate::model::{Disposition, Failure, Inbound, Lead, LeadStatus, Receipt};

/// A CRM adapter: what every one must be able to do.
///
/// The host makes a fresh instance for every call, so there is no `self` and nothing to remember. Everything that
/// reaches outside goes through the [`Host`], which is the real one in a component and a
/// [`Script`](crate::testing::Script) in a native test.
///
/// Do not retry: the host does, by the case of the [`Failure`] that is returned. Do not panic on an answer that you did
/// not expect: a panic is a fault, and its message is shown to operators.
pub trait Adapter {
    /// What the adapter is and needs. Run once when it is pushed. Start it with [`about!`](crate::about!).
    fn describe() -> Description;

    /// Asks the CRM whether the lead may be called now.
    ///
    /// # Errors
    /// Any failure makes the host answer that the lead must not be called.
    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure>;

    /// Writes a call's outcome to the CRM, once.
    ///
    /// `idempotency_key` is the same on every attempt and replay; hand it to the CRM if it has a place for it.
    ///
    /// # Errors
    /// The case alone decides what the host does next; see [`Failure`].
    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure>;
}

/// An adapter that can find out whether a write was made. Exported by `export!(MyAdapter with lookup)`.
pub trait Lookup: Adapter {
    /// The receipt of the write with this key, or none if the CRM surely holds no such record.
    ///
    /// # Errors
    /// When the CRM cannot say; the host then asks again later rather than write twice.
    fn find(host: &Host, lead_id: &str, idempotency_key: &str) -> Result<Option<Receipt>, Failure>;
}

/// An adapter that reads the CRM's own webhook shape. Exported by `export!(MyAdapter with parse_leads)`.
pub trait ParseLeads: Adapter {
    /// The leads in a webhook whose signature the host has verified; none if it is an event of another kind.
    ///
    /// # Errors
    /// A rejection sends the webhook to review with its raw bytes.
    fn parse_leads(host: &Host, inbound: &Inbound) -> Result<Vec<Lead>, Failure>;
}
