//! A release that serves.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::bulkhead::{Bulkhead, Seat};
use super::call::{Broken, Called, Caller};
use super::convert::{self, ParsedLead};
use super::package::Code;
use super::state::Environment;
use super::tape;
use crate::domain::adapter::AdapterRecord;
use crate::domain::disposition::Disposition;
use crate::domain::id::{DedupKey, LeadId};
use crate::domain::recording::Kind;
use crate::domain::release::Release;
use crate::domain::status::LeadStatus;

/// A loaded release. Calls take no lock, and each runs in an instance of its own.
pub struct Loaded {
    release: Release,
    record: AdapterRecord,
    code: Arc<Code>,
    environment: Arc<Environment>,
    caller: Caller,
    quota: Arc<Semaphore>,
    status: Bulkhead,
}

impl Loaded {
    pub(super) fn new(
        release: Release,
        record: AdapterRecord,
        code: Arc<Code>,
        environment: Environment,
        caller: Caller,
        quota: usize,
    ) -> Self {
        let seats = release.spec.limits.status_concurrency;
        Self {
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
    pub fn status_seat(&self) -> Option<Seat> {
        self.status.seat()
    }

    /// Asks the CRM whether a lead may be called, within `status_deadline_ms`. Whoever serves requests takes a
    /// [`status_seat`](Self::status_seat) first.
    pub async fn query_status(&self, lead: &LeadId) -> Called<LeadStatus> {
        let deadline = self.release.spec.limits.status_deadline();
        let (code, lead) = (Arc::clone(&self.code), lead.clone());
        self.caller
            .run(&self.environment, None, deadline, |mut store| async move {
                let adapter = code.adapter.instantiate_async(&mut store).await?;
                let status = adapter.jackfield_crm_status();
                let answer = status.call_query(&mut store, lead.as_str()).await?;
                let told = || (tape::query_status(lead.as_str()), tape::returns(&answer));
                store.data().record(Kind::Status, told);
                convert::answer(answer, |given| convert::status(given, &lead))
            })
            .await
    }

    /// Writes a disposition, within `write_deadline_ms`. The answer is the CRM's reference, which may be empty.
    pub async fn write(&self, disposition: &Disposition, accepted_at: Timestamp, key: &DedupKey) -> Called<String> {
        let deadline = self.release.spec.limits.write_deadline();
        let disposition = convert::disposition(disposition, accepted_at);
        let (code, key) = (Arc::clone(&self.code), key.clone());
        self.caller
            .run(&self.environment, Some(&self.quota), deadline, |mut store| async move {
                let adapter = code.adapter.instantiate_async(&mut store).await?;
                let dispositions = adapter.jackfield_crm_dispositions();
                let answer = dispositions.call_write(&mut store, &disposition, key.as_str()).await?;
                let asked = || tape::write_disposition(&disposition, key.as_str());
                store.data().record(Kind::Write, || (asked(), tape::returns(&answer)));
                convert::answer(answer, |receipt| Ok(convert::reference(&receipt)))
            })
            .await
    }

    /// Asks the CRM whether the write with this key was made, within `write_deadline_ms`. The answer is its reference.
    /// A fault if the adapter cannot look writes up: ask [`AdapterRecord::lookup`] first.
    pub async fn find(&self, lead: &LeadId, key: &DedupKey) -> Called<Option<String>> {
        let deadline = self.release.spec.limits.write_deadline();
        let (code, lead, key) = (Arc::clone(&self.code), lead.clone(), key.clone());
        self.caller
            .run(&self.environment, Some(&self.quota), deadline, |mut store| async move {
                let Some(lookup) = &code.lookup else {
                    return Err(Broken::BadOutput("the adapter does not export `lookup`".into()));
                };
                let lookup = lookup.instantiate_async(&mut store).await?;
                let lookup = lookup.jackfield_crm_lookup();
                let answer = lookup.call_find(&mut store, lead.as_str(), key.as_str()).await?;
                let asked = || tape::find(lead.as_str(), key.as_str());
                store.data().record(Kind::Find, || (asked(), tape::returns(&answer)));
                convert::answer(answer, |receipt| Ok(receipt.as_ref().map(convert::reference)))
            })
            .await
    }

    /// Parses a webhook in the CRM's own shape, within `write_deadline_ms`. No leads if it is an event of another kind.
    /// A fault if the adapter cannot parse webhooks: ask [`AdapterRecord::parses_leads`] first.
    pub async fn parse(&self, content_type: &str, body: &[u8], received_at: Timestamp) -> Called<Vec<ParsedLead>> {
        let deadline = self.release.spec.limits.write_deadline();
        let inbound = convert::inbound(content_type, body, received_at);
        let code = Arc::clone(&self.code);
        self.caller
            .run(&self.environment, Some(&self.quota), deadline, |mut store| async move {
                let Some(leads) = &code.leads else {
                    return Err(Broken::BadOutput("the adapter does not export `leads`".into()));
                };
                let leads = leads.instantiate_async(&mut store).await?;
                let answer = leads.jackfield_crm_leads().call_parse(&mut store, &inbound).await?;
                let told = || (tape::parse_leads(&inbound), tape::returns_leads(&answer));
                store.data().record(Kind::Webhook, told);
                convert::answer(answer, convert::leads)
            })
            .await
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("tenant", self.release.tenant())
            .field("release", &self.release.number)
            .field("adapter", &self.record.name)
            .field("version", &self.record.version)
            .finish_non_exhaustive()
    }
}
