//! `cargo xtask fuzz`: runs the fuzz targets of `fuzz/`, each for a limited time.
//!
//! They use libFuzzer's coverage without a sanitizer: the code has no `unsafe`, so the pinned stable toolchain is
//! enough. Interesting inputs are stored under `target/`. Failing inputs are stored under `fuzz/artifacts/` and belong
//! into the corpus once they are fixed.

use std::fs;

use anyhow::{Context as _, bail};

use crate::workspace::{self, Workspace};

/// The fuzzing command and its pinned version.
const RUNNER: (&str, &str) = ("cargo-fuzz", "0.13.2");
/// The longest input in bytes. Longer inputs slow the fuzzers down.
const MAX_INPUT: u32 = 4096;

const STEP: &str = "fuzz";

/// Runs the named targets, or all of them, each for `seconds`.
pub fn run(workspace: &Workspace, targets: &[String], seconds: u32) -> anyhow::Result<()> {
    let all = corpora(workspace)?;
    if let Some(unknown) = targets.iter().find(|target| !all.contains(target)) {
        bail!("no fuzz target `{unknown}`; the targets are: {}", all.join(", "));
    }
    let runner = runner(workspace)?;
    for target in if targets.is_empty() { &all } else { targets } {
        workspace::header(&format!("fuzz {target}, for {seconds} s"));
        let inputs = workspace.path("target/fuzz-finds").join(target);
        fs::create_dir_all(&inputs)?;
        let mut fuzz = workspace.command(runner.clone());
        fuzz.args(["run", "--release", "--sanitizer", "none", "--fuzz-dir", "fuzz", target])
            .arg(&inputs)
            .arg(format!("fuzz/corpus/{target}"))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .args(["-print_final_stats=1", "-timeout=10"]);
        workspace::run(STEP, &mut fuzz)?;
    }
    Ok(())
}

/// The names of the targets: each has a corpus folder.
fn corpora(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.path("fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// The path of cargo-fuzz, which is installed into `target/tools` if it is missing.
fn runner(workspace: &Workspace) -> anyhow::Result<std::path::PathBuf> {
    let (name, version) = RUNNER;
    let root = workspace.path("target/tools");
    let program = root.join("bin").join(name);
    if !program.exists() {
        workspace::header(&format!("installing {name} {version} into target/tools"));
        let mut install = workspace.cargo();
        install.args(["install", name, "--version", version, "--locked", "--root"]);
        workspace::run(STEP, install.arg(root))?;
    }
    Ok(program)
}
