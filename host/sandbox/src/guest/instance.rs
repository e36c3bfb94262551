//! One instance of an adapter, with the invocation that it serves.

use std::sync::Arc;

use wasmtime::{Store, component};

use super::environment::{Environment, InvocationLimits};
use super::error::GuestError;
use super::exports::ExportAnswer;
use super::linked::{LinkedComponent, PreparedComponent, other_types};
use super::state::InstanceState;
use crate::code::error::PackageError;
use crate::contract::bindings::exports::about;
use crate::contract::bindings::model;
use crate::contract::convert::ReadLeads;
use crate::meter::cpu;
use jackfield_domain::custody::fixture::{ExportInput, ExportResult};
use jackfield_domain::custody::recording::OmissionReason;

/// An instance. It serves one invocation at a time, all of one release.
///
/// An invocation loads only the export that it needs, because the engine compares all types of an export that it loads.
/// Loading fails if the types differ from the contract's, which [`Instance::check_and_describe`] finds when an adapter
/// is pushed.
pub struct Instance {
    store: Store<InstanceState>,
    exports: component::Instance,
    component: Arc<PreparedComponent>,
    invocations: u32,
}

impl Instance {
    /// A fresh instance, for its first invocation.
    ///
    /// # Errors
    /// The guest stops while it starts, or the pool has no slot for it.
    pub async fn start(
        component: &LinkedComponent,
        environment: Arc<Environment>,
        invocation: InvocationLimits,
    ) -> wasmtime::Result<Self> {
        let component = component.current();
        let mut store = InstanceState::store(component.engine(), environment, invocation);
        let exports = component.instantiate(&mut store).await?;
        store.data_mut().started();
        Ok(Self {
            store,
            exports,
            component,
            invocations: 1,
        })
    }

    /// Starts another invocation. The one before has [ended](Self::end) successfully.
    pub fn begin(&mut self, invocation: InvocationLimits) {
        self.invocations = self.invocations.saturating_add(1);
        self.store.data_mut().begin(invocation);
        cpu::restart(&mut self.store);
    }

    /// Ends an invocation that succeeded. Returns whether the instance may serve another, if it may serve `reuse` in
    /// total.
    pub fn end(&mut self, reuse: u32) -> bool {
        self.invocations < reuse && self.store.data_mut().end()
    }

    /// Records the invocation, if its tenant is recorded: see [`InstanceState::record`].
    pub fn record(&self, invocation: impl FnOnce() -> Result<(ExportInput, ExportResult), OmissionReason>) {
        self.store.data().record(invocation);
    }

    /// Checks the types of all exports, and invokes `about.describe`.
    ///
    /// # Errors
    /// An export has other types than the contract's, or the guest stopped.
    pub async fn check_and_describe(&mut self) -> wasmtime::Result<Result<about::Description, PackageError>> {
        if let Err(error) = self.component.exports.check_types(&mut self.store, &self.exports) {
            return Ok(Err(other_types(error)));
        }
        self.describe().await.map(Ok)
    }

    /// Invokes `about.describe`.
    ///
    /// # Errors
    /// The guest stopped.
    pub async fn describe(&mut self) -> wasmtime::Result<about::Description> {
        self.component.exports.describe(&mut self.store, &self.exports).await
    }

    /// Invokes `status.query`.
    ///
    /// # Errors
    /// The guest stopped.
    pub async fn query(&mut self, lead: &str) -> wasmtime::Result<ExportAnswer<model::LeadStatus>> {
        self.component.exports.query(&mut self.store, &self.exports, lead).await
    }

    /// Invokes `dispositions.write`.
    ///
    /// # Errors
    /// The guest stopped.
    pub async fn write(
        &mut self,
        disposition: &model::Disposition,
        key: &str,
    ) -> wasmtime::Result<ExportAnswer<model::Receipt>> {
        let exports = &self.component.exports;
        exports.write(&mut self.store, &self.exports, disposition, key).await
    }

    /// Invokes `lookup.find`.
    ///
    /// # Errors
    /// The adapter does not export it, or the guest stopped.
    pub async fn look_up(&mut self, lead: &str, key: &str) -> Result<ExportAnswer<Option<model::Receipt>>, GuestError> {
        let exports = &self.component.exports;
        exports.look_up(&mut self.store, &self.exports, lead, key).await
    }

    /// Invokes `leads.parse`.
    ///
    /// # Errors
    /// The adapter does not export it, or the guest stopped.
    pub async fn parse(&mut self, inbound: &model::Inbound) -> Result<ExportAnswer<ReadLeads>, GuestError> {
        self.component
            .exports
            .parse(&mut self.store, &self.exports, inbound)
            .await
    }
}
