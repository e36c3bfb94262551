//! A guest whose CRM deduplicates keys but cannot be searched: the host may repeat a write with the same key.

mod ledger;

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, about};

struct Idempotent;

jackfield_sdk::export!(Idempotent);

impl Adapter for Idempotent {
    fn describe() -> Description {
        about!().origin("base_url", "The ledger's address").idempotent_writes()
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::NotFound)
    }

    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
        ledger::post_row(host, disposition, idempotency_key)
    }
}
