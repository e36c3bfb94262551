//! Where things are in the repository that this was built from.

use std::path::{Path, PathBuf};

/// Its root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is built, and kept by nobody: a folder below the one for that.
pub fn target(folder: &str) -> PathBuf {
    root().join("target").join(folder)
}
