//! What is compiled in for Python is what lies in the repository.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

use std::collections::BTreeSet;
use std::process::Command;

use jackfield_kit::languages::Language;

/// The files that git knows in a folder of the repository, from the folder.
fn known(folder: &str) -> BTreeSet<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let listed = Command::new("git")
        .args(["-C", root, "ls-files", folder])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let paths = listed
        .lines()
        .filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
    paths.map(str::to_owned).collect()
}

fn embedded(files: &[(&str, &str)]) -> BTreeSet<String> {
    files.iter().map(|(path, _)| (*path).to_owned()).collect()
}

#[test]
fn a_new_project_gets_the_whole_sdk_and_the_whole_template() {
    let mut sdk = known("sdk/python");
    sdk.retain(|path| !path.starts_with("tests/"));
    assert!(sdk.contains("jackfield/__init__.py"), "git knows the SDK");
    assert_eq!(embedded(Language::Py.sdk()), sdk);
    assert_eq!(embedded(Language::Py.template()), known("kit/templates/py"));
}
