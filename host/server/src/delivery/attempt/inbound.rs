//! Parsing a webhook in the CRM's own shape into leads.

use jiff::Timestamp;

use super::{Attempt, AttemptOutcome};
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::field::FieldError;
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
                let key = |place: usize| format!("{}/{place}", self.claimed.lease.id).parse();
                let numbered = leads.into_iter().enumerate();
                self.leads = numbered
                    .filter_map(|(place, lead)| {
                        Some(NewLead {
                            lead,
                            key: key(place).ok()?,
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
        let called = self.tenant.loaded.parse(content_type, payload, *accepted_at).await;
        self.observe("leads.parse", &called);
        let at: Timestamp = *accepted_at;
        let leads = called.outcome?.into_iter();
        leads
            .map(|lead| Lead::from_parsed(lead.members, &lead.extensions, key, at).map_err(invalid_lead))
            .collect()
    }

    /// The adapter that was to parse this is gone; its successor leaves the contract's shape to the host.
    fn read_canonical(&self) -> Result<Lead, Vec<FieldError>> {
        let document = serde_json::from_slice(&self.claimed.payload).map_err(|_| {
            vec![FieldError::new(
                "",
                "must be JSON: the tenant's adapter does not parse webhooks itself",
            )]
        })?;
        Lead::read(document)
    }
}

/// The webhook's lead is not what the contract asks for: a person has to look at it.
fn invalid_lead(fields: Vec<FieldError>) -> Failure {
    Failure::Rejected(Rejection {
        code: "invalid-lead".into(),
        message: "the webhook's lead has missing or wrong fields".into(),
        fields,
    })
}
