//! The next version of keystone's adapter, built from a copy of its source with another version number.
//!
//! The copy is a workspace of its own under `target/`, with the same layout as the repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};

use crate::adapters::{artifact, cargo_build, copy_if_changed};
use crate::workspace::Workspace;

/// The next version.
const VERSION: &str = "1.1.0";

/// The name of its library.
const LIBRARY: &str = "keystone_next";

/// Where the copy is, relative to the repository.
const COPY: &str = "target/demo/keystone-next";

/// Files and folders that are copied to the same relative paths.
const COPIED_PATHS: [&str; 4] = ["Cargo.lock", "wit", "sdk/rust", "adapters/keystone"];

/// Builds the next version and returns the path of its component.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let copy = workspace.path(COPY);
    for path in COPIED_PATHS {
        copy_tree(&workspace.path(path), &copy.join(path))?;
    }
    copy_edited(&workspace.path("Cargo.toml"), &copy.join("Cargo.toml"), |manifest| {
        let members = ["sdk/rust", "adapters/keystone"].map(Value::from);
        manifest
            .get_mut("workspace")?
            .as_table_mut()?
            .insert("members".to_owned(), Value::Array(members.into()));
        // Its overrides name packages that the copy does not have; cargo would warn about them.
        manifest.get_mut("profile")?.as_table_mut()?.remove("dev");
        Some(())
    })?;
    let manifest = "adapters/keystone/Cargo.toml";
    copy_edited(&workspace.path(manifest), &copy.join(manifest), |manifest| {
        manifest
            .get_mut("package")?
            .as_table_mut()?
            .insert("version".to_owned(), VERSION.into());
        // Component file names have no hash: a library of the same name would overwrite the first version's component.
        manifest
            .get_mut("lib")?
            .as_table_mut()?
            .insert("name".to_owned(), LIBRARY.into());
        Some(())
    })?;
    cargo_build(workspace, &copy.join("Cargo.toml"), &["keystone".to_owned()])?;
    let component = workspace.path(format!("target/demo/keystone-{VERSION}.wasm"));
    copy_if_changed(&artifact(workspace, LIBRARY), &component)?;
    Ok(component)
}

/// Copies a file or folder. Unchanged files keep their timestamps, so cargo does not rebuild them.
fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() {
        return copy_if_changed(from, to);
    }
    for entry in from
        .read_dir()
        .with_context(|| format!("cannot read {}", from.display()))?
    {
        let name = entry?.file_name();
        copy_tree(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Copies a manifest and edits the copy. `change` returns `None` if the manifest lacks the table that it edits.
fn copy_edited(from: &Path, to: &Path, change: impl FnOnce(&mut Table) -> Option<()>) -> anyhow::Result<()> {
    let text = fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut manifest: Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", from.display()))?;
    change(&mut manifest).with_context(|| format!("{} lacks an expected table", from.display()))?;
    let text = toml::to_string(&manifest)?;
    if fs::read_to_string(to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}
