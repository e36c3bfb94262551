//! The contract, as this program was built with it: for tools that read WIT files, and for making components.

use std::fs;
use std::io;
use std::path::Path;

use wit_parser::{PackageId, Resolve};

/// The files of `wit/`, by name.
pub const FILES: [(&str, &str); 4] = [
    ("exports.wit", include_str!("../../wit/exports.wit")),
    ("imports.wit", include_str!("../../wit/imports.wit")),
    ("model.wit", include_str!("../../wit/model.wit")),
    ("world.wit", include_str!("../../wit/world.wit")),
];

/// Writes the files into a folder, which is made if it is not there. A file that is there already and the same stays
/// untouched.
///
/// # Errors
/// The folder cannot be written.
pub fn write_to(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in FILES {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// The contract, parsed.
///
/// # Panics
/// Never in a program that was tested: the files are compiled in, and a test parses them.
#[must_use]
pub fn resolve() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let mut sources = wit_parser::SourceMap::new();
    for (name, text) in FILES {
        sources.push(Path::new(name), text);
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
    use super::resolve;
    use crate::project::Capability;
    use crate::project::world;

    #[test]
    fn the_contract_has_a_world_for_every_choice_of_exports() {
        let (resolve, package) = resolve();
        for exports in [
            &[][..],
            &[Capability::Lookup],
            &[Capability::Leads],
            &[Capability::Lookup, Capability::Leads],
        ] {
            let world = resolve.select_world(&[package], Some(world(exports))).unwrap();
            let exported = resolve.worlds[world].exports.len();
            assert_eq!(exported, 3 + exports.len(), "{exports:?}");
        }
    }
}
