//! `cargo xtask test`: every test, from nothing.

use crate::workspace::{self, Workspace};
use crate::{adapters, setup};

/// Installs and builds what the tests need, then runs them. `args` go to `cargo test`; the whole workspace is tested
/// unless they choose packages.
pub fn run(workspace: &Workspace, args: &[String]) -> anyhow::Result<()> {
    setup::run(workspace)?;
    adapters::run(workspace)?;
    workspace::header("tests");
    let mut cargo = workspace.cargo();
    cargo.arg("test");
    if !chooses_packages(args) {
        cargo.arg("--workspace");
    }
    workspace::run("tests", cargo.args(args))
}

/// Whether cargo's own arguments, which end at `--`, say which packages to test.
fn chooses_packages(args: &[String]) -> bool {
    let mut cargos = args.iter().take_while(|arg| *arg != "--");
    cargos.any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--workspace")
}

#[cfg(test)]
mod tests {
    use super::chooses_packages;

    fn chosen(args: &[&str]) -> bool {
        chooses_packages(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn packages_are_chosen_before_the_double_dash() {
        assert!(chosen(&["-p", "jackfield"]));
        assert!(chosen(&["-pjackfield", "retry"]));
        assert!(chosen(&["--package=jackfield"]));
        assert!(!chosen(&["retry"]));
        assert!(!chosen(&["--", "-p"]));
    }
}
