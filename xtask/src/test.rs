//! `cargo xtask test`: every test, from nothing.

use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

/// Installs and builds what the tests need, then runs them. `args` go to `cargo test`; the whole workspace is tested
/// unless they choose packages. `to_tests` go to the programs that cargo runs.
pub fn run(workspace: &Workspace, args: &[String], to_tests: &[String]) -> anyhow::Result<()> {
    setup::run(workspace)?;
    adapters::run(workspace)?;
    workspace::header("tests");
    let mut cargo = workspace.cargo();
    cargo.arg("test");
    if !chooses_packages(args) {
        cargo.arg("--workspace");
    }
    cargo.args(args);
    if !to_tests.is_empty() {
        cargo.arg("--").args(to_tests);
    }
    workspace::run("tests", &mut cargo)
}

/// Whether arguments of cargo say which packages to test.
fn chooses_packages(args: &[String]) -> bool {
    args.iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--workspace")
}

#[cfg(test)]
mod tests {
    use super::chooses_packages;

    fn chosen(args: &[&str]) -> bool {
        chooses_packages(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_chosen_package_is_not_the_whole_workspace() {
        assert!(chosen(&["-p", "jackfield"]));
        assert!(chosen(&["-pjackfield", "retry"]));
        assert!(chosen(&["--package=jackfield"]));
        assert!(!chosen(&["retry"]));
    }
}
