//! `cargo xtask setup`: what building needs beyond the toolchain, installed where it is missing.
//!
//! `rust-toolchain.toml` names the target too, but rustup installs from it only together with the toolchain, and not at
//! all where automatic installation is switched off.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::workspace::{self, Workspace};

/// The target that adapters are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

const STEP: &str = "set-up";

/// Makes sure that the WebAssembly target is there, looks for the programs that other languages need, and says what it
/// found or did.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    workspace::header(STEP);
    install_target(workspace)?;
    look_for_programs()
}

fn install_target(workspace: &Workspace) -> anyhow::Result<()> {
    if has_target(workspace)? {
        println!("   {TARGET} is installed for this toolchain: nothing to do");
        return Ok(());
    }
    println!("   {TARGET} is missing for this toolchain: adapters are compiled for it, so it is installed now");
    let rustup = workspace.command("rustup").arg("--version").output();
    if rustup.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        bail!(
            "there is no rustup to install {TARGET} with: install it from https://rustup.rs, or get the target the \
               way this toolchain came"
        );
    }
    // Run at the root, so that rustup takes the toolchain that is pinned there.
    workspace::run(STEP, workspace.command("rustup").args(["target", "add", TARGET]))?;
    if !has_target(workspace)? {
        bail!("rustup says that it installed {TARGET}, but rustc does not find it: is `rustc` the one of rustup?");
    }
    Ok(())
}

/// Asks the compiler itself, so that a toolchain without rustup will do.
fn has_target(workspace: &Workspace) -> anyhow::Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = workspace
        .command(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let answer = asked.context("step `set-up`: rustc cannot be run")?;
    let libdir = String::from_utf8_lossy(&answer.stdout);
    let libraries = Path::new(libdir.trim()).read_dir();
    Ok(answer.status.success() && libraries.is_ok_and(|mut libraries| libraries.next().is_some()))
}

/// Programs that adapters in other languages than Rust are built with, what each is for, and where it is from. Their
/// further tools are fetched by `jackfield_kit`, pinned.
const PROGRAMS: [(&str, &str, &str); 3] = [
    (
        "python3",
        "adapters in Python, Go and C",
        "Debian: python3 and python3-venv",
    ),
    ("node", "adapters in TypeScript", "version 20 or later; Debian: nodejs"),
    ("npm", "adapters in TypeScript", "Debian: npm"),
];

/// Names every program that is missing, all at once.
fn look_for_programs() -> anyhow::Result<()> {
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, ..)| jackfield_kit::tools::found(program).is_none())
        .map(|(program, purpose, source)| format!("  {program}, for {purpose} ({source})"))
        .collect();
    if !missing.is_empty() {
        bail!(
            "these programs are not on the PATH; install them from your system's packages:\n{}",
            missing.join("\n")
        );
    }
    println!("   python3, node and npm are there");
    Ok(())
}
