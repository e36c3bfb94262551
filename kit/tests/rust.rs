//! Rust: what a new project is given is what lies in the repository.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use jackfield_kit::languages::Language;

/// The files of a folder that git knows or will know.
fn tracked(folder: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "."])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(listed.status.success());
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn given(files: &[(&str, &str)]) -> BTreeSet<String> {
    files.iter().map(|(path, _)| (*path).to_owned()).collect()
}

#[test]
fn a_new_project_is_given_the_whole_sdk_but_its_tests_and_the_whole_template() {
    let mut sdk = tracked("sdk/rust");
    sdk.retain(|path| !path.starts_with("tests/"));
    assert!(sdk.contains("src/lib.rs"), "git knows the SDK");
    assert_eq!(given(Language::Rust.sdk()), sdk);
    assert_eq!(given(Language::Rust.template()), tracked("kit/templates/rust"));
}
