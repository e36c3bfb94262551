//! The ledger's client, shared with the guest `searchable`.

use jackfield_sdk::http::{Response, url};
use jackfield_sdk::{Disposition, Failure, Host, Receipt};
use serde_json::{Value, json};

/// Posts a row for a disposition.
pub fn post_row(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
    let row = json!({ "lead": disposition.lead_id, "call": disposition.call_id });
    let request = host.post(rows_url(host)?);
    let response = request.header("idempotency-key", idempotency_key).json(&row).send()?;
    receipt(response)
}

/// The URL of the ledger's rows.
pub fn rows_url(host: &Host) -> Result<String, Failure> {
    url(&host.required::<String>("base_url")?, &["rows"])
}

/// The receipt in a response: the number of the row.
pub fn receipt(response: Response<'_>) -> Result<Receipt, Failure> {
    let stored: Value = response.accept()?.json()?;
    Ok(Receipt::new(stored["row"].to_string()))
}
