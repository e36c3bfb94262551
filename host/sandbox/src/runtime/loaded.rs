//! A release that serves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::contract::convert::{self, ParsedLead};
use crate::contract::fixture;
use crate::guest::environment::Environment;
use crate::guest::instance::Instance;
use crate::guest::linked::LinkedComponent;
use crate::invocation::bulkhead::{Bulkhead, StatusPermit};
use crate::invocation::instance_pool::ReleasePool;
use crate::invocation::invoker::{GuestWork, Invocation, Invoker, Target};
use crate::invocation::low_priority::LongRunHistory;
use crate::outbound::host_network::HostNetwork;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::fixture::{
    ExportInput, ExportOutput, FixtureDisposition, FixtureLeadStatus, FixtureReceipt,
};
use jackfield_domain::delivery::failure::Rejection;
use jackfield_domain::id::{DedupKey, LeadId};
use jackfield_domain::lead::status::LeadStatus;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::egress::Origin;
use jackfield_domain::tenant::release::Release;

/// A loaded release. Each invocation runs in an instance of its own: a fresh one, for which no lock is taken, or, where
/// `[runtime] reuse` says so, one that has served other invocations of this release.
pub struct LoadedRelease {
    release: Release,
    record: AdapterRecord,
    component: Arc<LinkedComponent>,
    environment: Arc<Environment>,
    history: LongRunHistory,
    invoker: Invoker,
    quota: Arc<Semaphore>,
    status: Bulkhead,
    pool: ReleasePool,
}

impl LoadedRelease {
    pub(super) fn new(
        release: Release,
        record: AdapterRecord,
        component: Arc<LinkedComponent>,
        environment: Environment,
        invoker: Invoker,
        quota: usize,
    ) -> Self {
        let status_queries = release.spec.limits.status_concurrency;
        let at_once = status_queries.saturating_add(release.spec.delivery.concurrency.get());
        Self {
            pool: invoker
                .instances
                .for_release(release.spec.runtime.reuse, at_once as usize),
            status: Bulkhead::new(status_queries, Arc::clone(&invoker.status_permits)),
            release,
            record,
            component,
            environment: Arc::new(environment),
            history: LongRunHistory::default(),
            invoker,
            quota: Arc::new(Semaphore::new(quota)),
        }
    }

    /// The release.
    #[must_use]
    pub const fn release(&self) -> &Release {
        &self.release
    }

    /// The record of its adapter.
    #[must_use]
    pub const fn record(&self) -> &AdapterRecord {
        &self.record
    }

    /// The host's own access to an origin, under this release's rules for addresses and certificates; none if the
    /// release has no network.
    #[must_use]
    pub fn host_network(&self, origin: Origin) -> Option<HostNetwork> {
        HostNetwork::of_release(self.environment.network.as_ref()?, origin)
    }

    /// A permit for one [`query_status`](Self::query_status), to be held while it runs; none if all permits of the
    /// tenant, or of all tenants, are in use. Then the request is refused at once.
    #[must_use]
    pub fn acquire_status_permit(&self) -> Option<StatusPermit> {
        self.status.acquire()
    }

    /// Asks the CRM whether a lead may be called, within `status_deadline_ms`. Whoever serves requests acquires a
    /// [permit](Self::acquire_status_permit) first.
    pub async fn query_status(&self, lead: &LeadId) -> Invocation<LeadStatus> {
        let deadline = self.release.spec.limits.status_deadline();
        let lead = lead.clone();
        self.invoke(Some(&self.pool), None, deadline, |instance| {
            Box::pin(async move {
                let answer = instance.query(lead.as_str()).await?;
                instance.record(|| {
                    let input = ExportInput::QueryStatus { lead_id: lead.clone() };
                    let output = |status| ExportOutput::Status(FixtureLeadStatus::from(status));
                    Ok((input, fixture::result(&answer, output)))
                });
                Ok(convert::answer(answer, |given| convert::status(given, &lead))?)
            })
        })
        .await
    }

    /// Writes a disposition, within `write_deadline_ms`. The answer is the CRM's reference, which may be empty.
    pub async fn write(&self, disposition: &Disposition, accepted_at: Timestamp, key: &DedupKey) -> Invocation<String> {
        let disposition = FixtureDisposition::new(disposition, accepted_at);
        let key = key.for_adapter();
        self.deliver(|instance| {
            Box::pin(async move {
                let answer = instance.write(&disposition.clone().into(), key.as_str()).await?;
                instance.record(|| {
                    let input = ExportInput::WriteDisposition {
                        disposition: Box::new(disposition),
                        idempotency_key: key.to_string(),
                    };
                    let output = |receipt| ExportOutput::Receipt(FixtureReceipt::from(receipt));
                    Ok((input, fixture::result(&answer, output)))
                });
                Ok(convert::answer(answer, |receipt| Ok(convert::reference(&receipt)))?)
            })
        })
        .await
    }

    /// Asks the CRM whether the write with this key was made, within `write_deadline_ms`. The answer is its reference.
    /// A fault if the adapter cannot look writes up: check [`AdapterRecord::lookup`] first.
    pub async fn find(&self, lead: &LeadId, key: &DedupKey) -> Invocation<Option<String>> {
        let (lead, key) = (lead.clone(), key.for_adapter());
        self.deliver(|instance| {
            Box::pin(async move {
                let answer = instance.look_up(lead.as_str(), key.as_str()).await?;
                instance.record(|| {
                    let input = ExportInput::Find {
                        lead_id: lead.to_string(),
                        idempotency_key: key.to_string(),
                    };
                    let output = |found: Option<_>| ExportOutput::Found(found.map(FixtureReceipt::from));
                    Ok((input, fixture::result(&answer, output)))
                });
                Ok(convert::answer(answer, |receipt| {
                    Ok(receipt.as_ref().map(convert::reference))
                })?)
            })
        })
        .await
    }

    /// Parses a webhook in the CRM's own format, within `write_deadline_ms`. No leads if it is an event of another
    /// kind; a lead that the adapter refused is a rejection in its place. A fault if the adapter cannot parse webhooks:
    /// check [`AdapterRecord::parses_leads`] first.
    pub async fn parse(
        &self,
        content_type: &str,
        body: &[u8],
        received_at: Timestamp,
    ) -> Invocation<Vec<Result<ParsedLead, Rejection>>> {
        let inbound = convert::inbound(content_type, body, received_at);
        self.deliver(|instance| {
            Box::pin(async move {
                let answer = instance.parse(&inbound).await?;
                instance.record(|| {
                    let returns = fixture::result(&answer, fixture::parsed_leads);
                    Ok((fixture::parse_leads(&inbound)?, returns))
                });
                Ok(convert::answer(answer, convert::leads)?)
            })
        })
        .await
    }

    /// Starts a fresh instance and drops it, within `status_deadline_ms`: what an invocation costs before the adapter
    /// does anything.
    pub async fn start(&self) -> Invocation<()> {
        let deadline = self.release.spec.limits.status_deadline();
        self.invoke(None, None, deadline, |_| Box::pin(async { Ok(Ok(())) }))
            .await
    }

    /// Has a fresh instance describe itself, within `status_deadline_ms`, whatever the release says about reuse: what
    /// the adapter costs before it does any work.
    pub async fn probe(&self) -> Invocation<()> {
        let deadline = self.release.spec.limits.status_deadline();
        self.invoke(None, None, deadline, |instance| {
            Box::pin(async move {
                instance.describe().await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// An invocation for the delivery engine.
    async fn deliver<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut Instance) -> GuestWork<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let deadline = self.release.spec.limits.write_deadline();
        self.invoke(Some(&self.pool), Some(&self.quota), deadline, work).await
    }

    async fn invoke<T: Send + 'static>(
        &self,
        pool: Option<&ReleasePool>,
        quota: Option<&Arc<Semaphore>>,
        deadline: Duration,
        work: impl for<'a> FnOnce(&'a mut Instance) -> GuestWork<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let target = Target {
            component: &self.component,
            environment: &self.environment,
            history: &self.history,
            pool,
            quota,
        };
        self.invoker.invoke(target, deadline, work).await
    }
}

impl fmt::Debug for LoadedRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedRelease")
            .field("tenant", self.release.tenant())
            .field("release", &self.release.number)
            .field("adapter", &self.record.name)
            .field("version", &self.record.version)
            .finish_non_exhaustive()
    }
}
