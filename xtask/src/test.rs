//! `cargo xtask test`: every test, from a clean checkout.

use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::timings::{Timings, now};
use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

const STEP: &str = "tests";

/// Builds what the tests need, then runs them. `args` are passed to `cargo test`; without a package among them, the
/// whole workspace is tested. `to_tests` are passed to the test programs.
pub fn run(workspace: &Workspace, args: &[String], to_tests: &[String]) -> anyhow::Result<()> {
    setup::run(workspace)?;
    let mut timings = Timings::default();
    build(workspace, args, &mut timings)?;
    workspace::header(STEP);
    let result = run_tests(workspace, args, to_tests, &mut timings);
    timings.print();
    result
}

/// Compiles the tests and the components. The components' tools mostly use one processor, and the first build waits for
/// downloads, so both run at the same time.
fn build(workspace: &Workspace, args: &[String], timings: &mut Timings) -> anyhow::Result<()> {
    workspace::header("the tests, compiled");
    let mut cargo = workspace.cargo();
    cargo.arg("test").args(cargo_args(args)).arg("--no-run");
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

/// The arguments for cargo; the whole workspace unless they choose packages.
fn cargo_args(args: &[String]) -> Vec<&str> {
    let all = (!chooses_packages(args)).then_some("--workspace");
    all.into_iter().chain(args.iter().map(String::as_str)).collect()
}

/// Runs the test programs and records how long each took.
fn run_tests(workspace: &Workspace, args: &[String], to_tests: &[String], timings: &mut Timings) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo.arg("test");
    // Its standard error is read here, so that cargo cannot see the terminal.
    if std::io::stderr().is_terminal() {
        cargo.args(["--color", "always"]);
    }
    cargo.args(cargo_args(args));
    if !to_tests.is_empty() {
        cargo.arg("--").args(to_tests);
    }
    let mut child = cargo
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("step `{STEP}`: cannot run cargo"))?;
    let stderr = child.stderr.take().context("standard error is a pipe")?;
    let mut running: Option<(String, Instant)> = None;
    for line in BufReader::new(stderr).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if let Some(program) = program(&line) {
            let started = now();
            if let Some((name, started)) = running.replace((program, started)) {
                timings.record(&name, started);
            }
        }
    }
    let status = child.wait()?;
    if let Some((name, started)) = running {
        timings.record(&name, started);
    }
    if !status.success() {
        bail!("step `{STEP}` failed: cargo test ended with {status}");
    }
    Ok(())
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
