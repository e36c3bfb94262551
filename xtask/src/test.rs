//! `cargo xtask test`: every test, from a clean checkout.

use std::io::{BufRead as _, BufReader, IsTerminal as _, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::timings::{Timings, now};
use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

const STEP: &str = "tests";

/// How the tests are built and run.
pub struct Options {
    /// Compile with clippy and fail on its warnings.
    pub clippy: bool,
    /// Passed to `cargo test`. Without a package, the whole workspace is tested.
    pub args: Vec<String>,
    /// Passed to the test programs.
    pub to_tests: Vec<String>,
}

/// Builds what the tests need, then runs them.
pub fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    setup::run(workspace)?;
    let mut timings = Timings::default();
    let built = build(workspace, options, &mut timings);
    let result = built.and_then(|()| run_tests(workspace, options, &mut timings));
    timings.print();
    result
}

/// Compiles the tests and the components. The components' tools mostly use one processor, and the first build waits for
/// downloads, so both run at the same time.
fn build(workspace: &Workspace, options: &Options, timings: &mut Timings) -> anyhow::Result<()> {
    workspace::header("the tests, compiled");
    let mut cargo = options.cargo(workspace);
    if options.clippy {
        // Every target, of which tests are only some.
        cargo.args(["build", "--all-targets"]).args(options.packages());
    } else {
        cargo.args(["test", "--no-run"]).args(options.cargo_args());
    }
    let mut of_components = Timings::default();
    let (compiled, built) = thread::scope(|scope| {
        let components =
            scope.spawn(|| of_components.measure("components, beside compiling", || adapters::build_all(workspace)));
        let compiled = timings.measure("compiling", || workspace::run(STEP, &mut cargo));
        let built = components
            .join()
            .unwrap_or_else(|_| bail!("building components panicked"));
        (compiled, built)
    });
    timings.append(of_components);
    compiled.and(built)
}

impl Options {
    /// Cargo, which lets clippy compile the workspace's packages if that is wanted.
    ///
    /// `cargo clippy` checks all dependencies, and the tests need them compiled: every crate would be read twice.
    /// Clippy's driver is a compiler too, so that the tests' build does both. The wrapper is not a variable of the
    /// environment, because tests run cargo for adapters.
    fn cargo(&self, workspace: &Workspace) -> Command {
        let mut cargo = workspace.cargo();
        if self.clippy {
            cargo.env("CLIPPY_ARGS", "-Dwarnings");
            cargo.args(["--config", "build.rustc-workspace-wrapper='clippy-driver'"]);
        }
        cargo
    }

    /// The arguments for `cargo test`.
    fn cargo_args(&self) -> Vec<&str> {
        self.packages()
            .into_iter()
            .chain(self.args.iter().map(String::as_str))
            .collect()
    }

    /// The whole workspace unless the arguments choose packages.
    fn packages(&self) -> Option<&str> {
        (!chooses_packages(&self.args)).then_some("--workspace")
    }
}

/// Runs the test programs and records how long each took.
fn run_tests(workspace: &Workspace, options: &Options, timings: &mut Timings) -> anyhow::Result<()> {
    workspace::header(STEP);
    let mut cargo = options.cargo(workspace);
    cargo.arg("test");
    // Its standard error is read here, so that cargo cannot see the terminal.
    if std::io::stderr().is_terminal() {
        cargo.args(["--color", "always"]);
    }
    cargo.args(options.cargo_args());
    if !options.to_tests.is_empty() {
        cargo.arg("--").args(&options.to_tests);
    }
    let mut child = cargo
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("step `{STEP}`: cannot run cargo"))?;
    let stderr = child.stderr.take().context("standard error is a pipe")?;
    let (sender, programs) = mpsc::channel();
    // Not joined: a process that a test left behind may hold the pipe open.
    thread::spawn(move || forward(stderr, &sender));
    let status = child.wait()?;
    let ended = now();
    let mut started: Vec<(String, Instant)> = Vec::new();
    while let Ok(program) = programs.recv_timeout(Duration::from_secs(1)) {
        started.push(program);
    }
    let ends = started.iter().skip(1).map(|(_, next)| *next).chain([ended]);
    for ((program, start), end) in started.iter().zip(ends) {
        timings.record(program, end - *start);
    }
    if !status.success() {
        bail!("step `{STEP}` failed: cargo test ended with {status}");
    }
    Ok(())
}

/// Copies cargo's standard error to this program's, and tells when cargo starts a test program.
fn forward(stderr: impl Read, programs: &Sender<(String, Instant)>) {
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if let Some(program) = program(&line) {
            // Fails only when nobody waits any more.
            let _ = programs.send((program, now()));
        }
    }
}

/// The test program that cargo starts with this line of its output, such as `e2e` or `doc-tests of jackfield`.
fn program(line: &str) -> Option<String> {
    let (_, announced) = line.split_once("Running").or_else(|| line.split_once("Doc-tests"))?;
    let plain = announced.strip_prefix("\u{1b}[0m").unwrap_or(announced).trim();
    if line.contains("Doc-tests") {
        return Some(format!("doc-tests of {plain}"));
    }
    let path = plain.strip_suffix(')')?.rsplit_once('(')?.1;
    let file = path.rsplit('/').next()?;
    let (name, _hash) = file.rsplit_once('-')?;
    Some(name.to_owned())
}

/// Whether cargo's arguments choose packages.
fn chooses_packages(args: &[String]) -> bool {
    args.iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--workspace")
}

#[cfg(test)]
mod tests {
    use super::{chooses_packages, program};

    fn chosen(args: &[&str]) -> bool {
        chooses_packages(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn chosen_package_is_not_the_workspace() {
        assert!(chosen(&["-p", "jackfield"]));
        assert!(chosen(&["-pjackfield", "retry"]));
        assert!(chosen(&["--package=jackfield"]));
        assert!(!chosen(&["retry"]));
    }

    #[test]
    fn started_programs_are_recognised() {
        for (line, expected) in [
            (
                "     Running tests/e2e/main.rs (target/debug/deps/e2e-0a1b)",
                Some("e2e"),
            ),
            (
                "     Running unittests src/lib.rs (/t/debug/deps/jackfield_kit-0a1b)",
                Some("jackfield_kit"),
            ),
            (
                "\u{1b}[1m\u{1b}[92m     Running\u{1b}[0m tests/c.rs (target/debug/deps/c-0a1b)",
                Some("c"),
            ),
            ("   Doc-tests jackfield_sdk", Some("doc-tests of jackfield_sdk")),
            ("Running late", None),
            ("   Compiling jackfield v0.1.0", None),
        ] {
            assert_eq!(program(line).as_deref(), expected, "{line}");
        }
    }
}
