//! `cargo xtask fake …`: runs one of the tests' fake servers, to try an adapter or a host by hand.

use crate::workspace::{self, Workspace};

/// Builds the tests' `fake` program and runs it with these arguments until it is stopped.
pub fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["run", "--quiet", "-p", "jackfield-tests", "--bin", "fake", "--"])
        .args(args);
    workspace::run("the fake", &mut cargo)
}
