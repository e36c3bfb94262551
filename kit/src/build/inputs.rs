//! What a build is made from, as one digest: the project, its SDK, the contract and this program's recipes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{BuildError, FOLDER};
use crate::contract;
use crate::languages;
use crate::project::Project;

/// Folders that hold what tools made of the inputs.
const MADE: [&str; 8] = [
    FOLDER,
    "target",
    "node_modules",
    ".git",
    "__pycache__",
    ".venv",
    "dist",
    "fixtures",
];

/// The digest of all inputs.
///
/// # Errors
/// A file cannot be read.
pub fn digest(project: &Project) -> Result<String, BuildError> {
    let mut digest = Sha256::new();
    let mut take = |name: &str, bytes: &[u8]| {
        for part in [name.as_bytes(), bytes] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    };
    take("version", env!("CARGO_PKG_VERSION").as_bytes());
    take("recipe", languages::recipe(project.manifest().language).as_bytes());
    for (name, text) in contract::FILES {
        take(name, text.as_bytes());
    }
    for root in [project.root().to_owned(), project.sdk()] {
        for path in files(&root)? {
            let bytes = fs::read(&path).map_err(|error| BuildError::io(&path, error))?;
            let name = path.strip_prefix(&root).unwrap_or(&path);
            take(&name.to_string_lossy(), &bytes);
        }
    }
    Ok(hex::encode(digest.finalize()))
}

/// Every file below a folder that a person wrote, in order.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>, BuildError> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let io = |error| BuildError::io(&folder, error);
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let made = MADE.iter().any(|name| entry.file_name() == *name);
            // A link into node_modules or out of the project is followed by the tool that reads it, not here.
            match entry.file_type().map_err(io)? {
                kind if kind.is_dir() && !made => folders.push(entry.path()),
                kind if kind.is_file() => drop(found.insert(entry.path())),
                _ => {}
            }
        }
    }
    Ok(found)
}
