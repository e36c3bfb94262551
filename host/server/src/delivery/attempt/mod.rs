//! One attempt of one delivery: a file for each kind.

mod disposition;
mod inbound;
mod lead;
mod push;

use std::sync::Arc;

use jiff::Timestamp;

use crate::observe::metrics::Metrics;
use crate::tenants::Tenant;
use jackfield_clock::SharedClock;
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{AttemptHistory, AttemptPolicy, AttemptResult, DeliveryKind, Writes};
use jackfield_sandbox::Invocation;
use jackfield_store::{AttemptDetail, ClaimedDelivery, NewLead};
pub use push::PushClient;

/// What an attempt came to.
pub enum AttemptOutcome {
    /// It was made.
    Ended {
        /// How it ended.
        result: AttemptResult,
        /// What was known before the last request left: a look-up may have cleared an ambiguity.
        progress: AttemptHistory,
    },
    /// It may have landed before, and nobody can tell: a person decides.
    NeedsDecision,
    /// What was stored cannot be read.
    Unreadable,
}

/// An attempt in progress, and what an operator will want to see of it.
pub struct Attempt<'a> {
    claimed: &'a ClaimedDelivery,
    tenant: &'a Arc<Tenant>,
    clock: &'a SharedClock,
    metrics: &'a Metrics,
    push: &'a PushClient,
    look_up_failed: bool,
    /// What is stored about the attempt.
    pub detail: AttemptDetail,
    /// The leads that a webhook contained.
    pub leads: Vec<NewLead>,
    /// Until when the destination asked to be left alone, beyond what this delivery's own failure says.
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
    /// An attempt that has not begun.
    pub fn new(
        claimed: &'a ClaimedDelivery,
        tenant: &'a Arc<Tenant>,
        clock: &'a SharedClock,
        metrics: &'a Metrics,
        push: &'a PushClient,
    ) -> Self {
        Self {
            claimed,
            tenant,
            clock,
            metrics,
            push,
            look_up_failed: false,
            detail: AttemptDetail::default(),
            leads: vec![],
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
            AttemptOutcome::Ended { result, .. } => self.record(&result.outcome),
            AttemptOutcome::NeedsDecision => {
                self.detail.message =
                    "an earlier attempt may have been written, and neither the adapter nor the CRM can tell".into();
            }
            AttemptOutcome::Unreadable => self.detail.message = "the stored document cannot be read".into(),
        }
        outcome
    }

    fn record(&mut self, outcome: &Result<String, Failure>) {
        match outcome {
            Ok(reference) => self.detail.reference = Some(reference.clone()).filter(|reference| !reference.is_empty()),
            Err(failure) => {
                self.detail.message = if self.look_up_failed {
                    format!("nothing was sent: an earlier attempt could not be looked up: {failure}")
                } else {
                    failure.to_string()
                };
                match failure {
                    Failure::Rejected(rejection) => self.detail.rejection = Some(rejection.clone()),
                    Failure::Fault(fault) => self.detail.fault = Some(fault.cause),
                    _ => {}
                }
            }
        }
    }

    fn ended(&self, outcome: Result<String, Failure>, sent: bool) -> AttemptOutcome {
        AttemptOutcome::Ended {
            result: AttemptResult { outcome, sent },
            progress: self.claimed.progress,
        }
    }

    /// Notes what the host saw of an invocation, and counts it.
    fn observe<T>(&mut self, export: &'static str, called: &Invocation<T>) {
        if called.http_status.is_some() {
            self.detail.http_status = called.http_status;
        }
        self.pause_until = self.pause_until.max(called.pause_until);
        self.metrics
            .call(&self.claimed.tenant, export, called.fault(), &called.refused);
        if called.reused {
            self.metrics.call_reused(&self.claimed.tenant);
        }
    }
}
