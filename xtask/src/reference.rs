//! `cargo xtask reference`: the page that is made from the contract's own documentation.

use std::fs;

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// Where the page is.
const PAGE: &str = "docs/contract.md";

/// Writes the page, or with `check` only says whether it is what it would be.
pub fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let path = workspace.path(PAGE);
    let page = jackfield_kit::reference::page();
    if fs::read_to_string(&path).is_ok_and(|there| there == page) {
        println!("{PAGE} is what wit/ says");
        return Ok(());
    }
    if check {
        bail!("{PAGE} is not what wit/ says: run `cargo xtask reference`");
    }
    let folder = path.parent().context("a page is in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, page))
        .with_context(|| format!("cannot write {PAGE}"))?;
    println!("{PAGE} is written");
    Ok(())
}
