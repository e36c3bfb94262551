//! Paths in the repository that this program was built from.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder under `target/`, for generated files.
pub fn target(folder: &str) -> PathBuf {
    root().join("target").join(folder)
}
