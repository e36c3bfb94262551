//! A component that is compiled and linked.

use std::sync::Arc;

use arc_swap::ArcSwap;
use wasmtime::Store;
use wasmtime::component::{self, Component, InstancePre};

use super::engine::GuestEngine;
use super::exports::Exports;
use super::state::InstanceState;
use crate::code::error::{PackageError, truncate};
use crate::code::package::check_interfaces;

/// A component, compiled and linked: what all releases of it share. It moves to another engine when the host returns
/// memory to the system.
pub struct LinkedComponent(ArcSwap<PreparedComponent>);

/// A component in one engine. Its instances keep it, and with it their engine.
pub struct PreparedComponent {
    prepared: InstancePre<InstanceState>,
    pub(super) exports: Exports,
    engine: Arc<GuestEngine>,
}

impl LinkedComponent {
    /// A component that is ready in an engine.
    pub fn new(prepared: PreparedComponent) -> Self {
        Self(ArcSwap::from_pointee(prepared))
    }

    /// The component in the engine that new instances get.
    pub fn current(&self) -> Arc<PreparedComponent> {
        self.0.load_full()
    }

    /// Moves to another engine. Instances of the former one go on.
    pub fn replace(&self, prepared: PreparedComponent) {
        self.0.store(Arc::new(prepared));
    }

    /// Whether `lookup` is exported.
    pub fn has_lookup(&self) -> bool {
        self.0.load().exports.has_lookup()
    }

    /// Whether `leads` is exported.
    pub fn has_leads(&self) -> bool {
        self.0.load().exports.has_leads()
    }
}

impl PreparedComponent {
    /// Checks imports and exports, and links the component.
    ///
    /// # Errors
    /// They are not those of the contract.
    pub fn link(engine: &Arc<GuestEngine>, component: &Component) -> Result<Self, PackageError> {
        let interfaces = check_interfaces(component)?;
        let prepared = engine.linker().instantiate_pre(component).map_err(other_types)?;
        Ok(Self {
            exports: Exports::find(&prepared, &interfaces).map_err(other_types)?,
            prepared,
            engine: Arc::clone(engine),
        })
    }

    /// Its engine.
    pub(super) fn engine(&self) -> &wasmtime::Engine {
        self.engine.wasm()
    }

    /// Makes an instance in a store of its own.
    ///
    /// # Errors
    /// The guest stops while it starts, or the pool has no slot for it.
    pub(super) async fn instantiate(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<component::Instance> {
        self.prepared.instantiate_async(store).await
    }
}

/// The engine has found other types than the contract's.
pub(super) fn other_types(error: impl std::fmt::Display) -> PackageError {
    PackageError::OtherTypes(truncate(&format!("{error:#}")))
}
