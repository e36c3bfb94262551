//! A guest whose CRM appends a row for every post, but can find the row of a key: the host must look a write up before
//! it repeats it.

#[path = "../../idempotent/src/ledger.rs"]
mod ledger;

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Lookup, Receipt, about};

struct Searchable;

jackfield_sdk::export!(Searchable with lookup);

impl Adapter for Searchable {
    fn describe() -> Description {
        about!().origin("base_url", "The ledger's address")
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::NotFound)
    }

    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
        ledger::post_row(host, disposition, idempotency_key)
    }
}

impl Lookup for Searchable {
    fn find(host: &Host, _: &str, idempotency_key: &str) -> Result<Option<Receipt>, Failure> {
        let request = host.get(ledger::rows_url(host)?);
        let response = request.query(&[("key", idempotency_key)]).send()?;
        if response.status() == 404 {
            return Ok(None);
        }
        ledger::receipt(response).map(Some)
    }
}
