//! The adapter for groundwork, a twenty-year-old CRM: forms in, XML out, errors inside HTTP 200, every request signed.
//!
//! This file makes the requests; [`mapping`] fills them, [`answer`] interprets the answers, and [`webhook`] parses
//! groundwork's own webhook. Groundwork appends a row for every accepted write and cannot be searched, so the adapter
//! neither declares idempotent writes nor exports a lookup.

pub mod answer;
pub mod mapping;
pub mod webhook;

use jackfield_sdk::{
    Adapter, CredentialKind, Description, Disposition, Failure, Host, Inbound, Lead, LeadStatus, ParseLeads, Receipt,
    Rejection, about,
};

use crate::answer::Answer;

/// The adapter for groundwork.
pub struct Groundwork;

jackfield_sdk::export!(Groundwork with parse_leads);

impl Adapter for Groundwork {
    fn describe() -> Description {
        about!()
            .origin("base_url", "Where groundwork lives, such as https://crm.example")
            .credential(
                "signing",
                CredentialKind::Hmac,
                "The key that groundwork shares for `sig`",
            )
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        post(host, "lead_status.php", vec![("lead_no", lead_id.into())])?.lead_status()
    }

    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
        post(
            host,
            "call_update.php",
            mapping::call_update(host, disposition, idempotency_key)?,
        )?
        .receipt()
    }
}

impl ParseLeads for Groundwork {
    fn parse_leads(host: &Host, inbound: &Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure> {
        Ok(webhook::leads(host, &inbound.body)?.into_iter().map(Ok).collect())
    }
}

/// Posts a signed form and reads the answer. An error inside a 200 is a failure like any other.
fn post(host: &Host, script: &str, mut form: mapping::Form) -> Result<Answer, Failure> {
    let base_url: String = host.required("base_url")?;
    form.push(("ts", host.now().as_second().to_string()));
    form.push((
        "sig",
        hex::encode(host.hmac_sha256("signing", mapping::signed_text(&form))?),
    ));
    let response = host
        .post(format!("{base_url}/crm/{script}"))
        .form(&form)
        .send()?
        .accept()?;
    let answer = Answer::read(response.text()?).map_err(|_| response.unreadable("not groundwork's XML"))?;
    answer.accept()
}
