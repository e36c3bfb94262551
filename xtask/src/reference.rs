//! `cargo xtask reference`: the pages that are generated, of the contract and of the public API.

use std::fs;

use anyhow::{Context as _, bail};

use crate::workspace::{self, Workspace};

const STEP: &str = "reference";

/// Writes the pages. With `check`, only fails if one is out of date.
pub fn run(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let pages = [
        ("docs/contract.md", jackfield_kit::reference::page()),
        ("docs/public-api.md", public_api(workspace)?),
    ];
    for (name, page) in pages {
        let path = workspace.path(name);
        if fs::read_to_string(&path).is_ok_and(|current| current == page) {
            println!("{name} is up to date");
            continue;
        }
        if check {
            bail!("{name} is out of date: run `cargo xtask reference`");
        }
        let folder = path.parent().context("a page is in a folder")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, page))
            .with_context(|| format!("cannot write {name}"))?;
        println!("{name} is written");
    }
    Ok(())
}

/// The page of the public API, which the host makes of its own description.
fn public_api(workspace: &Workspace) -> anyhow::Result<String> {
    let mut build = workspace.cargo();
    build.args(["build", "-p", "jackfield"]);
    workspace::run(STEP, &mut build)?;
    let host = workspace.target().join("debug/jackfield");
    let printed = workspace.command(&host).arg("print-reference").output();
    let printed = printed.with_context(|| format!("cannot run {}", workspace.shown(&host)))?;
    if !printed.status.success() {
        bail!("step `{STEP}`: {}", String::from_utf8_lossy(&printed.stderr));
    }
    String::from_utf8(printed.stdout).context("the host printed a page that is not UTF-8")
}
