//! What a new project in Go is given.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::path::Path;
use std::process::Command;

use jackfield_kit::languages::Language;

fn in_git(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "."])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(listed.status.success());
    let text = String::from_utf8(listed.stdout).unwrap();
    let mut files: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
    files.sort();
    files
}

fn embedded(files: &[(&str, &str)]) -> Vec<String> {
    let mut paths: Vec<_> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn it_has_every_file_of_the_sdk_but_its_tests() {
    let mut expected = in_git("sdk/go");
    expected.retain(|path| !path.ends_with("_test.go"));
    assert!(!expected.is_empty());
    assert_eq!(embedded(Language::Go.sdk()), expected);
}

#[test]
fn it_has_every_file_of_the_template() {
    assert_eq!(embedded(Language::Go.template()), in_git("kit/templates/go"));
}
