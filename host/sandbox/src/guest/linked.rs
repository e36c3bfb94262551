//! A component that is compiled and linked.

use wasmtime::Store;
use wasmtime::component::{self, Component, InstancePre, Linker};

use super::state::InstanceState;
use crate::code::error::{PackageError, truncate};
use crate::code::package::check_interfaces;
use crate::contract::bindings::exports::{about, dispositions, leads, lookup, status};

/// A component, compiled and linked: what all releases of it share.
pub struct LinkedComponent {
    prepared: InstancePre<InstanceState>,
    pub(super) about: about::GuestIndices,
    pub(super) status: status::GuestIndices,
    pub(super) dispositions: dispositions::GuestIndices,
    pub(super) lookup: Option<lookup::GuestIndices>,
    pub(super) leads: Option<leads::GuestIndices>,
}

impl LinkedComponent {
    /// Checks imports and exports, and links the component.
    ///
    /// # Errors
    /// They are not those of the contract.
    pub fn link(linker: &Linker<InstanceState>, component: &Component) -> Result<Self, PackageError> {
        let optional = check_interfaces(component)?;
        let prepared = linker.instantiate_pre(component).map_err(other_types)?;
        Ok(Self {
            about: about::GuestIndices::new(&prepared).map_err(other_types)?,
            status: status::GuestIndices::new(&prepared).map_err(other_types)?,
            dispositions: dispositions::GuestIndices::new(&prepared).map_err(other_types)?,
            lookup: optional
                .lookup
                .then(|| lookup::GuestIndices::new(&prepared))
                .transpose()
                .map_err(other_types)?,
            leads: optional
                .leads
                .then(|| leads::GuestIndices::new(&prepared))
                .transpose()
                .map_err(other_types)?,
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
        self.lookup.is_some()
    }

    /// Whether `leads` is exported.
    pub const fn has_leads(&self) -> bool {
        self.leads.is_some()
    }
}

/// The engine has found other types than the contract's.
pub(super) fn other_types(error: impl std::fmt::Display) -> PackageError {
    PackageError::OtherTypes(truncate(&format!("{error:#}")))
}
