//! The adapter for keystone, a tidy JSON API that stores calls by their id.
//!
//! This file makes the requests; [`mapping`] converts their contents. The host adds keystone's bearer token.

pub mod mapping;

use jackfield_sdk::http::{Response, url};
use jackfield_sdk::{
    Adapter, CredentialKind, Description, Disposition, Failure, Host, LeadStatus, Lookup, Receipt, about,
};

use crate::mapping::{Call, Lead, Refusal, Stored};

/// The adapter for keystone.
pub struct Keystone;

jackfield_sdk::export!(Keystone with lookup);

impl Adapter for Keystone {
    fn describe() -> Description {
        about!()
            .origin("base_url", "Where keystone lives, such as https://crm.example")
            .credential("crm", CredentialKind::Bearer, "Keystone's API token")
            .idempotent_writes() // by the call id in the path, and the Idempotency-Key
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        let url = url(&base_url(host)?, &["api", "v1", "leads", lead_id])?;
        let lead: Lead = host.get(url).send()?.accept_or(refusal)?.json()?;
        Ok(lead.into())
    }

    fn write_disposition(host: &Host, disposition: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
        let path = [
            "api",
            "v1",
            "leads",
            &disposition.lead_id,
            "calls",
            &disposition.call_id,
        ];
        let request = host.put(url(&base_url(host)?, &path)?);
        let answer = request
            .header("idempotency-key", idempotency_key)
            .json(&Call::new(host, disposition)?)
            .send()?;
        let stored: Stored = answer.accept_or(refusal)?.json()?;
        Ok(Receipt::new(stored.id))
    }
}

impl Lookup for Keystone {
    fn find(host: &Host, _lead_id: &str, idempotency_key: &str) -> Result<Option<Receipt>, Failure> {
        let url = url(&base_url(host)?, &["api", "v1", "calls", idempotency_key])?;
        let answer = host.get(url).send()?;
        // Only keystone's own error proves that the call is absent; a proxy can answer 404 too.
        if answer.status() == 404 && answer.json::<Refusal>()?.is("call_not_found") {
            return Ok(None);
        }
        let stored: Stored = answer.accept_or(refusal)?.json()?;
        Ok(Some(Receipt::new(stored.id)))
    }
}

fn base_url(host: &Host) -> Result<String, Failure> {
    host.required("base_url")
}

/// Keystone's reason, if the answer is keystone's.
fn refusal(answer: &Response<'_>) -> Option<jackfield_sdk::Rejection> {
    answer.json::<Refusal>().ok().map(Into::into)
}
