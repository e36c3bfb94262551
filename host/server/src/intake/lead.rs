//! Accepts leads.

use std::time::Duration;

use super::{Acceptance, Intake, IntakeError};
use crate::tenants::Tenant;
use jackfield_domain::id::{DedupKey, Digest};
use jackfield_domain::intake::idempotency;
use jackfield_domain::json::{JsonDocument, NotJson};
use jackfield_domain::lead::Lead;
use jackfield_store::{Accept, AcceptLead, AcceptedWork, RawRequest};

/// A lead whose sender is authenticated.
#[derive(Debug, Clone)]
pub struct ReceivedLead {
    /// The request as it was received.
    pub request: RawRequest,
    /// The id of the message, if its sender signed it.
    pub signed_id: Option<DedupKey>,
    /// How long its keys are remembered.
    pub window: Duration,
}

impl Intake {
    /// Accepts a lead of a tenant.
    ///
    /// # Errors
    /// The document is not valid, its key was used for another one, or the store failed.
    pub async fn accept_lead(&self, tenant: &Tenant, lead: ReceivedLead) -> Result<Acceptance, IntakeError> {
        let ReceivedLead {
            request,
            signed_id,
            window,
        } = lead;
        let document = JsonDocument::parse(&request.body);
        let keys = idempotency::keys(signed_id.as_ref(), document.as_ref().ok(), &request.body);
        let (work, digest) = accepted_work(tenant, document, &request)?;
        // The engine has nothing to deliver if the agent pulls the lead.
        let to_deliver = !matches!(work, AcceptedWork::Lead { push: false, .. });
        let accept = AcceptLead {
            keys,
            digest,
            window,
            due: tenant.release().spec.delivery.retry.first_due(request.received_at),
            work,
            request,
        };
        match self.store.accept_lead(accept).await? {
            Accept::New(receipt) => {
                tracing::info!(delivery = %receipt.delivery, release = %tenant.release().number, "lead accepted");
                if to_deliver {
                    self.wake.notify_one();
                }
                Ok(Acceptance { receipt, repeat: false })
            }
            Accept::Repeat(receipt) => Ok(Acceptance { receipt, repeat: true }),
            Accept::Conflict => Err(IntakeError::KeyReused),
        }
    }
}

/// What has to be done with the lead, and the digest of what was sent. A worker parses the CRM's own format. The
/// contract's format is checked here, while the sender still waits for the answer.
fn accepted_work(
    tenant: &Tenant,
    document: Result<JsonDocument, NotJson>,
    request: &RawRequest,
) -> Result<(AcceptedWork, Digest), IntakeError> {
    if tenant.loaded.record().parses_leads {
        return Ok((AcceptedWork::Parse, Digest::of(&request.body)));
    }
    let document = document?;
    let spec = &tenant.release().spec;
    let work = AcceptedWork::Lead {
        lead: Lead::read(&document, spec.country).map_err(IntakeError::Invalid)?,
        push: spec.agent.push_url.is_some(),
    };
    Ok((work, idempotency::digest(&document)))
}
