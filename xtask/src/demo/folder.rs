//! The folder of one run: data, tenants' files and logs.
//!
//! It is removed when the story ends well. Otherwise it stays to be looked at, until the next run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Context as _;

const PREFIX: &str = "run-";

/// Makes the folder of this process in `home`, and removes those of runs that are over.
pub fn make(home: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    for entry in home.read_dir()? {
        let path = entry?.path();
        if is_over(&path) {
            remove(&path)?;
        }
    }
    let folder = home.join(format!("{PREFIX}{}", process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Removes a run's folder.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// Whether this is the folder of a process that is gone, or that had the number of this one.
fn is_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = name.strip_prefix(PREFIX).and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number == process::id() || !Path::new(&format!("/proc/{number}")).exists())
}
