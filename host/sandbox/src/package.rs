//! Is this file an adapter? Everything that is asked of a component before the host serves with it.

use wasmtime::Store;
use wasmtime::component::{self, Component, InstancePre, Linker};

use super::bindings::exports::{about, dispositions, leads, lookup, status};
use super::compiler::CompileRefusal;
use super::state::InstanceState;
use jackfield_domain::delivery::failure::Fault;
use jackfield_domain::id::{AdapterName, AdapterVersion, Digest};
use jackfield_domain::tenant::AdapterNeeds;
use jackfield_domain::tenant::adapter::AdapterRecord;

/// Bytes of a component. Python's, the largest of the supported languages, are 18 MB.
pub const MAX_SIZE: usize = 64 << 20;

/// Characters of an error that quotes a component.
const MAX_WORDS: usize = 500;
/// Names that an error lists.
const MAX_NAMED: usize = 10;

/// The first eight bytes of a component, and of a core module.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const CORE_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// What native code begins with: wasmtime's `.cwasm` files are ELF images, and so are programs.
const ELF: [u8; 4] = *b"\x7fELF";

/// The contract's package and the versions of it that this host runs.
const CONTRACT: (&str, &str) = ("jackfield:crm", "0.1.");
/// What of the contract may be imported.
const IMPORTS: [&str; 5] = ["http", "settings", "credentials", "log", "model"];
/// What of the contract must be exported.
const EXPORTS: [&str; 3] = ["about", "status", "dispositions"];
/// WASI, as far as it is linked, and its version.
const WASI: ([&str; 6], &str) = (
    [
        "wasi:cli",
        "wasi:clocks",
        "wasi:filesystem",
        "wasi:io",
        "wasi:random",
        "wasi:sockets",
    ],
    "0.2.",
);

/// A file is no adapter that this host can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It is too large.
    #[error("the file has {0} bytes; an adapter may have {MAX_SIZE}: strip it of debug information")]
    TooLarge(usize),
    /// It is no WebAssembly.
    #[error("the file is not WebAssembly: push the `.wasm` file that the adapter's build makes")]
    NotWasm,
    /// It is native code, as `wasmtime compile` makes it.
    #[error(
        "the file is native code, not WebAssembly: the host runs only native code that it compiled itself, so push the \
         `.wasm` file that the adapter's build makes"
    )]
    NativeCode,
    /// It is a core module.
    #[error(
        "the file is a core module, not a component: build it for `wasm32-wasip2`, or turn it into a component with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It does not compile.
    #[error("the file is no valid component; it may be cut short or damaged, so build and push it again: {0}")]
    Invalid(String),
    /// It takes more to compile than a component may.
    #[error(transparent)]
    Compile(#[from] CompileRefusal),
    /// It compiles, and no instance may have as much as it wants.
    #[error("it asks for more than one instance may have: {0}")]
    Oversized(String),
    /// It was built for another version of the contract.
    #[error("it was built for {0}, and this host runs jackfield:crm@0.1.x: rebuild it with the SDK of this host")]
    OtherVersion(String),
    /// It imports what this host does not have.
    #[error(
        "it imports {}, which this host does not offer: an adapter may import jackfield:crm and WASI 0.2 without \
         wasi:http (requests go through jackfield:crm/http)", some(.0)
    )]
    ForeignImports(Vec<String>),
    /// It does not export what every adapter must.
    #[error(
        "it does not export {}: build it for world `adapter` of jackfield:crm@0.1.0", .0.join(", ")
    )]
    MissingExports(Vec<String>),
    /// Its imports or exports have other types than the contract's.
    #[error("its imports or exports are not those of jackfield:crm@0.1.x; rebuild it with the SDK of this host: {0}")]
    OtherTypes(String),
    /// `describe` did not answer.
    #[error("`about.describe` did not answer; it must do so without network and settings: {0}")]
    Describe(Fault),
    /// `describe` answered what the contract does not allow.
    #[error("`about.describe` says what the contract does not allow: {}", .0.join("; "))]
    Description(Vec<String>),
    /// The host failed, not the file.
    #[error("the host could not compile it: {0}")]
    Host(String),
}

/// What an adapter is, by its own word and its exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Of its bytes.
    pub digest: Digest,
    /// Its name.
    pub name: AdapterName,
    /// Its version.
    pub version: AdapterVersion,
    /// What it asks of a tenant's file.
    pub needs: AdapterNeeds,
    /// Whether writing twice leaves one record.
    pub idempotent_writes: bool,
    /// Whether it exports `lookup`.
    pub lookup: bool,
    /// Whether it exports `leads`.
    pub parses_leads: bool,
}

impl Inspected {
    /// Whether a record says the same.
    #[must_use]
    pub fn agrees_with(&self, record: &AdapterRecord) -> bool {
        let Self {
            digest,
            name,
            version,
            needs,
            idempotent_writes,
            lookup,
            parses_leads,
        } = self;
        (digest, name, version, needs) == (&record.digest, &record.name, &record.version, &record.needs)
            && (*idempotent_writes, *lookup, *parses_leads)
                == (record.idempotent_writes, record.lookup, record.parses_leads)
    }
}

/// A component, compiled and linked: what every release of it shares.
pub struct LinkedComponent {
    prepared: InstancePre<InstanceState>,
    about: about::GuestIndices,
    status: status::GuestIndices,
    dispositions: dispositions::GuestIndices,
    lookup: Option<lookup::GuestIndices>,
    leads: Option<leads::GuestIndices>,
}

impl LinkedComponent {
    /// Makes an instance in a store of its own.
    ///
    /// # Errors
    /// The guest stops while it starts, or there is no place for it.
    pub async fn instantiate(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<component::Instance> {
        self.prepared.instantiate_async(store).await
    }

    /// `about`. Each call loads only the export that it needs: the engine compares all types of one that it loads.
    ///
    /// # Errors
    /// It has other types than the contract's, which [`Self::typed`] has found out before.
    pub fn about(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> wasmtime::Result<about::Guest> {
        self.about.load(store, from)
    }

    /// `status`.
    ///
    /// # Errors
    /// As [`Self::about`].
    pub fn status(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> wasmtime::Result<status::Guest> {
        self.status.load(store, from)
    }

    /// `dispositions`.
    ///
    /// # Errors
    /// As [`Self::about`].
    pub fn dispositions(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> wasmtime::Result<dispositions::Guest> {
        self.dispositions.load(store, from)
    }

    /// `lookup`, where it is exported.
    ///
    /// # Errors
    /// As [`Self::about`].
    pub fn lookup(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> wasmtime::Result<Option<lookup::Guest>> {
        let load = |indices: &lookup::GuestIndices| indices.load(store, from);
        self.lookup.as_ref().map(load).transpose()
    }

    /// `leads`, where it is exported.
    ///
    /// # Errors
    /// As [`Self::about`].
    pub fn leads(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> wasmtime::Result<Option<leads::Guest>> {
        let load = |indices: &leads::GuestIndices| indices.load(store, from);
        self.leads.as_ref().map(load).transpose()
    }

    /// Whether `lookup` is exported.
    pub const fn has_lookup(&self) -> bool {
        self.lookup.is_some()
    }

    /// Whether `leads` is exported.
    pub const fn has_leads(&self) -> bool {
        self.leads.is_some()
    }

    /// `about`, when each of the instance's exports has the contract's types, the optional ones included.
    ///
    /// # Errors
    /// One has other types.
    pub fn typed(
        &self,
        store: &mut Store<InstanceState>,
        from: &component::Instance,
    ) -> Result<about::Guest, PackageError> {
        self.lookup(store, from).map_err(|error| optional("lookup", &error))?;
        self.leads(store, from).map_err(|error| optional("leads", &error))?;
        self.status(store, from).map_err(other_types)?;
        self.dispositions(store, from).map_err(other_types)?;
        self.about(store, from).map_err(other_types)
    }
}

fn other_types(error: impl std::fmt::Display) -> PackageError {
    PackageError::OtherTypes(cut(&format!("{error:#}")))
}

/// The engine names the function's types, and not where it is.
fn optional(export: &str, error: &wasmtime::Error) -> PackageError {
    other_types(format!("`{export}`: {error:#}"))
}

/// At most 500 characters of what the engine says of a component: it may quote names, which a stranger chose.
pub fn cut(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}

/// The first of some names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_NAMED)].join(", ");
    match names.len().saturating_sub(MAX_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Checks what can be told from the bytes alone.
pub fn check_bytes(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.len() > MAX_SIZE {
        return Err(PackageError::TooLarge(bytes.len()));
    }
    match bytes.first_chunk::<8>() {
        Some(&COMPONENT) => Ok(()),
        Some(&CORE_MODULE) => Err(PackageError::CoreModule),
        _ if bytes.starts_with(&ELF) => Err(PackageError::NativeCode),
        _ if bytes.starts_with(b"\0asm") => Err(PackageError::Invalid("an unknown version of the format".into())),
        _ => Err(PackageError::NotWasm),
    }
}

/// Checks imports and exports, and links the component.
pub fn link(linker: &Linker<InstanceState>, component: &Component) -> Result<LinkedComponent, PackageError> {
    let engine = component.engine();
    let types = component.component_type();
    check_imports(types.imports(engine).map(|(name, _)| name))?;
    let exports: Vec<_> = types.exports(engine).map(|(name, _)| name.to_owned()).collect();
    let exported = |interface: &str| exports.iter().any(|name| is_contract(name, interface));
    let missing: Vec<_> = EXPORTS
        .into_iter()
        .filter(|interface| !exported(interface))
        .map(|interface| format!("{}/{interface}", CONTRACT.0))
        .collect();
    if !missing.is_empty() {
        return Err(PackageError::MissingExports(missing));
    }
    let prepared = linker.instantiate_pre(component).map_err(other_types)?;
    Ok(LinkedComponent {
        about: about::GuestIndices::new(&prepared).map_err(other_types)?,
        status: status::GuestIndices::new(&prepared).map_err(other_types)?,
        dispositions: dispositions::GuestIndices::new(&prepared).map_err(other_types)?,
        lookup: exported("lookup")
            .then(|| lookup::GuestIndices::new(&prepared))
            .transpose()
            .map_err(other_types)?,
        leads: exported("leads")
            .then(|| leads::GuestIndices::new(&prepared))
            .transpose()
            .map_err(other_types)?,
        prepared,
    })
}

fn check_imports<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), PackageError> {
    let mut foreign = vec![];
    for name in names {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        let package = interface.split('/').next().unwrap_or_default();
        if package == CONTRACT.0 && !version.starts_with(CONTRACT.1) {
            return Err(PackageError::OtherVersion(cut(name)));
        }
        let ours = IMPORTS.iter().any(|interface| is_contract(name, interface));
        let wasi = WASI.0.contains(&package) && version.starts_with(WASI.1);
        if !ours && !wasi {
            foreign.push(cut(name));
        }
    }
    if foreign.is_empty() {
        Ok(())
    } else {
        Err(PackageError::ForeignImports(foreign))
    }
}

/// Whether `name` is an interface of the contract, in a version that this host runs.
fn is_contract(name: &str, interface: &str) -> bool {
    name.strip_prefix(CONTRACT.0)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_prefix(interface))
        .and_then(|rest| rest.strip_prefix('@'))
        .is_some_and(|version| version.starts_with(CONTRACT.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_components_pass() {
        assert_eq!(check_bytes(b"\0asm\x0d\0\x01\0rest"), Ok(()));
        assert_eq!(check_bytes(b"\0asm\x01\0\0\0rest"), Err(PackageError::CoreModule));
        assert_eq!(check_bytes(b"\x7fELF native code"), Err(PackageError::NativeCode));
        assert_eq!(check_bytes(b"#!/bin/sh"), Err(PackageError::NotWasm));
        assert_eq!(check_bytes(b""), Err(PackageError::NotWasm));
        assert!(matches!(check_bytes(b"\0asm\x0d\0"), Err(PackageError::Invalid(_))));
        assert!(matches!(
            check_bytes(&vec![0; MAX_SIZE + 1]),
            Err(PackageError::TooLarge(_))
        ));
    }

    #[test]
    fn imports_are_the_contract_and_wasi() {
        let check = |names: &[&str]| check_imports(names.iter().copied());
        assert_eq!(
            check(&[
                "jackfield:crm/http@0.1.0",
                "jackfield:crm/model@0.1.7",
                "wasi:io/streams@0.2.6"
            ]),
            Ok(())
        );
        assert_eq!(
            check(&["jackfield:crm/http@0.2.0"]),
            Err(PackageError::OtherVersion("jackfield:crm/http@0.2.0".into()))
        );
        let foreign = [
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/streams@0.3.0",
            "jackfield:crm/status@0.1.0",
            "evil",
        ];
        let names = foreign.map(str::to_owned).to_vec();
        assert_eq!(check(&foreign), Err(PackageError::ForeignImports(names)));
        let long = "x".repeat(100_000);
        let told = check(&vec![long.as_str(); 1000]).unwrap_err().to_string();
        assert!(told.contains("and 990 more"), "{told}");
        assert!(told.len() < 6000, "{}", told.len());
    }
}
