//! A release that serves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::bulkhead::{Bulkhead, StatusPermit};
use super::call::{Invocation, InvocationError, Invoker, Target, Work};
use super::convert::{self, ParsedLead};
use super::instance::Instance;
use super::package::LinkedComponent;
use super::places::ReleasePool;
use super::state::Environment;
use super::tape;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::recording::Kind;
use jackfield_domain::id::{DedupKey, LeadId};
use jackfield_domain::lead::status::LeadStatus;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::Release;

/// A loaded release. Each call runs in an instance of its own: a fresh one, for which no lock is taken, or where
/// `[runtime] reuse` says so one that has served other calls of this release.
pub struct LoadedRelease {
    release: Release,
    record: AdapterRecord,
    code: Arc<LinkedComponent>,
    environment: Arc<Environment>,
    caller: Invoker,
    quota: Arc<Semaphore>,
    status: Bulkhead,
    own: ReleasePool,
}

impl LoadedRelease {
    pub(super) fn new(
        release: Release,
        record: AdapterRecord,
        code: Arc<LinkedComponent>,
        environment: Environment,
        caller: Invoker,
        quota: usize,
    ) -> Self {
        let seats = release.spec.limits.status_concurrency;
        let at_once = seats.saturating_add(release.spec.delivery.concurrency.get());
        Self {
            own: caller.places.own(release.spec.runtime.reuse, at_once as usize),
            status: Bulkhead::new(seats, Arc::clone(&caller.status)),
            release,
            record,
            code,
            environment: Arc::new(environment),
            caller,
            quota: Arc::new(Semaphore::new(quota)),
        }
    }

    /// The release.
    #[must_use]
    pub const fn release(&self) -> &Release {
        &self.release
    }

    /// What is known of its adapter.
    #[must_use]
    pub const fn record(&self) -> &AdapterRecord {
        &self.record
    }

    /// A seat for one [`query_status`](Self::query_status), to be held while it runs; none if the tenant's, or those of
    /// all tenants, are taken: then the caller refuses at once.
    #[must_use]
    pub fn status_seat(&self) -> Option<StatusPermit> {
        self.status.seat()
    }

    /// Asks the CRM whether a lead may be called, within `status_deadline_ms`. Whoever serves requests takes a
    /// [`status_seat`](Self::status_seat) first.
    pub async fn query_status(&self, lead: &LeadId) -> Invocation<LeadStatus> {
        let deadline = self.release.spec.limits.status_deadline();
        let lead = lead.clone();
        self.call(Some(&self.own), None, deadline, |instance| {
            Box::pin(async move {
                let status = instance.status()?;
                let answer = status.call_query(instance.store(), lead.as_str()).await?;
                let told = || (tape::query_status(lead.as_str()), tape::returns(&answer));
                instance.record(Kind::Status, told);
                convert::answer(answer, |given| convert::status(given, &lead))
            })
        })
        .await
    }

    /// Writes a disposition, within `write_deadline_ms`. The answer is the CRM's reference, which may be empty.
    pub async fn write(&self, disposition: &Disposition, accepted_at: Timestamp, key: &DedupKey) -> Invocation<String> {
        let disposition = convert::disposition(disposition, accepted_at);
        let key = key.clone();
        self.deliver(|instance| {
            Box::pin(async move {
                let dispositions = instance.dispositions()?;
                let answer = dispositions
                    .call_write(instance.store(), &disposition, key.as_str())
                    .await?;
                let asked = || tape::write_disposition(&disposition, key.as_str());
                instance.record(Kind::Write, || (asked(), tape::returns(&answer)));
                convert::answer(answer, |receipt| Ok(convert::reference(&receipt)))
            })
        })
        .await
    }

    /// Asks the CRM whether the write with this key was made, within `write_deadline_ms`. The answer is its reference.
    /// A fault if the adapter cannot look writes up: ask [`AdapterRecord::lookup`] first.
    pub async fn find(&self, lead: &LeadId, key: &DedupKey) -> Invocation<Option<String>> {
        let (lead, key) = (lead.clone(), key.clone());
        self.deliver(|instance| {
            Box::pin(async move {
                let Some(lookup) = instance.lookup()? else {
                    return Err(InvocationError::BadOutput(
                        "the adapter does not export `lookup`".into(),
                    ));
                };
                let answer = lookup.call_find(instance.store(), lead.as_str(), key.as_str()).await?;
                let asked = || tape::find(lead.as_str(), key.as_str());
                instance.record(Kind::Find, || (asked(), tape::returns(&answer)));
                convert::answer(answer, |receipt| Ok(receipt.as_ref().map(convert::reference)))
            })
        })
        .await
    }

    /// Parses a webhook in the CRM's own shape, within `write_deadline_ms`. No leads if it is an event of another kind.
    /// A fault if the adapter cannot parse webhooks: ask [`AdapterRecord::parses_leads`] first.
    pub async fn parse(&self, content_type: &str, body: &[u8], received_at: Timestamp) -> Invocation<Vec<ParsedLead>> {
        let inbound = convert::inbound(content_type, body, received_at);
        self.deliver(|instance| {
            Box::pin(async move {
                let Some(leads) = instance.leads()? else {
                    return Err(InvocationError::BadOutput("the adapter does not export `leads`".into()));
                };
                let answer = leads.call_parse(instance.store(), &inbound).await?;
                let told = || (tape::parse_leads(&inbound), tape::returns_leads(&answer));
                instance.record(Kind::Webhook, told);
                convert::answer(answer, convert::leads)
            })
        })
        .await
    }

    /// Starts a fresh instance and lets it go, within `status_deadline_ms`: what a call costs before the adapter does
    /// anything.
    pub async fn start(&self) -> Invocation<()> {
        let deadline = self.release.spec.limits.status_deadline();
        self.call(None, None, deadline, |_| Box::pin(async { Ok(Ok(())) }))
            .await
    }

    /// Has a fresh instance describe itself, within `status_deadline_ms`, whatever the release says of reuse: what the
    /// adapter costs before it does anything.
    pub async fn probe(&self) -> Invocation<()> {
        let deadline = self.release.spec.limits.status_deadline();
        self.call(None, None, deadline, |instance| {
            Box::pin(async move {
                let about = instance.about()?;
                about.call_describe(instance.store()).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// A call of the delivery engine's.
    async fn deliver<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(&'a mut Instance) -> Work<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let deadline = self.release.spec.limits.write_deadline();
        self.call(Some(&self.own), Some(&self.quota), deadline, work).await
    }

    async fn call<T: Send + 'static>(
        &self,
        own: Option<&ReleasePool>,
        quota: Option<&Arc<Semaphore>>,
        deadline: Duration,
        work: impl for<'a> FnOnce(&'a mut Instance) -> Work<'a, T> + Send + 'static,
    ) -> Invocation<T> {
        let callee = Target {
            code: &self.code,
            environment: &self.environment,
            own,
            quota,
        };
        self.caller.run(callee, deadline, work).await
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
