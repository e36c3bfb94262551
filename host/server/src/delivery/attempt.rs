//! One try of one delivery.

use std::sync::Arc;

use jiff::Timestamp;

use super::push::Push;
use crate::metrics::Metrics;
use crate::tenants::Tenant;
use jackfield_clock::SharedClock;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::delivery::retry::RetryLadder;
use jackfield_domain::delivery::{AttemptHistory, AttemptPlan, AttemptPolicy, AttemptResult, DeliveryKind, plan};
use jackfield_domain::field::FieldError;
use jackfield_domain::id::LeadId;
use jackfield_domain::lead::Lead;
use jackfield_sandbox::Invocation;
use jackfield_store::{AttemptDetail, ClaimedDelivery, NewLead};

/// What came of a try.
pub enum Tried {
    /// It was made.
    Ended {
        /// How it ended.
        result: AttemptResult,
        /// What was known before the last request left: a look-up may have cleared an ambiguity.
        progress: AttemptHistory,
    },
    /// It may have landed before, and nobody can tell: a person is asked.
    Ask,
    /// What was stored cannot be read.
    Unreadable,
}

/// Tries, and keeps what an operator will want to see.
pub struct Attempt<'a> {
    claimed: &'a ClaimedDelivery,
    tenant: &'a Arc<Tenant>,
    clock: &'a SharedClock,
    metrics: &'a Metrics,
    push: &'a Push,
    look_up_failed: bool,
    /// What is kept of the try.
    pub detail: AttemptDetail,
    /// The leads that a webhook contained.
    pub leads: Vec<NewLead>,
    /// Until when the destination wants to be left alone, beyond what this delivery's own failure says.
    pub pause_until: Option<Timestamp>,
}

/// What the tenant and its adapter allow for a kind of delivery.
pub fn policy(kind: DeliveryKind, tenant: &Tenant) -> AttemptPolicy {
    let ladder: RetryLadder = tenant.release().spec.delivery.retry.clone();
    let record = tenant.loaded.record();
    match kind {
        DeliveryKind::Disposition => AttemptPolicy {
            ladder,
            idempotent: record.idempotent_writes,
            lookup: record.lookup,
        },
        // A push carries its id, under which the agent knows a repeat; parsing changes nothing.
        DeliveryKind::Lead | DeliveryKind::Inbound => AttemptPolicy {
            ladder,
            idempotent: true,
            lookup: false,
        },
    }
}

impl<'a> Attempt<'a> {
    /// A try that has not begun.
    pub fn new(
        claimed: &'a ClaimedDelivery,
        tenant: &'a Arc<Tenant>,
        clock: &'a SharedClock,
        metrics: &'a Metrics,
        push: &'a Push,
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

    /// Makes the try.
    pub async fn make(&mut self, policy: &AttemptPolicy) -> Tried {
        let tried = match self.claimed.kind {
            DeliveryKind::Disposition => self.disposition(policy).await,
            DeliveryKind::Lead => self.lead().await,
            DeliveryKind::Inbound => self.inbound().await,
        };
        match &tried {
            Tried::Ended { result, .. } => self.keep(&result.outcome),
            Tried::Ask => {
                self.detail.message =
                    "an earlier attempt may have been written, and neither the adapter nor the CRM can tell".into();
            }
            Tried::Unreadable => self.detail.message = "the stored document cannot be read".into(),
        }
        tried
    }

    fn keep(&mut self, outcome: &Result<String, Failure>) {
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

    fn ended(&self, outcome: Result<String, Failure>, sent: bool) -> Tried {
        Tried::Ended {
            result: AttemptResult { outcome, sent },
            progress: self.claimed.progress,
        }
    }

    async fn disposition(&mut self, policy: &AttemptPolicy) -> Tried {
        let claimed = self.claimed;
        let document = serde_json::from_slice(&claimed.payload).ok();
        let disposition = claimed.lead.clone().zip(document);
        let disposition = disposition.and_then(|(lead, document)| Disposition::read(lead, &document).ok());
        let Some(disposition) = disposition else {
            return Tried::Unreadable;
        };

        let mut progress = claimed.progress;
        match plan(&progress, policy) {
            AttemptPlan::Ask => return Tried::Ask,
            AttemptPlan::LookUpFirst => match self.look_up(&disposition.lead_id).await {
                Ok(Some(reference)) => return self.ended(Ok(reference), false),
                Ok(None) => progress.ambiguous = false,
                Err(failure) => {
                    self.look_up_failed = true;
                    return self.ended(Err(failure), false);
                }
            },
            AttemptPlan::Send => {}
        }
        let called = self
            .tenant
            .loaded
            .write(&disposition, claimed.accepted_at, &claimed.key)
            .await;
        self.count("dispositions.write", &called);
        Tried::Ended {
            result: AttemptResult {
                outcome: called.outcome,
                sent: called.sent,
            },
            progress,
        }
    }

    /// Asks the CRM whether an earlier attempt was written.
    async fn look_up(&mut self, lead: &LeadId) -> Result<Option<String>, Failure> {
        self.detail.looked_up = true;
        let called = self.tenant.loaded.find(lead, &self.claimed.key).await;
        self.count("lookup.find", &called);
        called.outcome
    }

    async fn lead(&mut self) -> Tried {
        let agent = &self.tenant.release().spec.agent;
        let (Some(url), Some(key)) = (&agent.push_url, &self.tenant.push_key) else {
            // The tenant stopped pushing after this was accepted: the agent pulls it.
            return self.ended(Ok(String::new()), false);
        };
        let deadline = self.tenant.release().spec.limits.write_deadline();
        let pushed = self.push.send(self.clock, deadline, url, key, self.claimed).await;
        self.detail.http_status = pushed.http_status;
        self.pause_until = pushed.pause_until;
        self.ended(pushed.outcome, pushed.sent)
    }

    async fn inbound(&mut self) -> Tried {
        let parsed = if self.tenant.loaded.record().parses_leads {
            self.parse().await
        } else {
            self.read_canonical().map(|lead| vec![lead]).map_err(unfit)
        };
        match parsed {
            Ok(leads) => {
                let push = self.tenant.release().spec.agent.push_url.is_some();
                let key = |n: usize| format!("{}/{n}", self.claimed.lease.id).parse();
                let numbered = leads.into_iter().enumerate();
                self.leads = numbered
                    .filter_map(|(n, lead)| {
                        Some(NewLead {
                            lead,
                            key: key(n).ok()?,
                            push,
                        })
                    })
                    .collect();
                self.ended(Ok(String::new()), false)
            }
            Err(failure) => self.ended(Err(failure), false),
        }
    }

    async fn parse(&mut self) -> Result<Vec<Lead>, Failure> {
        let ClaimedDelivery {
            content_type,
            payload,
            accepted_at,
            key,
            ..
        } = self.claimed;
        let called = self.tenant.loaded.parse(content_type, payload, *accepted_at).await;
        self.count("leads.parse", &called);
        let at: Timestamp = *accepted_at;
        let leads = called.outcome?.into_iter();
        leads
            .map(|lead| Lead::from_parsed(lead.members, &lead.extensions, key, at).map_err(unfit))
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

    fn count<T>(&mut self, export: &'static str, called: &Invocation<T>) {
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

/// A webhook whose leads are not what the contract asks for: a person has to look at it.
fn unfit(fields: Vec<FieldError>) -> Failure {
    Failure::Rejected(Rejection {
        code: "invalid-lead".into(),
        message: "the webhook's lead has missing or wrong fields".into(),
        fields,
    })
}
