//! One attempt of one delivery: a file for each kind.

mod disposition;
mod inbound;
mod lead;
mod push;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::observe::metrics::Metrics;
use crate::tenants::Tenant;
use jackfield_clock::SharedClock;
use jackfield_domain::custody::personal_values::PersonalValues;
use jackfield_domain::delivery::failure::{Failure, Reason, Rejection};
use jackfield_domain::delivery::{
    AttemptHistory, AttemptPolicy, AttemptResult, DeliveryKind, Destination, LastRequest, Writes,
};
use jackfield_domain::id::LeadId;
use jackfield_domain::tenant::obstacle::HOST_REFUSED;
use jackfield_sandbox::{Invocation, LogSubject};
use jackfield_store::{AttemptDetail, ClaimedDelivery, NewLead, RefusedLead};

/// How an attempt ended.
pub enum AttemptOutcome {
    /// The attempt was made.
    Ended {
        /// Its result.
        result: AttemptResult,
        /// What was known before the last request left: a look-up may have cleared an ambiguity.
        history: AttemptHistory,
        /// The host itself kept the adapter from asking the CRM, so the result says nothing of the CRM.
        unasked: bool,
    },
    /// An earlier attempt may have been written, and neither adapter nor CRM can tell: a person decides.
    NeedsDecision,
    /// The stored document cannot be read.
    Unreadable,
}

/// An attempt in progress, and what operators are shown of it.
pub struct Attempt<'a> {
    claimed: &'a ClaimedDelivery,
    tenant: &'a Arc<Tenant>,
    clock: &'a SharedClock,
    metrics: &'a Metrics,
    look_up_failed: bool,
    unasked: bool,
    /// The last request of the last invocation.
    last_request: Option<LastRequest>,
    /// Why that was not sent, or has no answer that can be read.
    host_reason: Option<Reason>,
    personal: OnceLock<PersonalValues>,
    /// What is stored about the attempt.
    pub detail: AttemptDetail,
    /// The leads that a webhook contained.
    pub leads: Vec<NewLead>,
    /// The leads of a webhook that were refused.
    pub refused: Vec<RefusedLead>,
    /// Until when the destination asked to send nothing, in addition to what this delivery's own failure says.
    pub pause_until: Option<Timestamp>,
}

/// What the tenant and its adapter allow for a kind of delivery.
pub fn policy(kind: DeliveryKind, tenant: &Tenant) -> AttemptPolicy {
    let record = tenant.loaded.record();
    let (idempotent, lookup) = match kind.rules().writes {
        Writes::AsAdapterDeclares => (record.idempotent_writes, record.lookup),
        Writes::Idempotent => (true, false),
    };
    AttemptPolicy {
        ladder: tenant.release().spec.delivery.retry.clone(),
        idempotent,
        lookup,
    }
}

impl<'a> Attempt<'a> {
    /// An attempt that has not started.
    pub fn new(
        claimed: &'a ClaimedDelivery,
        tenant: &'a Arc<Tenant>,
        clock: &'a SharedClock,
        metrics: &'a Metrics,
    ) -> Self {
        Self {
            claimed,
            tenant,
            clock,
            metrics,
            look_up_failed: false,
            unasked: false,
            last_request: None,
            host_reason: None,
            personal: OnceLock::new(),
            detail: AttemptDetail::default(),
            leads: vec![],
            refused: vec![],
            pause_until: None,
        }
    }

    /// Makes the attempt.
    pub async fn make(&mut self, policy: &AttemptPolicy) -> AttemptOutcome {
        let outcome = match self.claimed.kind {
            DeliveryKind::Disposition => self.write_disposition(policy).await,
            DeliveryKind::Lead => self.push_lead().await,
            DeliveryKind::Inbound => self.parse_webhook().await,
        };
        match &outcome {
            AttemptOutcome::Ended { result, .. } => match &result.outcome {
                Ok(reference) => {
                    self.detail.reference = Some(reference.clone()).filter(|reference| !reference.is_empty());
                }
                Err(failure) => self.record_failure(failure.clone(), result.sent),
            },
            AttemptOutcome::NeedsDecision => {
                self.detail.message =
                    "an earlier attempt may have been written, and neither the adapter nor the CRM can tell".into();
            }
            AttemptOutcome::Unreadable => self.detail.message = "the stored document cannot be read".into(),
        }
        outcome
    }

    /// Records why the attempt failed, in the words of the adapter and of the host, without the delivery's own values.
    fn record_failure(&mut self, mut failure: Failure, sent: bool) {
        let mask = |text: String| self.personal().mask(&text, Reason::MAX_BYTES);
        let reason = failure.reason_mut().and_then(Option::take);
        let reason = reason.map(|reason| mask(reason.to_string()));
        let host_reason = self.host_reason.as_ref().map(|reason| mask(reason.to_string()));
        let (reason, host_reason) = match self.claimed.kind.rules().destination {
            // Nobody but the host has words for a push.
            Destination::Agent => (None, reason),
            Destination::Adapter | Destination::Crm => (reason, host_reason),
        };
        let what = match &failure {
            Failure::Unknown(_) if !sent => {
                "no usable answer came, and no request that changes anything was sent".into()
            }
            Failure::Rejected(_) => "refused".into(),
            failure => mask(failure.to_string()),
        };
        let fault = match &failure {
            Failure::Fault(fault) => Some(fault.cause),
            _ => None,
        };
        let rejection = match failure {
            Failure::Rejected(rejection) if rejection.code == HOST_REFUSED => Some(Rejection {
                message: mask(rejection.message),
                ..rejection
            }),
            Failure::Rejected(rejection) => Some(rejection),
            _ => None,
        };
        let said = rejection.as_ref().map(|rejection| &rejection.message);
        let said = said
            .into_iter()
            .chain(&reason)
            .any(|said| host_reason.as_ref().is_some_and(|why| said.contains(why)));
        let request = self.last_request.as_ref().map(|last| LastRequest {
            path: self.personal().mask_path(&last.path, Reason::MAX_BYTES),
            ..last.clone()
        });
        self.detail = AttemptDetail {
            message: if self.look_up_failed {
                format!("nothing was sent: an earlier attempt could not be looked up: {what}")
            } else {
                what
            },
            host_reason: host_reason.filter(|_| !said),
            reason,
            request,
            rejection,
            fault,
            ..std::mem::take(&mut self.detail)
        };
    }

    /// What is masked in texts about the delivery.
    fn personal(&self) -> &PersonalValues {
        let ClaimedDelivery { key, lead, payload, .. } = self.claimed;
        self.personal.get_or_init(|| {
            let ids: Vec<_> = [Some(key.as_str()), lead.as_ref().map(LeadId::as_str)]
                .into_iter()
                .flatten()
                .collect();
            PersonalValues::of(payload, &ids)
        })
    }

    fn ended(&self, outcome: Result<String, Failure>, sent: bool) -> AttemptOutcome {
        AttemptOutcome::Ended {
            result: AttemptResult { outcome, sent },
            history: self.claimed.history,
            unasked: self.unasked,
        }
    }

    /// Records what the host observed of an invocation, counts it, and writes what the adapter logged to the log.
    fn record_invocation<T>(&mut self, export: &'static str, invocation: &Invocation<T>) {
        self.detail.http_status = invocation.http_status;
        self.unasked = invocation.obstacle.is_some();
        self.last_request.clone_from(&invocation.last_request);
        self.host_reason.clone_from(&invocation.host_reason);
        self.pause_until = self.pause_until.max(invocation.pause_until);
        self.metrics
            .invocation(&self.claimed.tenant, export, invocation.fault(), &invocation.refused);
        if invocation.reused {
            self.metrics.invocation_reused(&self.claimed.tenant);
        }
        if !invocation.log.is_empty() {
            let personal = self.personal();
            invocation.log.write(&LogSubject {
                tenant: self.claimed.tenant.as_str(),
                release: &self.tenant.release().number.to_string(),
                delivery: Some(self.claimed.lease.id),
                personal,
            });
            let warning = invocation.log.last_warning();
            if let Some(warning) = warning.map(|warning| personal.mask(&warning, Reason::MAX_BYTES)) {
                self.detail.warning = Some(warning);
            }
        }
    }
}
