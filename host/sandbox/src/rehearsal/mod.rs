//! Calls of an adapter without a network: the same sandbox, limits and checks of requests as in service, and a double
//! of the CRM at the end of them.
//!
//! This is what the conformance kit stands on. What is deliberately not here: which calls are rehearsed, and what is
//! right (`conformance`). A release's credentials have no place in it either; keys to sign with come from the fixture.

pub mod record;
mod stand_in;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;

use super::bindings::model;
use super::call::{Invocation, InvocationError, Invoker, Target};
use super::convert;
use super::credentials::Credentials;
use super::heavy::LongRunHistory;
use super::network::Network;
use super::package::{Inspected, LinkedComponent, PackageError};
use super::runtime::Runtime;
use super::state::Environment;
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};
use jackfield_domain::id::{Digest, LeadId};
use jackfield_domain::tenant::SettingKind;
use jackfield_domain::tenant::egress::{EgressPolicy, Origin};
use record::{FixtureDisposition, FixtureLead, FixtureLeadStatus, FixtureReceipt};

use stand_in::SkippingClock;
pub use stand_in::{CrmDouble, CrmReply, CrmRequest, StandIn};

/// A component, ready to be called.
pub struct Rehearsal {
    runtime: Runtime,
    digest: Digest,
    code: Arc<LinkedComponent>,
    inspected: Inspected,
}

/// What a call is given, as a fixture says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportInput {
    /// `status.query`
    QueryStatus {
        /// The lead.
        lead_id: LeadId,
    },
    /// `dispositions.write`
    WriteDisposition {
        /// What is written.
        disposition: Box<FixtureDisposition>,
        /// The key of the write.
        idempotency_key: String,
    },
    /// `lookup.find`
    Find {
        /// The lead.
        lead_id: String,
        /// The key of the write.
        idempotency_key: String,
    },
    /// `leads.parse`
    ParseLeads {
        /// Of the webhook; empty if there is none.
        content_type: String,
        /// Of the webhook.
        body: String,
        /// RFC 3339.
        received_at: String,
    },
}

/// What is around a call.
#[derive(Debug, Clone)]
pub struct RehearsalSetup {
    /// Values as text, by name.
    pub settings: BTreeMap<String, String>,
    /// Keys for `hmac-sha256`, by name.
    pub keys: BTreeMap<String, String>,
    /// What the guest's clock shows, all the time.
    pub now: Timestamp,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Processor time.
    pub cpu: Duration,
    /// The whole call.
    pub deadline: Duration,
    /// Who answers.
    pub crm: Arc<dyn CrmDouble>,
}

/// What a call returned, where it returned.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ExportOutput {
    /// Of `status.query`.
    Status(FixtureLeadStatus),
    /// Of `dispositions.write`.
    Receipt(FixtureReceipt),
    /// Of `lookup.find`.
    Found(Option<FixtureReceipt>),
    /// Of `leads.parse`.
    Leads(Vec<FixtureLead>),
}

/// How a call went.
#[derive(Debug, Clone)]
pub struct RehearsalResult {
    /// What the adapter returned, or the fault that stopped it.
    pub outcome: Result<Result<ExportOutput, record::FixtureFailure>, Fault>,
    /// Requests that left, or were tried.
    pub requests: u32,
    /// Words of [`jackfield_domain::tenant::egress::EgressRefusal`], and how many requests stayed for each.
    pub refused: Vec<(&'static str, u32)>,
    /// Log lines, and the ends of standard output and standard error.
    pub written: Vec<String>,
    /// From the beginning to the end; what a stand-in skipped is left out.
    pub took: Duration,
    /// Processor time, the host's part of the call included.
    pub cpu: Duration,
    /// Linear memory that the guest took, in bytes.
    pub memory: usize,
}

impl Runtime {
    /// Makes a component ready to be called without a network.
    ///
    /// # Errors
    /// As [`Runtime::inspect`].
    pub async fn rehearsal(&self, bytes: &[u8]) -> Result<Rehearsal, PackageError> {
        let inspected = self.inspect(bytes).await?;
        let code = self.compiled(inspected.digest, bytes).await?;
        Ok(Rehearsal {
            runtime: self.clone(),
            digest: inspected.digest,
            code,
            inspected,
        })
    }
}

impl Rehearsal {
    /// What the adapter says of itself.
    #[must_use]
    pub const fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// What it says of itself when it is asked again.
    ///
    /// # Errors
    /// It does not answer this time, or not what the contract allows.
    pub async fn describe_again(&self) -> Result<Inspected, PackageError> {
        self.runtime.describe_once_more(self.digest, &self.code).await
    }

    /// Plays one call.
    pub async fn play(&self, stage: &RehearsalSetup, line: ExportInput) -> RehearsalResult {
        let clock = Arc::new(SkippingClock::new(self.runtime.caller().clock.clone(), stage.now));
        let stand_in = Arc::new(StandIn::new(Arc::clone(&stage.crm), stage.now, Arc::clone(&clock)));
        let caller = Invoker {
            clock,
            ..self.runtime.caller().clone()
        };
        let environment = Arc::new(self.environment(stage, Arc::clone(&stand_in)));
        let callee = Target {
            code: &self.code,
            environment: &environment,
            own: None,
            quota: None,
        };
        let called: Invocation<Result<ExportOutput, record::FixtureFailure>> = caller
            .run(callee, stage.deadline, |instance| {
                Box::pin(async move {
                    let played = match line {
                        ExportInput::QueryStatus { lead_id } => {
                            let status = instance.status()?;
                            let answer = status.call_query(instance.store(), lead_id.as_str()).await?;
                            kept(answer, |given| {
                                convert::status(given.clone(), &lead_id)?;
                                Ok(ExportOutput::Status(given.into()))
                            })?
                        }
                        ExportInput::WriteDisposition {
                            disposition,
                            idempotency_key,
                        } => {
                            let dispositions = instance.dispositions()?;
                            let disposition = (*disposition).into();
                            let answer = dispositions
                                .call_write(instance.store(), &disposition, &idempotency_key)
                                .await?;
                            kept(answer, |receipt| Ok(ExportOutput::Receipt(receipt.into())))?
                        }
                        ExportInput::Find {
                            lead_id,
                            idempotency_key,
                        } => {
                            let Some(lookup) = instance.lookup()? else {
                                return Err(InvocationError::BadOutput(
                                    "the adapter does not export `lookup`".into(),
                                ));
                            };
                            let answer = lookup.call_find(instance.store(), &lead_id, &idempotency_key).await?;
                            kept(answer, |found| Ok(ExportOutput::Found(found.map(Into::into))))?
                        }
                        ExportInput::ParseLeads {
                            content_type,
                            body,
                            received_at,
                        } => {
                            let Some(leads) = instance.leads()? else {
                                return Err(InvocationError::BadOutput("the adapter does not export `leads`".into()));
                            };
                            let inbound = model::Inbound {
                                content_type,
                                body: body.into_bytes(),
                                received_at,
                            };
                            let answer = leads.call_parse(instance.store(), &inbound).await?;
                            kept(answer, |given| {
                                convert::leads(given.clone())?;
                                Ok(ExportOutput::Leads(given.into_iter().map(Into::into).collect()))
                            })?
                        }
                    };
                    Ok(Ok(played))
                })
            })
            .await;
        let (memory, cpu) = stand_in.used();
        RehearsalResult {
            outcome: called.outcome.map_err(fault),
            requests: called.http_requests,
            refused: called.refused,
            written: stand_in.written(),
            took: called.took.saturating_sub(stand_in.skipped()),
            cpu,
            memory,
        }
    }

    /// The release that the stage makes: the origins of its settings are granted, as `describe` asks for them.
    fn environment(&self, stage: &RehearsalSetup, stand_in: Arc<StandIn>) -> Environment {
        let needs = &self.inspected.needs;
        let is_url = |name: &str| {
            let mut settings = needs.settings.iter();
            settings.any(|need| need.name == name && need.kind == SettingKind::Url)
        };
        let settings: HashMap<_, _> = stage
            .settings
            .iter()
            .map(|(name, value)| {
                // As the host does for a release.
                let trimmed = if is_url(name) {
                    value.trim_end_matches('/')
                } else {
                    value
                };
                (name.clone(), trimmed.to_owned())
            })
            .collect();
        let origins = needs.origins.iter().filter_map(|name| stage.settings.get(name));
        let origins = origins.filter_map(|url| Origin::of(&Url::parse(url).ok()?).ok());
        let policy = EgressPolicy {
            allow: origins.map(Into::into).collect(),
            private_addresses: true,
        };
        Environment {
            tenant: "rehearsal".into(),
            release: "r1".into(),
            settings,
            network: Some(Network::rehearsed(policy, Credentials::of_keys(&stage.keys), stand_in)),
            memory: stage.memory,
            cpu: stage.cpu,
            habit: LongRunHistory::default(),
        }
    }
}

/// A guest's answer as the contract has it, or what the host would not take of it.
fn kept<T>(
    answer: Result<T, model::Failure>,
    read: impl FnOnce(T) -> Result<ExportOutput, InvocationError>,
) -> Result<Result<ExportOutput, record::FixtureFailure>, InvocationError> {
    match answer {
        Ok(given) => read(given).map(Ok),
        Err(failure) => Ok(Err(failure.into())),
    }
}

/// The fault that stopped a call. Failures of the adapter's choice are a part of what it returned.
fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Fault(fault) => fault,
        other => Fault {
            cause: FaultCause::Host,
            detail: other.to_string(),
        },
    }
}
