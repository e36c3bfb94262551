//! The folder of one run: data, tenant files and logs.
//!
//! It is removed when the demo succeeds. After a failure it stays for inspection until the next run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Context as _;

const PREFIX: &str = "run-";

/// Creates this process's folder in `parent` and removes those of runs that have ended.
pub fn create(parent: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    for entry in parent.read_dir()? {
        let path = entry?.path();
        if has_ended(&path) {
            remove(&path)?;
        }
    }
    let folder = parent.join(format!("{PREFIX}{}", process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Removes a run's folder.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// Whether this is the folder of a process that has ended, or of an earlier process with this process's id.
fn has_ended(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let id = name.strip_prefix(PREFIX).and_then(|id| id.parse::<u32>().ok());
    id.is_some_and(|id| id == process::id() || !Path::new(&format!("/proc/{id}")).exists())
}
