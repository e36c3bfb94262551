//! `cargo xtask bench`: builds the host and the benchmarks in release mode, and runs a benchmark.

use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

const STEP: &str = "bench";

/// Runs the benchmark program with `args`.
pub fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    setup::run(workspace)?;
    adapters::build_all(workspace)?;
    workspace::header("release build");
    let mut build = workspace.cargo();
    build.args(["build", "--release", "-p", "jackfield", "-p", "jackfield-bench"]);
    workspace::run(STEP, &mut build)?;
    workspace::header("measurements");
    let built = workspace.target().join("release");
    let mut bench = workspace.command(built.join("jackfield-bench"));
    bench.arg("--host").arg(built.join("jackfield")).args(args);
    workspace::run(STEP, &mut bench)
}
