//! A component that is compiled and linked.

use wasmtime::Store;
use wasmtime::component::{self, Component, InstancePre, Linker};

use super::exports::Exports;
use super::state::InstanceState;
use crate::code::error::{PackageError, truncate};
use crate::code::package::check_interfaces;

/// A component, compiled and linked: what all releases of it share.
pub struct LinkedComponent {
    prepared: InstancePre<InstanceState>,
    pub(super) exports: Exports,
}

impl LinkedComponent {
    /// Checks imports and exports, and links the component.
    ///
    /// # Errors
    /// They are not those of the contract.
    pub fn link(linker: &Linker<InstanceState>, component: &Component) -> Result<Self, PackageError> {
        let interfaces = check_interfaces(component)?;
        let prepared = linker.instantiate_pre(component).map_err(other_types)?;
        Ok(Self {
            exports: Exports::find(&prepared, &interfaces).map_err(other_types)?,
            prepared,
        })
    }

    /// Makes an instance in a store of its own.
    ///
    /// # Errors
    /// The guest stops while it starts, or the pool has no slot for it.
    pub(super) async fn instantiate(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<component::Instance> {
        self.prepared.instantiate_async(store).await
    }

    /// Whether `lookup` is exported.
    pub const fn has_lookup(&self) -> bool {
        self.exports.has_lookup()
    }

    /// Whether `leads` is exported.
    pub const fn has_leads(&self) -> bool {
        self.exports.has_leads()
    }
}

/// The engine has found other types than the contract's.
pub(super) fn other_types(error: impl std::fmt::Display) -> PackageError {
    PackageError::OtherTypes(truncate(&format!("{error:#}")))
}
