//! Parses a webhook in the CRM's own format into leads.

use jiff::Timestamp;

use super::{Attempt, AttemptOutcome};
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::field::FieldError;
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Lead;
use jackfield_store::{ClaimedDelivery, NewLead};

impl Attempt<'_> {
    pub(super) async fn parse_webhook(&mut self) -> AttemptOutcome {
        let parsed = if self.tenant.loaded.record().parses_leads {
            self.invoke_parser().await
        } else {
            self.read_canonical().map(|lead| vec![lead]).map_err(invalid_lead)
        };
        match parsed {
            Ok(leads) => {
                let push = self.tenant.release().spec.agent.push_url.is_some();
                let key = |index: usize| format!("{}/{index}", self.claimed.lease.id).parse();
                let numbered = leads.into_iter().enumerate();
                self.leads = numbered
                    .filter_map(|(index, lead)| {
                        Some(NewLead {
                            lead,
                            key: key(index).ok()?,
                            push,
                        })
                    })
                    .collect();
                self.ended(Ok(String::new()), false)
            }
            Err(failure) => self.ended(Err(failure), false),
        }
    }

    async fn invoke_parser(&mut self) -> Result<Vec<Lead>, Failure> {
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
        let leads = invocation.outcome?.into_iter();
        leads
            .map(|lead| Lead::from_parsed(lead.members, &lead.extensions, key, received_at).map_err(invalid_lead))
            .collect()
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
        Lead::read(document)
    }
}

/// The failure for a webhook whose lead does not follow the contract: a person has to review it.
fn invalid_lead(fields: Vec<FieldError>) -> Failure {
    Failure::Rejected(Rejection {
        code: "invalid-lead".into(),
        message: "the webhook's lead has missing or wrong fields".into(),
        fields,
    })
}
