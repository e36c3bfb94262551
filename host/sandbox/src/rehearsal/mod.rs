//! Invocations of an adapter without a network: the same sandbox, limits and checks of requests as in service, with a
//! double of the CRM that answers.
//!
//! The conformance kit is built on this. Deliberately not here: which exports are rehearsed, and what is right
//! (`conformance`). Nor are a release's credentials; keys to sign with come from the fixture.

mod bench;
mod clock;
mod double;
mod play;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::code::error::PackageError;
use crate::guest::linked::LinkedComponent;
use crate::runtime::Runtime;
use jackfield_domain::custody::fixture::ExportResult;
use jackfield_domain::delivery::failure::Fault;
use jackfield_domain::phone::Country;
use jackfield_domain::tenant::adapter::AdapterRecord;

pub use double::{CrmDouble, CrmReply, CrmRequest};

/// A component, ready to be invoked.
pub struct Rehearsal {
    runtime: Runtime,
    component: Arc<LinkedComponent>,
    record: AdapterRecord,
}

/// What surrounds an invocation.
#[derive(Debug, Clone)]
pub struct RehearsalSetup {
    /// Values as text, by name.
    pub settings: BTreeMap<String, String>,
    /// The country of telephone numbers without a country code.
    pub country: Option<Country>,
    /// Keys for `hmac-sha256`, by name.
    pub keys: BTreeMap<String, String>,
    /// The time that the guest's clock shows, throughout.
    pub now: Timestamp,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Processor time.
    pub cpu: Duration,
    /// The deadline of the whole invocation.
    pub deadline: Duration,
    /// Answers the requests.
    pub crm: Arc<dyn CrmDouble>,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub struct RehearsalResult {
    /// What the adapter returned, or the fault that stopped it.
    pub outcome: Result<ExportResult, Fault>,
    /// Requests that were sent or attempted.
    pub requests: u32,
    /// Words of [`jackfield_domain::tenant::egress::EgressRefusal`], and how many requests were refused for each.
    pub refused: Vec<(&'static str, u32)>,
    /// The signatures that were made for the adapter, in order.
    pub signatures: Vec<Vec<u8>>,
    /// Log lines, and the last output on standard output and standard error.
    pub written: Vec<String>,
    /// How long it took, without the time that the bench skipped.
    pub took: Duration,
    /// Processor time, including the host's part of the invocation.
    pub cpu: Duration,
    /// Linear memory that the guest used, in bytes.
    pub memory: usize,
}

impl Runtime {
    /// Makes a component ready to be invoked without a network.
    ///
    /// # Errors
    /// As [`Runtime::inspect`].
    pub async fn rehearsal(&self, bytes: &[u8]) -> Result<Rehearsal, PackageError> {
        let record = self.inspect(bytes).await?;
        let component = self.linked(record.digest, bytes).await?;
        Ok(Rehearsal {
            runtime: self.clone(),
            component,
            record,
        })
    }
}

impl Rehearsal {
    /// What the adapter says about itself.
    #[must_use]
    pub const fn record(&self) -> &AdapterRecord {
        &self.record
    }

    /// What it says about itself when it is asked again.
    ///
    /// # Errors
    /// This time it returns nothing, or something that the contract does not allow.
    pub async fn describe_again(&self) -> Result<AdapterRecord, PackageError> {
        self.runtime.describe_again(&self.record, &self.component).await
    }
}
