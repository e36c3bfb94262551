//! A guest that does whatever harm its lead's id asks for, in status queries and in writes alike.
//!
//! The host must hold every one of them inside its own call. What a test wants to read back (a counter, an error text,
//! what a search for secrets found) comes as the status text of a query and as the reference of a receipt.

mod harm;

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, SettingKind, about};

struct Hostile;

jackfield_sdk::export!(Hostile);

impl Adapter for Hostile {
    fn describe() -> Description {
        about!().origin("base_url", "A server for `hang` and `storm`").optional(
            "target",
            SettingKind::Text,
            "The URL that `egress` calls",
        )
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let report = harm::done(host, lead_id)?;
        Ok(LeadStatus {
            lead_id: report.lead_id,
            callable: true,
            status: report.status,
            ..LeadStatus::default()
        })
    }

    fn write_disposition(host: &Host, disposition: &Disposition, _: &str) -> Result<Receipt, Failure> {
        harm::done(host, &disposition.lead_id).map(|report| Receipt::new(report.reference))
    }
}
