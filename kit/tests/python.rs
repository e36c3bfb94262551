//! Python: what is compiled in is what lies in the repository; a project is built once; what is wrong with one is said.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use jackfield_kit::build::{Built, build};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

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

/// The component of a project, or why there is none.
fn built(folder: &Path) -> Result<Built, String> {
    let project = Project::open(folder).map_err(|error| error.to_string())?;
    let tools = Tools::of_user().unwrap();
    build(&project, &folder.join("build"), &tools, &Progress::silent()).map_err(|error| error.to_string())
}

#[test]
fn a_project_is_built_once_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scaffold::create("acme-homes", Language::Py, folder).unwrap();
    let first = built(folder).unwrap();
    assert_eq!(
        (first.component, first.unchanged),
        (folder.join("build/acme-homes.wasm"), false)
    );
    assert!(built(folder).unwrap().unchanged);
    for made in ["src/__pycache__", "vendor/jackfield/jackfield/__pycache__"] {
        assert!(!folder.join(made).exists(), "{made} is not a build's to make");
    }
}

#[test]
fn a_project_that_cannot_be_built_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scaffold::create("acme", Language::Py, folder).unwrap();
    let adapter = folder.join("src/adapter.py");
    let source = fs::read_to_string(&adapter).unwrap();
    let manifest = fs::read_to_string(folder.join("adapter.toml")).unwrap();
    for (text, exports, expected) in [
        (format!("{source}\ndef broken(:\n"), "[]", "SyntaxError: invalid syntax"),
        (
            source.replace("import mapping\n", "import mapping\nimport requests\n"),
            "[]",
            "No module named 'requests'",
        ),
        (source.replace("export(AcmeAdapter())", ""), "[]", "exports no adapter"),
        (source.clone(), "[\"lookup\"]", "does not derive from Lookup"),
    ] {
        fs::write(&adapter, text).unwrap();
        fs::write(
            folder.join("adapter.toml"),
            manifest.replace("exports = []", &format!("exports = {exports}")),
        )
        .unwrap();
        let said = built(folder).unwrap_err();
        assert!(said.contains(expected), "{said} should say: {expected}");
    }
    fs::remove_file(&adapter).unwrap();
    assert!(built(folder).unwrap_err().contains("is where a Python adapter begins"));
}
