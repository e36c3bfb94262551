//! One instance of an adapter, with the call that it serves.

use std::sync::Arc;

use serde_json::Value;
use wasmtime::{Engine, Store, component};

use super::bindings::exports::{about, dispositions, leads, lookup, status};
use super::package::{LinkedComponent, PackageError};
use super::state::{Environment, InstanceState, InvocationLimits};
use jackfield_domain::custody::recording::Kind;

/// An instance. It serves one call at a time, all of one release.
pub struct Instance {
    store: Store<InstanceState>,
    exports: component::Instance,
    code: Arc<LinkedComponent>,
    calls: u32,
}

impl Instance {
    /// A fresh one, for its first call.
    ///
    /// # Errors
    /// The guest stops while it starts, or the pool has no place for it.
    pub async fn start(
        engine: &Engine,
        code: &Arc<LinkedComponent>,
        environment: Arc<Environment>,
        call: InvocationLimits,
    ) -> wasmtime::Result<Self> {
        let mut store = InstanceState::store(engine, environment, call);
        let exports = code.instantiate(&mut store).await?;
        store.data_mut().started();
        Ok(Self {
            store,
            exports,
            code: Arc::clone(code),
            calls: 1,
        })
    }

    /// Begins another call. The one before has [ended](Self::end), and well.
    pub fn begin(&mut self, call: InvocationLimits) {
        self.calls = self.calls.saturating_add(1);
        self.store.data_mut().begin(call);
        super::cpu::restart(&mut self.store);
    }

    /// Ends a call that ended well. Returns whether the instance may serve another, if it may serve `reuse` in all.
    pub fn end(&mut self, reuse: u32) -> bool {
        self.calls < reuse && self.store.data_mut().end()
    }

    /// What its exports are called with.
    pub const fn store(&mut self) -> &mut Store<InstanceState> {
        &mut self.store
    }

    /// Takes down what was asked and answered, if the call is recorded.
    pub fn record(&self, kind: Kind, told: impl FnOnce() -> (Value, Value)) {
        self.store.data().record(kind, told);
    }

    /// `about`.
    ///
    /// # Errors
    /// As [`LinkedComponent::about`].
    pub fn about(&mut self) -> wasmtime::Result<about::Guest> {
        self.code.about(&mut self.store, &self.exports)
    }

    /// `status`.
    ///
    /// # Errors
    /// As [`LinkedComponent::about`].
    pub fn status(&mut self) -> wasmtime::Result<status::Guest> {
        self.code.status(&mut self.store, &self.exports)
    }

    /// `dispositions`.
    ///
    /// # Errors
    /// As [`LinkedComponent::about`].
    pub fn dispositions(&mut self) -> wasmtime::Result<dispositions::Guest> {
        self.code.dispositions(&mut self.store, &self.exports)
    }

    /// `lookup`, where it is exported.
    ///
    /// # Errors
    /// As [`LinkedComponent::about`].
    pub fn lookup(&mut self) -> wasmtime::Result<Option<lookup::Guest>> {
        self.code.lookup(&mut self.store, &self.exports)
    }

    /// `leads`, where it is exported.
    ///
    /// # Errors
    /// As [`LinkedComponent::about`].
    pub fn leads(&mut self) -> wasmtime::Result<Option<leads::Guest>> {
        self.code.leads(&mut self.store, &self.exports)
    }

    /// `about`, when all exports have been checked: see [`LinkedComponent::typed`].
    ///
    /// # Errors
    /// One has other types than the contract's.
    pub fn typed(&mut self) -> Result<about::Guest, PackageError> {
        self.code.typed(&mut self.store, &self.exports)
    }
}
