//! `cargo xtask setup`: installs what building needs besides the toolchain.
//!
//! `rust-toolchain.toml` names the target too, but rustup installs it only together with the toolchain, and not at all
//! if automatic installation is off.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::workspace::{self, Workspace};

/// The target that adapters are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

const STEP: &str = "set-up";

/// Installs the WebAssembly target if it is missing, and checks for the programs that other languages need.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    workspace::header(STEP);
    install_target(workspace)?;
    check_programs()
}

fn install_target(workspace: &Workspace) -> anyhow::Result<()> {
    if has_target(workspace)? {
        println!("   {TARGET} is installed for this toolchain");
        return Ok(());
    }
    println!("   installing {TARGET}, the target of adapters, for this toolchain");
    let rustup = workspace.command("rustup").arg("--version").output();
    if rustup.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        bail!(
            "{TARGET} is missing and there is no rustup: install rustup from https://rustup.rs, or install the target \
               from the source of this toolchain"
        );
    }
    // In the root, so that rustup uses the toolchain that is pinned there.
    workspace::run(STEP, workspace.command("rustup").args(["target", "add", TARGET]))?;
    if !has_target(workspace)? {
        bail!("rustup installed {TARGET}, but rustc does not find it: check that `rustc` on the PATH is rustup's");
    }
    Ok(())
}

/// Asks the compiler, so that a toolchain without rustup works too.
fn has_target(workspace: &Workspace) -> anyhow::Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = workspace
        .command(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let answer = asked.context("step `set-up`: cannot run rustc")?;
    let libdir = String::from_utf8_lossy(&answer.stdout);
    let libraries = Path::new(libdir.trim()).read_dir();
    Ok(answer.status.success() && libraries.is_ok_and(|mut libraries| libraries.next().is_some()))
}

/// Programs that build adapters in other languages than Rust: name, purpose and source. `jackfield_kit` downloads the
/// other tools in pinned versions.
const PROGRAMS: [(&str, &str, &str); 3] = [
    (
        "python3",
        "adapters in Python, Go and C",
        "Debian: python3 and python3-venv",
    ),
    ("node", "adapters in TypeScript", "version 20 or later; Debian: nodejs"),
    ("npm", "adapters in TypeScript", "Debian: npm"),
];

/// Fails with a list of all missing programs.
fn check_programs() -> anyhow::Result<()> {
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
    println!("   python3, node and npm are installed");
    Ok(())
}
