//! Every dependency has a reason.

use crate::tree::{File, files, none};

/// The dependencies of a manifest without a reason on their line or directly above. A workspace dependency has its
/// reason in the workspace's manifest, and our own crates need none.
fn without_reason(file: &File) -> impl Iterator<Item = String> {
    let mut in_dependencies = false;
    let mut explained = false;
    file.lines().filter_map(move |(number, line)| {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        }
        let is_dependency =
            in_dependencies && line.contains(" = ") && !line.contains("path = ") && !line.contains("workspace = true");
        let silent = is_dependency && !explained && !line.contains(" # ");
        explained = line.starts_with('#');
        silent.then(|| format!("{}:{number}: {line}", file.path))
    })
}

#[test]
fn every_dependency_has_a_reason() {
    let manifests = files().iter().filter(|file| file.name() == "Cargo.toml");
    none(
        "say in a comment what it does for us that the standard library or another dependency does not",
        manifests.flat_map(without_reason),
    );
}
