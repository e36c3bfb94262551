//! One instance of an adapter, with the invocation that it serves.

use std::sync::Arc;

use wasmtime::{Engine, Store, component};

use super::environment::{Environment, InvocationLimits};
use super::error::GuestError;
use super::linked::{LinkedComponent, other_types};
use super::state::InstanceState;
use crate::code::error::PackageError;
use crate::contract::bindings::exports::{about, dispositions, leads, lookup, status};
use crate::meter::cpu;
use jackfield_domain::custody::fixture::{ExportInput, ExportResult};
use jackfield_domain::custody::recording::OmissionReason;

/// An instance. It serves one invocation at a time, all of one release.
///
/// An invocation loads only the export that it needs, because the engine compares all types of an export that it loads.
/// Loading fails if the types differ from the contract's, which [`Instance::check_types`] finds when an adapter is
/// pushed.
pub struct Instance {
    store: Store<InstanceState>,
    exports: component::Instance,
    component: Arc<LinkedComponent>,
    invocations: u32,
}

impl Instance {
    /// A fresh instance, for its first invocation.
    ///
    /// # Errors
    /// The guest stops while it starts, or the pool has no slot for it.
    pub async fn start(
        engine: &Engine,
        component: &Arc<LinkedComponent>,
        environment: Arc<Environment>,
        invocation: InvocationLimits,
    ) -> wasmtime::Result<Self> {
        let mut store = InstanceState::store(engine, environment, invocation);
        let exports = component.instantiate(&mut store).await?;
        store.data_mut().started();
        Ok(Self {
            store,
            exports,
            component: Arc::clone(component),
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

    /// The store, which exports are invoked with.
    pub const fn store(&mut self) -> &mut Store<InstanceState> {
        &mut self.store
    }

    /// Records the invocation, if its tenant is recorded: see [`InstanceState::record`].
    pub fn record(&self, invocation: impl FnOnce() -> Result<(ExportInput, ExportResult), OmissionReason>) {
        self.store.data().record(invocation);
    }

    /// The export `about`.
    ///
    /// # Errors
    /// Its types differ from the contract's.
    pub fn about(&mut self) -> wasmtime::Result<about::Guest> {
        self.component.about.load(&mut self.store, &self.exports)
    }

    /// The export `status`.
    ///
    /// # Errors
    /// Its types differ from the contract's.
    pub fn status(&mut self) -> wasmtime::Result<status::Guest> {
        self.component.status.load(&mut self.store, &self.exports)
    }

    /// The export `dispositions`.
    ///
    /// # Errors
    /// Its types differ from the contract's.
    pub fn dispositions(&mut self) -> wasmtime::Result<dispositions::Guest> {
        self.component.dispositions.load(&mut self.store, &self.exports)
    }

    /// The export `lookup`.
    ///
    /// # Errors
    /// The adapter does not export it, or its types differ from the contract's.
    pub fn lookup(&mut self) -> Result<lookup::Guest, GuestError> {
        let lookup = self.component.lookup.as_ref().ok_or_else(|| not_exported("lookup"))?;
        Ok(lookup.load(&mut self.store, &self.exports)?)
    }

    /// The export `leads`.
    ///
    /// # Errors
    /// The adapter does not export it, or its types differ from the contract's.
    pub fn leads(&mut self) -> Result<leads::Guest, GuestError> {
        let leads = self.component.leads.as_ref().ok_or_else(|| not_exported("leads"))?;
        Ok(leads.load(&mut self.store, &self.exports)?)
    }

    /// The export `about`, after checking the types of all exports, the optional ones included.
    ///
    /// # Errors
    /// An export has other types than the contract's.
    pub fn check_types(&mut self) -> Result<about::Guest, PackageError> {
        let Self {
            store,
            exports,
            component,
            ..
        } = self;
        // Of an optional export the engine names the types and not the export.
        let optional = |export, error: wasmtime::Error| other_types(format!("`{export}`: {error:#}"));
        if let Some(lookup) = &component.lookup {
            lookup
                .load(&mut *store, exports)
                .map_err(|error| optional("lookup", error))?;
        }
        if let Some(leads) = &component.leads {
            leads
                .load(&mut *store, exports)
                .map_err(|error| optional("leads", error))?;
        }
        component.status.load(&mut *store, exports).map_err(other_types)?;
        component.dispositions.load(&mut *store, exports).map_err(other_types)?;
        component.about.load(&mut *store, exports).map_err(other_types)
    }
}

fn not_exported(export: &str) -> GuestError {
    GuestError::BadOutput(format!("the adapter does not export `{export}`"))
}
