//! `cargo xtask reference`: the page that is generated from the contract's documentation.

use std::fs;

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// The path of the page.
const PAGE: &str = "docs/contract.md";

/// Writes the page. With `check`, only fails if it is out of date.
pub fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let path = workspace.path(PAGE);
    let page = jackfield_kit::reference::page();
    if fs::read_to_string(&path).is_ok_and(|current| current == page) {
        println!("{PAGE} is up to date");
        return Ok(());
    }
    if check {
        bail!("{PAGE} is out of date: run `cargo xtask reference`");
    }
    let folder = path.parent().context("a page is in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, page))
        .with_context(|| format!("cannot write {PAGE}"))?;
    println!("{PAGE} is written");
    Ok(())
}
