//! The languages: a new project is complete, builds report what is wrong, and the native tests of the SDKs pass.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod embedded;
mod native;
mod python;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The root of the repository.
fn repository() -> PathBuf {
    fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

/// The files of a folder that git tracks or would add, relative to the folder.
fn tracked(folder: &str) -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "."])
        .current_dir(repository().join(folder))
        .output()
        .unwrap();
    assert!(listed.status.success(), "{folder}");
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}
