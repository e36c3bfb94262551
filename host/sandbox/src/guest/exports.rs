//! The functions that a component exports, in the line of the contract that it was built for. Whoever invokes one gets
//! the current line's types.

use wasmtime::Store;
use wasmtime::component::ComponentNamedList;
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Lift, Lower, TypedFunc};

use super::error::GuestError;
use super::state::InstanceState;
use crate::code::package::{ContractLine, Interfaces};
use crate::contract::bindings::exports::{about, dispositions, leads, lookup, status};
use crate::contract::bindings::model;
use crate::contract::convert::ReadLeads;
use crate::contract::v0_1::LegacyFailure;

/// What an export answers: its result, or the adapter's failure.
pub type ExportAnswer<T> = Result<T, model::Failure>;

/// The exports of a component.
pub enum Exports {
    /// Of the current line.
    Current(CurrentExports),
    /// Of line 0.1.
    V0_1(LegacyExports),
}

/// Exports of the current line, which `bindgen` loads.
pub struct CurrentExports {
    about: about::GuestIndices,
    status: status::GuestIndices,
    dispositions: dispositions::GuestIndices,
    lookup: Option<lookup::GuestIndices>,
    leads: Option<leads::GuestIndices>,
}

/// Exports of line 0.1. Only their failures and the result of `parse` differ from the current line's, so they are
/// loaded by hand, with the current line's other types: the engine compares types by their structure.
pub struct LegacyExports {
    describe: ComponentExportIndex,
    query: ComponentExportIndex,
    write: ComponentExportIndex,
    find: Option<ComponentExportIndex>,
    parse: Option<ComponentExportIndex>,
}

impl Exports {
    /// Finds the exports. Their types are checked when they are loaded.
    ///
    /// # Errors
    /// A required function is missing.
    pub fn find(prepared: &InstancePre<InstanceState>, interfaces: &Interfaces) -> wasmtime::Result<Self> {
        Ok(match interfaces.line {
            ContractLine::Current => Self::Current(CurrentExports {
                about: about::GuestIndices::new(prepared)?,
                status: status::GuestIndices::new(prepared)?,
                dispositions: dispositions::GuestIndices::new(prepared)?,
                lookup: interfaces
                    .lookup
                    .then(|| lookup::GuestIndices::new(prepared))
                    .transpose()?,
                leads: interfaces
                    .leads
                    .then(|| leads::GuestIndices::new(prepared))
                    .transpose()?,
            }),
            ContractLine::V0_1 => {
                let component = prepared.component();
                Self::V0_1(LegacyExports {
                    describe: legacy(component, "about", "describe")?,
                    query: legacy(component, "status", "query")?,
                    write: legacy(component, "dispositions", "write")?,
                    find: interfaces
                        .lookup
                        .then(|| legacy(component, "lookup", "find"))
                        .transpose()?,
                    parse: interfaces
                        .leads
                        .then(|| legacy(component, "leads", "parse"))
                        .transpose()?,
                })
            }
        })
    }

    /// Whether `lookup` is exported.
    pub const fn has_lookup(&self) -> bool {
        match self {
            Self::Current(exports) => exports.lookup.is_some(),
            Self::V0_1(exports) => exports.find.is_some(),
        }
    }

    /// Whether `leads` is exported.
    pub const fn has_leads(&self) -> bool {
        match self {
            Self::Current(exports) => exports.leads.is_some(),
            Self::V0_1(exports) => exports.parse.is_some(),
        }
    }

    /// Checks the types of all exports, the optional ones included.
    ///
    /// # Errors
    /// An export has other types than the contract's. For an optional export the engine names the types and not the
    /// export, so this does.
    pub fn check_types(&self, store: &mut Store<InstanceState>, instance: &Instance) -> wasmtime::Result<()> {
        let named = |export| move |error: wasmtime::Error| wasmtime::format_err!("`{export}`: {error:#}");
        match self {
            Self::Current(exports) => {
                if let Some(lookup) = &exports.lookup {
                    lookup.load(&mut *store, instance).map_err(named("lookup"))?;
                }
                if let Some(leads) = &exports.leads {
                    leads.load(&mut *store, instance).map_err(named("leads"))?;
                }
                exports.status.load(&mut *store, instance)?;
                exports.dispositions.load(&mut *store, instance)?;
                exports.about.load(&mut *store, instance)?;
            }
            Self::V0_1(exports) => {
                if let Some(find) = &exports.find {
                    instance
                        .get_typed_func::<FindInput<'_>, FindOutput>(&mut *store, find)
                        .map_err(named("lookup"))?;
                }
                if let Some(parse) = &exports.parse {
                    instance
                        .get_typed_func::<ParseInput<'_>, ParseOutput>(&mut *store, parse)
                        .map_err(named("leads"))?;
                }
                instance.get_typed_func::<QueryInput<'_>, QueryOutput>(&mut *store, &exports.query)?;
                instance.get_typed_func::<WriteInput<'_>, WriteOutput>(&mut *store, &exports.write)?;
                instance.get_typed_func::<(), DescribeOutput>(&mut *store, &exports.describe)?;
            }
        }
        Ok(())
    }

    /// Invokes `about.describe`.
    pub async fn describe(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
    ) -> wasmtime::Result<about::Description> {
        match self {
            Self::Current(exports) => exports.about.load(&mut *store, instance)?.call_describe(store).await,
            Self::V0_1(exports) => {
                let (description,): DescribeOutput = invoke(store, instance, &exports.describe, ()).await?;
                Ok(description)
            }
        }
    }

    /// Invokes `status.query`.
    pub async fn query(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        lead: &str,
    ) -> wasmtime::Result<ExportAnswer<model::LeadStatus>> {
        match self {
            Self::Current(exports) => {
                exports
                    .status
                    .load(&mut *store, instance)?
                    .call_query(store, lead)
                    .await
            }
            Self::V0_1(exports) => {
                let (answer,): QueryOutput = invoke(store, instance, &exports.query, (lead,)).await?;
                Ok(answer.map_err(Into::into))
            }
        }
    }

    /// Invokes `dispositions.write`.
    pub async fn write(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        disposition: &model::Disposition,
        key: &str,
    ) -> wasmtime::Result<ExportAnswer<model::Receipt>> {
        match self {
            Self::Current(exports) => {
                let dispositions = exports.dispositions.load(&mut *store, instance)?;
                dispositions.call_write(store, disposition, key).await
            }
            Self::V0_1(exports) => {
                let (answer,): WriteOutput = invoke(store, instance, &exports.write, (disposition, key)).await?;
                Ok(answer.map_err(Into::into))
            }
        }
    }

    /// Invokes `lookup.find`.
    ///
    /// # Errors
    /// The adapter does not export it, or stopped.
    pub async fn look_up(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        lead: &str,
        key: &str,
    ) -> Result<ExportAnswer<Option<model::Receipt>>, GuestError> {
        match self {
            Self::Current(exports) => {
                let lookup = exports.lookup.as_ref().ok_or_else(|| not_exported("lookup"))?;
                let lookup = lookup.load(&mut *store, instance)?;
                Ok(lookup.call_find(store, lead, key).await?)
            }
            Self::V0_1(exports) => {
                let find = exports.find.as_ref().ok_or_else(|| not_exported("lookup"))?;
                let (answer,): FindOutput = invoke(store, instance, find, (lead, key)).await?;
                Ok(answer.map_err(Into::into))
            }
        }
    }

    /// Invokes `leads.parse`.
    ///
    /// # Errors
    /// The adapter does not export it, or stopped.
    pub async fn parse(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
        inbound: &model::Inbound,
    ) -> Result<ExportAnswer<ReadLeads>, GuestError> {
        match self {
            Self::Current(exports) => {
                let leads = exports.leads.as_ref().ok_or_else(|| not_exported("leads"))?;
                let leads = leads.load(&mut *store, instance)?;
                Ok(leads.call_parse(store, inbound).await?)
            }
            Self::V0_1(exports) => {
                let parse = exports.parse.as_ref().ok_or_else(|| not_exported("leads"))?;
                let (answer,): ParseOutput = invoke(store, instance, parse, (inbound,)).await?;
                Ok(match answer {
                    Ok(leads) => Ok(leads.into_iter().map(Ok).collect()),
                    Err(failure) => Err(failure.into()),
                })
            }
        }
    }
}

type DescribeOutput = (about::Description,);
type QueryInput<'a> = (&'a str,);
type QueryOutput = (Result<model::LeadStatus, LegacyFailure>,);
type WriteInput<'a> = (&'a model::Disposition, &'a str);
type WriteOutput = (Result<model::Receipt, LegacyFailure>,);
type FindInput<'a> = (&'a str, &'a str);
type FindOutput = (Result<Option<model::Receipt>, LegacyFailure>,);
type ParseInput<'a> = (&'a model::Inbound,);
type ParseOutput = (Result<Vec<model::Lead>, LegacyFailure>,);

/// A function of line 0.1.
fn legacy(component: &Component, interface: &str, function: &str) -> wasmtime::Result<ComponentExportIndex> {
    let name = format!("jackfield:crm/{interface}@0.1.0");
    let exported = component.get_export_index(None, &*name);
    exported
        .and_then(|interface| component.get_export_index(Some(&interface), function))
        .ok_or_else(|| wasmtime::format_err!("`{name}` has no function `{function}`"))
}

/// Loads a function, which checks its types, and invokes it.
async fn invoke<Input, Output>(
    store: &mut Store<InstanceState>,
    instance: &Instance,
    function: &ComponentExportIndex,
    input: Input,
) -> wasmtime::Result<Output>
where
    Input: ComponentNamedList + Lower + Send + Sync,
    Output: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let function: TypedFunc<Input, Output> = instance.get_typed_func(&mut *store, function)?;
    function.call_async(store, input).await
}

fn not_exported(export: &str) -> GuestError {
    GuestError::BadOutput(format!("the adapter does not export `{export}`"))
}
