//! `cargo xtask fuzz`: the fuzzers of `fuzz/`, each for a bounded time.
//!
//! They run with libFuzzer's coverage and without a sanitizer: the code is free of `unsafe`, and so the pinned, stable
//! toolchain will do. What a fuzzer finds interesting is kept under `target/`; what it fails on is kept under
//! `fuzz/artifacts/`, and belongs into the corpus once it is mended.

use std::fs;

use anyhow::{Context as _, bail};

use crate::workspace::{self, Workspace};

/// The runner, and the version that is installed.
const RUNNER: (&str, &str) = ("cargo-fuzz", "0.13.2");
/// Bytes of the longest input: longer ones only make the fuzzers slow.
const MAX_INPUT: u32 = 4096;

const STEP: &str = "fuzz";

/// Runs `targets`, or all there are, each for `seconds`.
pub fn run(workspace: &Workspace, targets: &[String], seconds: u32) -> anyhow::Result<()> {
    let all = corpora(workspace)?;
    if let Some(unknown) = targets.iter().find(|target| !all.contains(target)) {
        bail!("there is no fuzz target `{unknown}`; there are: {}", all.join(", "));
    }
    let runner = runner(workspace)?;
    for target in if targets.is_empty() { &all } else { targets } {
        workspace::header(&format!("fuzz {target}, for {seconds} s"));
        let finds = workspace.path("target/fuzz-finds").join(target);
        fs::create_dir_all(&finds)?;
        let mut fuzz = workspace.command(runner.clone());
        fuzz.args(["run", "--release", "--sanitizer", "none", "--fuzz-dir", "fuzz", target])
            .arg(&finds)
            .arg(format!("fuzz/corpus/{target}"))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .args(["-print_final_stats=1", "-timeout=10"]);
        workspace::run(STEP, &mut fuzz)?;
    }
    Ok(())
}

/// The names of the targets: each has a corpus.
fn corpora(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.path("fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Where the runner is; installed into `target/tools` if it is not there.
fn runner(workspace: &Workspace) -> anyhow::Result<std::path::PathBuf> {
    let (name, version) = RUNNER;
    let root = workspace.path("target/tools");
    let program = root.join("bin").join(name);
    if !program.exists() {
        workspace::header(&format!("{name} {version}, installed into target/tools"));
        let mut install = workspace.cargo();
        install.args(["install", name, "--version", version, "--locked", "--root"]);
        workspace::run(STEP, install.arg(root))?;
    }
    Ok(program)
}
