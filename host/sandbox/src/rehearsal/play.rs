//! Plays one invocation.

use std::sync::Arc;

use reqwest::Url;

use super::bench::RehearsalBench;
use super::clock::SkippingClock;
use super::{Rehearsal, RehearsalResult, RehearsalSetup};
use crate::contract::bindings::model;
use crate::contract::convert::{self, ContractViolation};
use crate::contract::fixture;
use crate::guest::environment::Environment;
use crate::guest::error::GuestError;
use crate::guest::instance::Instance;
use crate::invocation::invoker::{Invocation, Invoker, Target};
use crate::invocation::low_priority::LongRunHistory;
use crate::outbound::network::Network;
use crate::runtime::guest_settings;
use crate::secrets::credentials::Credentials;
use jackfield_domain::custody::fixture::{ExportInput, ExportOutput, ExportResult};
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};
use jackfield_domain::tenant::egress::{EgressPolicy, Origin};

impl Rehearsal {
    /// Invokes an export.
    pub async fn play(&self, setup: &RehearsalSetup, input: ExportInput) -> RehearsalResult {
        let invoker = self.runtime.invoker();
        let clock = Arc::new(SkippingClock::new(invoker.clock.clone(), setup.now));
        let bench = Arc::new(RehearsalBench::new(
            Arc::clone(&setup.crm),
            setup.now,
            Arc::clone(&clock),
        ));
        let invoker = Invoker {
            clock,
            ..invoker.clone()
        };
        let environment = Arc::new(self.environment(setup, &bench));
        let target = Target {
            component: &self.component,
            environment: &environment,
            history: &LongRunHistory::default(),
            pool: None,
            quota: None,
        };
        let invocation: Invocation<ExportResult> = invoker
            .invoke(target, setup.deadline, |instance| {
                Box::pin(async move { Ok(Ok(invoke(instance, input).await?)) })
            })
            .await;
        let (memory, cpu) = bench.used();
        RehearsalResult {
            outcome: invocation.outcome.map_err(fault),
            requests: invocation.http_requests,
            refused: invocation.refused,
            signatures: bench.signatures(),
            written: bench.written(),
            took: invocation.took.saturating_sub(bench.skipped()),
            cpu,
            memory,
        }
    }

    /// The environment of a release with this setup, to which the origins that `describe` asks for are granted.
    fn environment(&self, setup: &RehearsalSetup, bench: &Arc<RehearsalBench>) -> Environment {
        let needs = &self.record.needs;
        let origins = needs.origins.iter().filter_map(|name| setup.settings.get(name));
        let origins = origins.filter_map(|url| Origin::of(&Url::parse(url).ok()?).ok());
        let policy = EgressPolicy {
            allow: origins.map(Into::into).collect(),
            private_addresses: true,
        };
        let credentials = Credentials::from_keys(&setup.keys);
        let settings = setup.settings.clone().into_iter();
        Environment {
            tenant: "rehearsal".into(),
            release: "r1".into(),
            settings: guest_settings(needs, settings),
            country: setup.country,
            network: Some(Network::with_double(policy, credentials, Arc::clone(bench) as _)),
            memory: setup.memory,
            cpu: setup.cpu,
            observer: Some(Arc::clone(bench) as _),
        }
    }
}

/// Invokes an export, and validates what it returns as the host would in service.
async fn invoke(instance: &mut Instance, input: ExportInput) -> Result<ExportResult, GuestError> {
    Ok(match input {
        ExportInput::QueryStatus { lead_id } => {
            let answer = instance.query(lead_id.as_str()).await?;
            validated(answer, |given| {
                convert::status(given.clone(), &lead_id)?;
                Ok(ExportOutput::Status(given.into()))
            })?
        }
        ExportInput::WriteDisposition {
            disposition,
            idempotency_key,
        } => {
            let answer = instance.write(&(*disposition).into(), &idempotency_key).await?;
            validated(answer, |receipt| Ok(ExportOutput::Receipt(receipt.into())))?
        }
        ExportInput::Find {
            lead_id,
            idempotency_key,
        } => {
            let answer = instance.look_up(&lead_id, &idempotency_key).await?;
            validated(answer, |found| Ok(ExportOutput::Found(found.map(Into::into))))?
        }
        ExportInput::ParseLeads {
            content_type,
            body,
            received_at,
        } => {
            let inbound = model::Inbound {
                content_type,
                body: body.into_bytes(),
                received_at,
            };
            let answer = instance.parse(&inbound).await?;
            validated(answer, |given| {
                convert::leads(given.clone())?;
                Ok(fixture::parsed_leads(given))
            })?
        }
    })
}

/// A guest's answer in the format of fixtures, unless the host would refuse it.
fn validated<T>(
    answer: Result<T, model::Failure>,
    read: impl FnOnce(T) -> Result<ExportOutput, ContractViolation>,
) -> Result<ExportResult, ContractViolation> {
    match answer {
        Ok(given) => read(given).map(Ok),
        Err(failure) => Ok(Err(failure.into())),
    }
}

/// The fault that stopped an invocation. Failures that the adapter chose are part of what it returned.
fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Fault(fault) => fault,
        other => Fault {
            cause: FaultCause::Host,
            detail: other.to_string(),
        },
    }
}
