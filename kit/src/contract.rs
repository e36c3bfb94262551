//! The contract as this program was built with it, and the world of each project, composed from its exports.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::languages::Language;
use crate::project::Manifest;
use serde::Deserialize;
use wit_parser::{PackageId, Resolve, WorldId, WorldItem};

/// A line of the contract, by its files of `wit/` and their names.
pub type ContractFiles = [(&'static str, &'static str); 4];

/// The current line of the contract.
pub const CURRENT: ContractFiles = [
    ("exports.wit", include_str!("../../wit/exports.wit")),
    ("imports.wit", include_str!("../../wit/imports.wit")),
    ("model.wit", include_str!("../../wit/model.wit")),
    ("world.wit", include_str!("../../wit/world.wit")),
];

/// Line 0.1, frozen: for projects whose manifest names it, and for SDKs that are still made for it.
pub const V0_1: ContractFiles = [
    ("exports.wit", include_str!("../../wit/0.1/exports.wit")),
    ("imports.wit", include_str!("../../wit/0.1/imports.wit")),
    ("model.wit", include_str!("../../wit/0.1/model.wit")),
    ("world.wit", include_str!("../../wit/0.1/world.wit")),
];

/// The world of a project's component. It includes [`BASE_WORLD`] and the world of each optional export that the
/// project names.
pub const PROJECT_WORLD: &str = "project";

/// The contract's world with the imports and the exports that every adapter has.
const BASE_WORLD: &str = "adapter";

/// The contract has a world for each optional export: this prefix and the name of the exported interface.
const OPTIONAL_PREFIX: &str = "adapter-";

/// An optional export of the contract, by the name of its interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct OptionalExport(String);

impl OptionalExport {
    /// All that the contract has, in its order.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let (resolve, package) = resolve();
        let worlds = resolve.packages[package].worlds.keys();
        worlds
            .filter_map(|world| Some(Self(world.strip_prefix(OPTIONAL_PREFIX)?.to_owned())))
            .collect()
    }

    /// The name of the interface.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OptionalExport {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let all = Self::all();
        if let Some(export) = all.iter().find(|export| export.0 == name) {
            return Ok(export.clone());
        }
        let known: Vec<_> = all.iter().map(|export| format!("`{export}`")).collect();
        Err(format!(
            "unknown export `{}`: the optional exports are {}",
            name.escape_debug(),
            known.join(", ")
        ))
    }
}

impl fmt::Display for OptionalExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The WIT of [`PROJECT_WORLD`] for these exports. The contract decides their order, so that a component does not
/// depend on the order in `adapter.toml`.
fn project_world(exports: &BTreeSet<OptionalExport>) -> String {
    let included = OptionalExport::all()
        .into_iter()
        .filter(|export| exports.contains(export));
    let includes: Vec<_> = included
        .map(|export| format!("  include {OPTIONAL_PREFIX}{export};\n"))
        .collect();
    let includes = includes.concat();
    format!("world {PROJECT_WORLD} {{\n  include {BASE_WORLD};\n{includes}}}\n")
}

/// A line of the contract, as a manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum NamedLine {
    /// [`V0_1`]
    #[serde(rename = "0.1")]
    V0_1,
}

impl NamedLine {
    /// The files of the line.
    #[must_use]
    pub const fn files(self) -> &'static ContractFiles {
        match self {
            Self::V0_1 => &V0_1,
        }
    }
}

/// Writes a language's line of the contract into a folder, which is created if necessary. A file that already has the
/// right content is not touched.
///
/// # Errors
/// The folder cannot be written.
pub fn write_to(folder: &Path, language: Language) -> io::Result<()> {
    write_files(folder, language.contract())
}

/// Writes a project's line of the contract with the project's world into a folder, as [`write_to`] does.
///
/// # Errors
/// The folder cannot be written.
pub fn write_with_project(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    write_files(folder, manifest.contract_files())?;
    write_files(folder, &[("project.wit", &project_world(&manifest.exports))])
}

fn write_files(folder: &Path, files: &[(&str, &str)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        if !fs::read_to_string(&path).is_ok_and(|existing| existing == *text) {
            fs::write(path, text)?;
        }
    }
    Ok(())
}

/// The contract, parsed.
///
/// # Panics
/// Never: the files are compiled in, and tests parse them.
#[must_use]
pub fn resolve() -> (Resolve, PackageId) {
    resolve_files(&CURRENT)
}

/// A project's line of the contract with the project's world.
///
/// # Panics
/// Never, as [`resolve`].
#[must_use]
pub fn resolve_manifest(manifest: &Manifest) -> (Resolve, WorldId) {
    resolve_world(manifest.contract_files(), &manifest.exports)
}

/// A language's line of the contract with the world of a project that has these exports.
///
/// # Panics
/// Never, as [`resolve`].
#[must_use]
pub fn resolve_project(language: Language, exports: &BTreeSet<OptionalExport>) -> (Resolve, WorldId) {
    resolve_world(language.contract(), exports)
}

fn resolve_world(contract: &ContractFiles, exports: &BTreeSet<OptionalExport>) -> (Resolve, WorldId) {
    let world = project_world(exports);
    let files: Vec<_> = contract
        .iter()
        .copied()
        .chain([("project.wit", world.as_str())])
        .collect();
    let (resolve, package) = resolve_files(&files);
    let world = resolve.packages[package].worlds[PROJECT_WORLD];
    (resolve, world)
}

/// The names of the interfaces that a world exports, required and optional, such as `status`.
#[must_use]
pub fn exported(resolve: &Resolve, world: WorldId) -> BTreeSet<&str> {
    let exports = resolve.worlds[world].exports.values();
    exports
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.as_deref(),
            _ => None,
        })
        .collect()
}

fn resolve_files(files: &[(&str, &str)]) -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let mut sources = wit_parser::SourceMap::new();
    for (name, text) in files {
        sources.push(Path::new(name), *text);
    }
    let parsed = sources.parse().map_err(|(_, error)| error);
    let group = parsed.unwrap_or_else(|error| panic!("the contract does not parse: {error:#}"));
    let package = resolve
        .push_group(group)
        .unwrap_or_else(|error| panic!("the contract does not resolve: {error:#}"));
    (resolve, package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_exports_come_from_the_contract() {
        let names: Vec<_> = OptionalExport::all().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["lookup", "leads"]);
    }

    #[test]
    fn a_world_is_composed_from_its_exports() {
        // Every subset of the optional exports, each with the three that are required.
        let all = OptionalExport::all();
        for subset in 0..1_u32 << all.len() {
            let chosen = all.iter().enumerate().filter(|(index, _)| subset & (1 << index) != 0);
            let exports: BTreeSet<_> = chosen.map(|(_, export)| export.clone()).collect();
            for contract in [&CURRENT, &V0_1] {
                let (resolve, world) = resolve_world(contract, &exports);
                let required = ["about", "status", "dispositions"].into_iter();
                let expected: BTreeSet<_> = required.chain(exports.iter().map(OptionalExport::name)).collect();
                assert_eq!(exported(&resolve, world), expected);
            }
        }
    }

    #[test]
    fn optional_worlds_export_their_interface() {
        let (resolve, package) = resolve();
        for export in OptionalExport::all() {
            let world = resolve.packages[package].worlds[&format!("{OPTIONAL_PREFIX}{export}")];
            assert_eq!(exported(&resolve, world), BTreeSet::from([export.name()]));
        }
    }
}
