//! A Python project is built once, and its mistakes are reported.

use std::fs;
use std::path::Path;

use jackfield_kit::build::{Built, build};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

/// The component of a project, or the error.
fn built(folder: &Path) -> Result<Built, String> {
    let project = Project::open(folder).map_err(|error| error.to_string())?;
    let tools = Tools::of_user().unwrap();
    build(&project, &folder.join("build"), &tools, &Progress::silent()).map_err(|error| error.to_string())
}

#[test]
fn build_is_cached_and_leaves_no_files() {
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
        assert!(!folder.join(made).exists(), "a build must not write {made}");
    }
}

#[test]
fn build_errors_name_the_mistake() {
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
        assert!(
            !said.contains("Caused by") && !said.contains("wasm backtrace"),
            "{said}"
        );
    }
    fs::remove_file(&adapter).unwrap();
    assert!(built(folder).unwrap_err().contains("is where a Python adapter begins"));
}
