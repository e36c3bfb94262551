//! `cargo xtask bench`: builds the host and the benchmarks as they would be released, and runs a measure.

use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

const STEP: &str = "bench";

/// Runs one measure; `args` go to the benchmarks' own program.
pub fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    setup::run(workspace)?;
    adapters::run(workspace)?;
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
