//! The native tests of the C SDK and of its adapter, under the sanitizers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_kit::progress::Progress;
use jackfield_kit::tools::Tools;

use crate::repository;

#[test]
fn sdk_passes_under_the_sanitizers() {
    native("sdk/c/tests", &["sdk/c/src"]);
}

#[test]
fn mortar_passes_under_the_sanitizers() {
    native("adapters/mortar/tests", &["sdk/c/src", "adapters/mortar/src"]);
}

/// Compiles a folder's test programs and their sources for this machine, and runs each.
fn native(tests: &str, sources: &[&str]) {
    let root = repository();
    let out = tempfile::tempdir().unwrap();
    let mut programs = c_files(&root.join(tests));
    // The test double of the host is not a test.
    programs.retain(|path| !path.ends_with("host.c"));
    assert!(!programs.is_empty());
    for program in programs {
        let name = program.file_stem().unwrap().to_owned();
        let binary = out.path().join(&name);
        let mut cc = compiler();
        cc.args([
            "-std=gnu11",
            "-g",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-D_GNU_SOURCE",
        ]);
        for folder in ["sdk/c/include", "sdk/c/src", "sdk/c/tests"] {
            cc.arg("-I").arg(root.join(folder));
        }
        for folder in sources {
            cc.arg("-I").arg(root.join(folder));
            // The one file that compiles for WebAssembly alone; the test double replaces it.
            cc.args(
                c_files(&root.join(folder))
                    .iter()
                    .filter(|path| !path.ends_with("component.c")),
            );
        }
        cc.arg(root.join("sdk/c/tests/host.c"))
            .arg(&program)
            .arg("-o")
            .arg(&binary);
        succeeds(&mut cc);
        succeeds(&mut Command::new(&binary));
    }
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|it| it == "c"))
        .collect();
    files.sort();
    files
}

/// The machine's compiler with both sanitizers, or the recipe's compiler with the one that it has.
fn compiler() -> Command {
    let folder = tempfile::tempdir().unwrap();
    let probe = folder.path().join("probe.c");
    fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let binary = folder.path().join("probe");
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let probed = Command::new("cc")
        .args(sanitizers)
        .arg(&probe)
        .arg("-o")
        .arg(&binary)
        .output();
    if probed.is_ok_and(|ended| ended.status.success()) {
        let mut cc = Command::new("cc");
        cc.args(sanitizers);
        return cc;
    }
    let requirements = include_str!("../../src/languages/c-requirements.txt");
    let tools = Tools::of_user().unwrap();
    let python = tools.python("zig", requirements, &Progress::silent()).unwrap();
    let mut cc = Command::new(python);
    cc.args(["-m", "ziglang", "cc", "-fsanitize=undefined"]);
    cc
}

fn succeeds(command: &mut Command) {
    let ended = command.output().unwrap();
    assert!(
        ended.status.success(),
        "{command:?}: {}\n{}{}",
        ended.status,
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
}
