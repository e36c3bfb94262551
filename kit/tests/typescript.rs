//! TypeScript: the SDK is handed out whole, and its native tests and those of its adapter pass.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_kit::languages::{Files, Language, typescript};
use jackfield_kit::progress::Progress;
use jackfield_kit::tools::Tools;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The files that git keeps in a folder.
fn kept(folder: &str) -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "."])
        .current_dir(repository().join(folder))
        .output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    listed.lines().map(str::to_owned).collect()
}

fn handed_out(files: Files) -> BTreeSet<String> {
    files.iter().map(|(path, _)| (*path).to_owned()).collect()
}

#[test]
fn a_new_project_gets_every_file_of_template_and_sdk() {
    assert_eq!(handed_out(Language::Ts.template()), kept("kit/templates/ts"));
    // The SDK's own tests, and the settings that they are checked by, stay here.
    let mut sdk = kept("sdk/js");
    sdk.retain(|path| !path.starts_with("tests/") && path != "tsconfig.json");
    assert_eq!(handed_out(Language::Ts.sdk()), sdk);
}

/// Runs native tests, and answers how many passed.
fn passed(project: &str) -> usize {
    let work = tempfile::tempdir().unwrap();
    let (project, sdk) = (repository().join(project), repository().join("sdk/js"));
    let tools = Tools::of_user().unwrap();
    let told = typescript::test(&project, &sdk, work.path(), &tools, &Progress::silent());
    let told = told.unwrap_or_else(|error| panic!("{error}"));
    let count = told.lines().find_map(|line| line.strip_prefix("ℹ pass "));
    count.unwrap_or_else(|| panic!("{told}")).parse().unwrap()
}

#[test]
fn the_sdk_passes_its_native_tests() {
    assert!(passed("sdk/js") >= 30);
}

#[test]
fn atrium_passes_its_native_tests_and_does_as_recorded() {
    let fixtures = kept("adapters/atrium/fixtures").len();
    assert!(passed("adapters/atrium") > fixtures);
}
