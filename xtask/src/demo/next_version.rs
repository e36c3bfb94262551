//! The next version of keystone's adapter: a copy of its source with another version, built for real.
//!
//! The copy is a workspace of its own, below `target/`, with what the adapter needs in the same places.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};

use crate::adapters::{artifact, build, put};
use crate::workspace::Workspace;

/// The version that is built.
pub const VERSION: &str = "1.1.0";

/// What its library is called.
const LIBRARY: &str = "keystone_next";

/// Where the copy is.
const COPY: &str = "target/demo/keystone-next";

/// What is copied, and keeps its place.
const PARTS: [&str; 4] = ["Cargo.lock", "wit", "sdk/rust", "adapters/keystone"];

/// Makes the copy and builds it; answers the component.
pub fn make(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let copy = workspace.path(COPY);
    for part in PARTS {
        copy_tree(&workspace.path(part), &copy.join(part))?;
    }
    edit(&workspace.path("Cargo.toml"), &copy.join("Cargo.toml"), |manifest| {
        let members = ["sdk/rust", "adapters/keystone"].map(Value::from);
        manifest
            .get_mut("workspace")?
            .as_table_mut()?
            .insert("members".to_owned(), Value::Array(members.into()));
        // It is about packages that the copy does not have, and cargo would say so.
        manifest.get_mut("profile")?.as_table_mut()?.remove("dev");
        Some(())
    })?;
    let manifest = "adapters/keystone/Cargo.toml";
    edit(&workspace.path(manifest), &copy.join(manifest), |manifest| {
        manifest
            .get_mut("package")?
            .as_table_mut()?
            .insert("version".to_owned(), VERSION.into());
        // Files of components have no hash in their names: a library of the same name would take the other's place.
        manifest
            .get_mut("lib")?
            .as_table_mut()?
            .insert("name".to_owned(), LIBRARY.into());
        Some(())
    })?;
    build(workspace, &copy.join("Cargo.toml"), &["keystone".to_owned()])?;
    let component = workspace.path(format!("target/demo/keystone-{VERSION}.wasm"));
    put(&artifact(workspace, LIBRARY), &component)?;
    Ok(component)
}

/// Copies files as [`put`] does, so that cargo finds unchanged what is.
fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() {
        return put(from, to);
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

/// Copies a manifest with a change; `None` is a manifest that has no place for it.
fn edit(from: &Path, to: &Path, change: impl FnOnce(&mut Table) -> Option<()>) -> anyhow::Result<()> {
    let text = fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut manifest: Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", from.display()))?;
    change(&mut manifest).with_context(|| format!("{} is not laid out as expected", from.display()))?;
    let text = toml::to_string(&manifest)?;
    if fs::read_to_string(to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}
