//! An adapter author's workspace: an empty folder, and `jackfield` on the path.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use jackfield_clock::SystemClock;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_sandbox::{Runtime, RuntimeConfig};
use jackfield_tests::components::compile_cache;
use jackfield_tests::process::jackfield_binary;
use tempfile::TempDir;

/// An empty folder in which commands are run.
pub struct Desk {
    folder: TempDir,
    bin: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let bin = tempfile::tempdir().unwrap();
        // Users run the program by this name.
        std::os::unix::fs::symlink(jackfield_binary(), bin.path().join("jackfield")).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            bin,
        }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Runs a shell script in a subfolder.
    pub fn shell(&self, folder: &str, script: &str) -> CommandOutput {
        let mut path = OsString::from(self.bin.path());
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", script]);
        bash.current_dir(self.path(folder)).env("PATH", path);
        // Cargo sets these for the tests; the author's tools must not see them.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_TARGET_DIR" {
                bash.env_remove(&name);
            }
        }
        // Cargo puts the results where it is told, and dependencies where `cargo xtask adapters` has compiled most of
        // them.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        bash.env("CARGO_BUILD_BUILD_DIR", workspace.join("target/wasm"));
        CommandOutput::of(script, &bash.output().unwrap())
    }

    /// Runs `jackfield adapter …` in a subfolder.
    pub fn adapter(&self, folder: &str, arguments: &str) -> CommandOutput {
        self.shell(folder, &format!("jackfield adapter {arguments}"))
    }

    pub fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }
}

/// A command's output and exit code.
pub struct CommandOutput {
    script: String,
    code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    fn of(script: &str, output: &Output) -> Self {
        Self {
            script: script.into(),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts success.
    #[track_caller]
    pub fn done(self) -> Self {
        self.ended(0)
    }

    /// Asserts this exit code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "$ {}\n{}\n{}", self.script, self.out, self.err);
        self
    }
}

/// A host's runtime, whose compile cache is shared by all tests.
fn runtime() -> Runtime {
    Runtime::start(
        RuntimeConfig::new(compile_cache(), jackfield_binary()),
        Arc::new(SystemClock),
    )
    .unwrap()
}

/// Inspects a component as a push does.
pub async fn inspected(component: &Path) -> AdapterRecord {
    runtime().inspect(&fs::read(component).unwrap()).await.unwrap()
}
