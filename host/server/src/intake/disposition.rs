//! Accepts dispositions.

use super::{Acceptance, Intake, IntakeError, json};
use crate::tenants::Tenant;
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::id::LeadId;
use jackfield_store::{Accept, AcceptDisposition, RawRequest};

impl Intake {
    /// Accepts the disposition of a call to `lead`, and the do-not-call that it may contain. `tenant` is none if this
    /// host can serve no release of it; even then an invalid document is refused as invalid.
    ///
    /// # Errors
    /// The document is not valid, its `call_id` was used for another one, the tenant is not served, or the store
    /// failed.
    pub async fn accept_disposition(
        &self,
        tenant: Option<&Tenant>,
        lead: LeadId,
        request: RawRequest,
    ) -> Result<Acceptance, IntakeError> {
        let document = json(&request.body)?;
        let disposition = Disposition::read(lead.clone(), &document).map_err(IntakeError::Invalid)?;
        let release = tenant.ok_or(IntakeError::NotServing)?.release();
        let accept = AcceptDisposition {
            digest: disposition::digest(&lead, &document),
            due: release.spec.delivery.retry.first_due(request.received_at),
            disposition,
            request,
        };
        match self.store.accept_disposition(accept).await? {
            Accept::New(receipt) => {
                tracing::info!(delivery = %receipt.delivery, release = %release.number, "disposition accepted");
                self.wake.notify_one();
                Ok(Acceptance { receipt, repeat: false })
            }
            Accept::Repeat(receipt) => Ok(Acceptance { receipt, repeat: true }),
            Accept::Conflict => Err(IntakeError::CallReported),
        }
    }
}
