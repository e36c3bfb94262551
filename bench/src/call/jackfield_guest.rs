//! The host's own sandbox, invoked as the host does.

use std::sync::Arc;
use std::time::Instant;

use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::id::{DedupKey, LeadId};
use jackfield_sandbox::{Invocation, LoadedRelease};
use jiff::Timestamp;

use super::Operation;
use crate::load::{Latencies, one_by_one};
use crate::sandbox::Sandbox;

/// A tenant file for any of the guests. Interpreters need more memory than the default; the origin that a guest waits
/// for never responds.
fn tenant(guest: &str) -> String {
    format!(
        r#"
        tenant = "bench"
        adapter = "{guest}"
        [limits]
        memory_mib = 128
        cpu_ms = 5000
        status_deadline_ms = 10000
        write_deadline_ms = 20000
        [egress]
        allow = ["http://waits.example"]
        private_addresses = true
        "#
    )
}

/// A loaded release with its inputs.
pub struct JackfieldGuest {
    loaded: Arc<LoadedRelease>,
    lead: LeadId,
    disposition: Disposition,
    accepted_at: Timestamp,
    key: DedupKey,
}

impl JackfieldGuest {
    /// Loads a release of the guest.
    pub async fn new(sandbox: &Sandbox) -> anyhow::Result<Self> {
        let lead: LeadId = super::LEAD.parse()?;
        let disposition = Disposition::read(lead.clone(), super::disposition());
        Ok(Self {
            loaded: load(sandbox).await?,
            disposition: disposition.map_err(|errors| anyhow::anyhow!("{errors:?}"))?,
            accepted_at: SystemClock.now(),
            key: super::CALL.parse()?,
            lead,
        })
    }

    /// One round of invocations: the median in microseconds.
    pub async fn round(&self, what: Operation, invocations: usize) -> anyhow::Result<f64> {
        let took = match what {
            Operation::Instantiate => one_by_one(invocations, |_| async { answer(self.loaded.start().await) }).await,
            Operation::Empty => {
                let invoke = |_| async { answer(self.loaded.query_status(&self.lead).await).map(drop) };
                one_by_one(invocations, invoke).await
            }
            Operation::Kilobyte => one_by_one(invocations, |_| async { self.kilobyte().await.map(drop) }).await,
        };
        Ok(micros(&took?))
    }

    /// The receipt for the disposition.
    pub async fn kilobyte(&self) -> anyhow::Result<String> {
        answer(self.loaded.write(&self.disposition, self.accepted_at, &self.key).await)
    }
}

/// Loads a release of the guest from the cache, unless it is loaded already.
pub async fn load(sandbox: &Sandbox) -> anyhow::Result<Arc<LoadedRelease>> {
    sandbox.load(&tenant(sandbox.name()), 1).await
}

/// Loads from the cache: the median in microseconds.
pub async fn loads(sandbox: &Sandbox, loads: usize) -> anyhow::Result<f64> {
    let took = one_by_one(loads, |_| async { load(sandbox).await.map(drop) }).await?;
    Ok(micros(&took))
}

/// Inspects a component that is new to the host, in microseconds.
pub async fn compile(sandbox: &Sandbox, unseen: Vec<u8>) -> anyhow::Result<f64> {
    let began = Instant::now();
    drop(sandbox.with(unseen).await?);
    Ok(began.elapsed().as_secs_f64() * 1e6)
}

/// The median in microseconds.
pub fn micros(took: &Latencies) -> f64 {
    took.quantile(0.5) * 1000.0
}

fn answer<T>(called: Invocation<T>) -> anyhow::Result<T> {
    called.outcome.map_err(anyhow::Error::msg)
}
