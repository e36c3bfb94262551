//! One attempt of one delivery: a file for each kind.

mod disposition;
mod inbound;
mod lead;
mod push;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::observe::metrics::Metrics;
use crate::tenants::Tenant;
use jackfield_clock::SharedClock;
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{AttemptHistory, AttemptPolicy, AttemptResult, DeliveryKind, Writes};
use jackfield_sandbox::Invocation;
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
    /// Why the last invocation could not read what the CRM answered.
    unreadable: Option<String>,
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
            unreadable: None,
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
        let outcome = self.mask_reason(outcome);
        match &outcome {
            AttemptOutcome::Ended { result, .. } => self.record_outcome(&result.outcome),
            AttemptOutcome::NeedsDecision => {
                self.detail.message =
                    "an earlier attempt may have been written, and neither the adapter nor the CRM can tell".into();
            }
            AttemptOutcome::Unreadable => self.detail.message = "the stored document cannot be read".into(),
        }
        outcome
    }

    /// Masks the delivery's own values in the adapter's reason: reasons are shown to operators, and must not contain
    /// personal data.
    fn mask_reason(&self, outcome: AttemptOutcome) -> AttemptOutcome {
        let AttemptOutcome::Ended {
            result: AttemptResult {
                outcome: Err(failure),
                sent,
            },
            history,
            unasked,
        } = outcome
        else {
            return outcome;
        };
        let failure = failure.map_reason(|reason| {
            let document: Value = serde_json::from_slice(&self.claimed.payload).unwrap_or_default();
            let mut values = vec![];
            collect_values(&document, &mut values);
            reason.masked(values.iter().map(String::as_str))
        });
        AttemptOutcome::Ended {
            result: AttemptResult {
                outcome: Err(failure),
                sent,
            },
            history,
            unasked,
        }
    }

    fn record_outcome(&mut self, outcome: &Result<String, Failure>) {
        match outcome {
            Ok(reference) => self.detail.reference = Some(reference.clone()).filter(|reference| !reference.is_empty()),
            Err(failure) => {
                self.detail.message = if self.look_up_failed {
                    format!("nothing was sent: an earlier attempt could not be looked up: {failure}")
                } else {
                    failure.to_string()
                };
                let message = &mut self.detail.message;
                if let Some(why) = self.unreadable.as_ref().filter(|why| !message.contains(*why)) {
                    *message = format!("{message}: {why}");
                }
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
            history: self.claimed.history,
            unasked: self.unasked,
        }
    }

    /// Records what the host observed of an invocation, and counts it.
    fn record_invocation<T>(&mut self, export: &'static str, invocation: &Invocation<T>) {
        if invocation.http_status.is_some() {
            self.detail.http_status = invocation.http_status;
        }
        self.unasked = invocation.obstacle.is_some();
        self.unreadable.clone_from(&invocation.unreadable);
        self.pause_until = self.pause_until.max(invocation.pause_until);
        self.metrics
            .invocation(&self.claimed.tenant, export, invocation.fault(), &invocation.refused);
        if invocation.reused {
            self.metrics.invocation_reused(&self.claimed.tenant);
        }
    }
}

/// The texts and numbers of a document.
fn collect_values(document: &Value, values: &mut Vec<String>) {
    match document {
        Value::String(text) => values.push(text.clone()),
        Value::Number(number) => values.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect_values(item, values)),
        Value::Object(members) => members.values().for_each(|member| collect_values(member, values)),
        Value::Null | Value::Bool(_) => {}
    }
}
