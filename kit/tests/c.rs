//! C: what a new project is given, and the SDK's own tests, run natively under the sanitizers.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::tools::Tools;

fn repository() -> PathBuf {
    fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

/// The files of a folder that git knows or will know.
fn tracked(folder: &str) -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "."])
        .current_dir(repository().join(folder))
        .output()
        .unwrap();
    assert!(listed.status.success());
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_new_project_is_given_the_whole_sdk_and_the_whole_template() {
    let given = |files: &[(&str, &str)]| {
        files
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let mut needed = tracked("sdk/c");
    needed.retain(|path| path.starts_with("include/") || path.starts_with("src/"));
    assert_eq!(given(Language::C.sdk()), needed);
    assert_eq!(given(Language::C.template()), tracked("kit/templates/c"));
}

#[test]
fn the_sdk_holds_under_the_sanitizers() {
    native("sdk/c/tests", &["sdk/c/src"]);
}

#[test]
fn mortars_mapping_holds_under_the_sanitizers() {
    native("adapters/mortar/tests", &["sdk/c/src", "adapters/mortar/src"]);
}

/// Compiles a folder's test programs with the sources that they test, for this machine, and runs each.
fn native(tests: &str, sources: &[&str]) {
    let root = repository();
    let out = tempfile::tempdir().unwrap();
    let mut programs = c_files(&root.join(tests));
    // The double of the host is no test.
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
            // The one file that is for WebAssembly alone; the double stands in for it.
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

/// The machine's compiler with both sanitizers, or the recipe's with the one that it has.
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
    let requirements = include_str!("../src/languages/c-requirements.txt");
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
