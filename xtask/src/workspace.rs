//! The repository's paths, and running commands in it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, bail};

/// The repository that this program belongs to.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository in which `cargo xtask` runs.
    pub fn find() -> anyhow::Result<Self> {
        // Cargo sets the variable when it runs a package; without cargo, the path at compile time is used.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).parent().context("xtask is not in a workspace")?;
        Ok(Self { root: root.to_owned() })
    }

    /// A path relative to the root.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's target folder for this machine.
    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), |dir| self.root.join(dir))
    }

    /// Where the component of an adapter or a guest is.
    pub fn component(&self, name: &str) -> PathBuf {
        self.path("target/adapters").join(format!("{name}.wasm"))
    }

    /// A path for display, relative to the root if possible.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// A command that runs in the root.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        // These variables describe xtask, not the command, and build scripts that watch them would rerun each time.
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

    /// The cargo that runs xtask, in the root.
    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

/// Prints the heading of a step.
pub fn header(step: &str) {
    println!("\n── {step}");
}

/// The id of the process that [`run`] waits for; 0 for none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Terminates the process that [`run`] waits for. Safe in a signal handler's thread.
pub fn interrupt() {
    match RUNNING.load(Ordering::SeqCst) {
        0 => {}
        // It may have ended already.
        id => drop(terminate(id)),
    }
}

/// Sends SIGTERM to a process.
pub fn terminate(id: u32) -> io::Result<ExitStatus> {
    // The standard library sends only SIGKILL.
    Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status()
}

/// Runs a command with this terminal's output. An error names `step`.
pub fn run(step: &str, command: &mut Command) -> anyhow::Result<()> {
    let words = command_line(command);
    println!("   $ {words}");
    let cannot_run = || format!("step `{step}`: `{words}` cannot be run");
    let mut child = command.spawn().with_context(cannot_run)?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    let ended = child.wait();
    RUNNING.store(0, Ordering::SeqCst);
    let status = ended.with_context(cannot_run)?;
    if !status.success() {
        bail!("step `{step}` failed: `{words}` ended with {status}");
    }
    Ok(())
}

/// A command as typed in a shell.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
