//! `cargo xtask fake …`: one of the tests' fake servers, to try an adapter or a host against by hand.

use crate::workspace::{self, Workspace};

/// Builds and runs the `fake` binary of the tests with these arguments, until it is stopped.
pub fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["run", "--quiet", "-p", "jackfield-tests", "--bin", "fake", "--"])
        .args(args);
    workspace::run("the fake", &mut cargo)
}
