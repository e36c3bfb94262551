//! Accepts dispositions.

use super::{Acceptance, Intake, IntakeError};
use crate::tenants::Tenant;
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::call::do_not_call;
use jackfield_domain::id::{CallId, LeadId, TenantName};
use jackfield_domain::intake::media::UnsupportedMedia;
use jackfield_domain::json::JsonDocument;
use jackfield_store::{Accept, AcceptDisposition, RawRequest, RefusedDoNotCall, StoreError};
use jiff::Timestamp;

/// Why a disposition was not accepted, and what was stored of it all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispositionRefusal {
    /// Why.
    pub error: IntakeError,
    /// The lead's wish not to be called was recorded.
    pub do_not_call_recorded: bool,
}

impl Intake {
    /// Accepts the disposition of a call to `lead`, and the do-not-call that it may contain. `charset` says whether the
    /// request names one that the host reads. `tenant` is none if this host can serve no release of it; even then an
    /// invalid document is refused as invalid.
    ///
    /// # Errors
    /// The document is not valid, its `call_id` was used for another one, the tenant is not served, or the store
    /// failed. A wish not to be called is recorded even then, unless it was the store that failed.
    pub async fn accept_disposition(
        &self,
        tenant: Option<&Tenant>,
        lead: LeadId,
        charset: Result<(), UnsupportedMedia>,
        request: RawRequest,
    ) -> Result<Acceptance, DispositionRefusal> {
        let (name, received_at) = (request.tenant.clone(), request.received_at);
        let document = match charset {
            Ok(()) => JsonDocument::parse(&request.body).map_err(IntakeError::from),
            Err(media) => Err(IntakeError::Unsupported(media)),
        };
        let unreadable = document.is_err() && do_not_call::is_wished_in(&request.body);
        let error = match &document {
            Ok(document) => match self.accept_document(tenant, &lead, document, request).await {
                Ok(acceptance) => return Ok(acceptance),
                Err(error) => error,
            },
            Err(error) => error.clone(),
        };
        let document = document.ok();
        let is_wished = unreadable || document.as_ref().is_some_and(do_not_call::is_wished_by);
        if !is_wished || matches!(error, IntakeError::Store(_)) {
            return Err(DispositionRefusal {
                error,
                do_not_call_recorded: false,
            });
        }
        let recorded = self
            .record_wish(name, lead, document.as_ref(), error.word(), received_at)
            .await;
        Err(DispositionRefusal {
            do_not_call_recorded: recorded.is_ok(),
            error: recorded.err().map_or(error, IntakeError::Store),
        })
    }

    /// Records the wish not to be called that is in what arrived of a disposition, if there is one. `refused` says in
    /// a word why the rest is not accepted. Returns whether it was recorded.
    ///
    /// # Errors
    /// The store failed.
    pub async fn record_wish_in(
        &self,
        arrived: &[u8],
        tenant: TenantName,
        lead: LeadId,
        refused: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        if !do_not_call::is_wished_in(arrived) {
            return Ok(false);
        }
        self.record_wish(tenant, lead, None, refused, at).await?;
        Ok(true)
    }

    async fn record_wish(
        &self,
        tenant: TenantName,
        lead: LeadId,
        document: Option<&JsonDocument>,
        refused: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let wish = RefusedDoNotCall {
            tenant,
            lead,
            note: note(document),
            message: message(refused),
            at,
        };
        self.store.record_do_not_call(wish).await?;
        tracing::warn!(refused, "a do-not-call was recorded from a disposition that is refused");
        Ok(())
    }

    async fn accept_document(
        &self,
        tenant: Option<&Tenant>,
        lead: &LeadId,
        document: &JsonDocument,
        request: RawRequest,
    ) -> Result<Acceptance, IntakeError> {
        let disposition = Disposition::read(lead.clone(), document).map_err(IntakeError::Invalid)?;
        let release = tenant.ok_or(IntakeError::NotServing)?.release();
        let accept = AcceptDisposition {
            digest: disposition::digest(lead, document),
            due: release.spec.delivery.retry.first_due(request.received_at),
            payload: (document.text().as_bytes() != request.body).then(|| document.clone()),
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

/// The note of the suppression: the call, if it can be read.
fn note(document: Option<&JsonDocument>) -> String {
    let call = document.and_then(|document| {
        let root = document.root();
        root.member("call_metadata")?
            .member("call_id")?
            .as_text()?
            .parse::<CallId>()
            .ok()
    });
    let call = call.map_or_else(|| "a call".to_owned(), |call| format!("call {call}"));
    format!("{call}, whose disposition was refused")
}

/// The message of the alert.
fn message(refused: &str) -> String {
    let remedy = if refused == IntakeError::CallReported.word() {
        "post the wish under another call_id"
    } else {
        "post the corrected disposition"
    };
    format!(
        "a disposition was refused ({refused}) in which the lead asks not to be called: no status query allows a call, \
         but the CRM does not know; have the calling platform {remedy}, or tell the CRM and acknowledge this alert"
    )
}
