//! Parses a webhook in the CRM's own format into leads.

use jiff::Timestamp;
use serde_json::Map;

use super::{Attempt, AttemptOutcome};
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::field::FieldError;
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Lead;
use jackfield_sandbox::ParsedLead;
use jackfield_store::{ClaimedDelivery, NewLead, RefusedLead};

impl Attempt<'_> {
    pub(super) async fn parse_webhook(&mut self) -> AttemptOutcome {
        let parsed = if self.tenant.loaded.record().parses_leads {
            self.invoke_parser().await
        } else {
            self.read_canonical()
                .map(|lead| vec![Ok(lead)])
                .map_err(|fields| Failure::Rejected(rejection_of(fields)))
        };
        match parsed {
            Ok(leads) => {
                let push = self.tenant.release().spec.agent.push_url.is_some();
                for (place, lead) in leads.into_iter().enumerate() {
                    let Ok(key) = format!("{}/{place}", self.claimed.lease.id).parse() else {
                        continue;
                    };
                    match lead {
                        Ok(lead) => self.leads.push(NewLead { lead, key, push }),
                        Err((document, rejection)) => self.refused.push(RefusedLead {
                            key,
                            document,
                            rejection: self.with_place(rejection, place),
                        }),
                    }
                }
                self.ended(Ok(String::new()), false)
            }
            Err(failure) => self.ended(Err(failure), false),
        }
    }

    /// The webhook's leads in their order. A lead that the adapter refused, or that is not valid, has the document that
    /// a person completes in review.
    async fn invoke_parser(&mut self) -> Result<Vec<Result<Lead, (String, Rejection)>>, Failure> {
        let ClaimedDelivery {
            content_type,
            payload,
            accepted_at,
            key,
            ..
        } = self.claimed;
        let invocation = self.tenant.loaded.parse(content_type, payload, *accepted_at).await;
        self.record_invocation("leads.parse", &invocation);
        let received_at: Timestamp = *accepted_at;
        let country = self.tenant.release().spec.country;
        let empty = || {
            let document = Lead::document_of(Map::new(), &[], key, received_at);
            document.map(|document| document.text().to_owned()).unwrap_or_default()
        };
        let read = |parsed: Result<ParsedLead, Rejection>| {
            let lead = parsed.map_err(|rejection| (empty(), rejection))?;
            let document = Lead::document_of(lead.members, &lead.extensions, key, received_at)
                .map_err(|fields| (empty(), rejection_of(fields)))?;
            let text = document.text().to_owned();
            Lead::read(document, country).map_err(|fields| (text, rejection_of(fields)))
        };
        Ok(invocation.outcome?.into_iter().map(read).collect())
    }

    /// A lead's rejection, with where the operator finds what was sent.
    fn with_place(&self, rejection: Rejection, place: usize) -> Rejection {
        let webhook = self.claimed.lease.id;
        let message = format!(
            "lead {} of webhook {webhook} (`jackfield deliveries show {webhook} --payload` shows it): {}",
            place + 1,
            rejection.message
        );
        Rejection { message, ..rejection }
    }

    /// Reads the contract's own format: the adapter that should have parsed this webhook was replaced by one that
    /// parses none.
    fn read_canonical(&self) -> Result<Lead, Vec<FieldError>> {
        let document = JsonDocument::parse(&self.claimed.payload).map_err(|_| {
            vec![FieldError::new(
                "",
                "must be JSON: the tenant's adapter does not parse webhooks itself",
            )]
        })?;
        Lead::read(document, self.tenant.release().spec.country)
    }
}

/// The lead is not what the contract asks for: a person has to look at it.
fn rejection_of(fields: Vec<FieldError>) -> Rejection {
    Rejection {
        code: "invalid-lead".into(),
        message: "the webhook's lead has missing or wrong fields".into(),
        fields,
    }
}
