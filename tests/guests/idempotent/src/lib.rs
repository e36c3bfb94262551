//! A guest whose CRM knows a key again but cannot be searched: the host may repeat a write under the same key.

use jackfield_sdk::http::url;
use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, about};
use serde_json::{Value, json};

struct Idempotent;

jackfield_sdk::export!(Idempotent);

impl Adapter for Idempotent {
    fn describe() -> Description {
        about!()
            .origin("base_url", "Where the ledger lives")
            .idempotent_writes()
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
