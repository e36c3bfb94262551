//! A guest that attacks its host in the way that the lead's id names, in status queries and in writes.
//!
//! The host must contain every attack within its invocation. Results for the test (a counter, an error text, found
//! secrets) come back as the status text of a query and as the reference of a receipt.

mod attack;

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, SettingKind, about};

struct Hostile;

jackfield_sdk::export!(Hostile);

impl Adapter for Hostile {
    fn describe() -> Description {
        about!().origin("base_url", "A server for `hang` and `storm`").optional(
            "target",
            SettingKind::Text,
            "The URL that `egress` sends a request to, or the request that `request` sends",
        )
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let report = attack::run(host, lead_id)?;
        Ok(LeadStatus {
            lead_id: report.lead_id,
            callable: true,
            status: report.status,
            ..LeadStatus::default()
        })
    }

    fn write_disposition(host: &Host, disposition: &Disposition, _: &str) -> Result<Receipt, Failure> {
        attack::run(host, &disposition.lead_id).map(|report| Receipt::new(report.reference))
    }
}
