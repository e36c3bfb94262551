//! A guest whose CRM appends a row for every post, but can be asked for the row of a key: the host must ask before it
//! repeats a write.

use jackfield_sdk::http::url;
use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Lookup, Receipt, about};
use serde_json::{Value, json};

struct Searchable;

jackfield_sdk::export!(Searchable with lookup);

impl Adapter for Searchable {
    fn describe() -> Description {
        about!().origin("base_url", "Where the ledger lives")
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::NotFound)
    }

    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
        let row = json!({ "lead": disposition.lead_id, "call": disposition.call_id });
        let request = host.post(url(&host.required::<String>("base_url")?, &["rows"])?);
        let answer = request.header("idempotency-key", idempotency_key).json(&row).send()?;
        let stored: Value = answer.accept()?.json()?;
        Ok(Receipt::new(stored["row"].to_string()))
    }
}

impl Lookup for Searchable {
    fn find(host: &Host, _: &str, idempotency_key: &str) -> Result<Option<Receipt>, Failure> {
        let rows = url(&host.required::<String>("base_url")?, &["rows"])?;
        let answer = host.get(rows).query(&[("key", idempotency_key)]).send()?;
        if answer.status() == 404 {
            return Ok(None);
        }
        let stored: Value = answer.accept()?.json()?;
        Ok(Some(Receipt::new(stored["row"].to_string())))
    }
}
