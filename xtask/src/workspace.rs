//! The workspace: where things are, and how cargo is run in it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, bail};

/// The checkout that this was built from.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that `cargo xtask` was called in.
    pub fn find() -> anyhow::Result<Self> {
        // Cargo sets the variable when it runs a package; the path from building serves when it is run directly.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package)
            .parent()
            .context("xtask is not inside a workspace")?;
        Ok(Self { root: root.to_owned() })
    }

    /// A path below the root.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo builds for this machine.
    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), |dir| self.root.join(dir))
    }

    /// Where components are, as `<package>.wasm`.
    pub fn components(&self) -> PathBuf {
        self.path("target/adapters")
    }

    /// A path as it is best shown: relative to the root where it can be.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// Any program, run at the root.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        // What cargo told xtask about itself is not true of what xtask runs, and build scripts that watch these
        // variables would run again each time.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|it| text.starts_with(it))
            {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Cargo, the one that runs this, at the root.
    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

/// Tells which step begins.
pub fn header(step: &str) {
    println!("\n── {step}");
}

/// The process that [`run`] waits for; 0 for none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Ends what [`run`] waits for, from a signal's handler.
pub fn interrupt() {
    match RUNNING.load(Ordering::SeqCst) {
        0 => {}
        // It may have ended just now, which is what was wanted.
        id => drop(terminate(id)),
    }
}

/// Sends SIGTERM to a process.
pub fn terminate(id: u32) -> io::Result<ExitStatus> {
    // The standard library can only send SIGKILL; every shell can send the other.
    Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status()
}

/// Runs a command that writes to this terminal. `step` is what a failure is called.
pub fn run(step: &str, command: &mut Command) -> anyhow::Result<()> {
    let words = words(command);
    println!("   $ {words}");
    let cannot = || format!("step `{step}`: `{words}` cannot be run");
    let mut child = command.spawn().with_context(cannot)?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    let ended = child.wait();
    RUNNING.store(0, Ordering::SeqCst);
    let status = ended.with_context(cannot)?;
    if !status.success() {
        bail!("step `{step}` failed: `{words}` ended with {status}");
    }
    Ok(())
}

/// A command as one would type it.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
