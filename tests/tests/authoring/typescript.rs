//! A new project in TypeScript.

use std::fs;

use jackfield_kit::build::{self, FOLDER};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

use super::desk::inspected;

#[tokio::test]
async fn new_project_builds_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("acme-homes");
    let written = scaffold::create("acme-homes", Language::Ts, &root).unwrap();
    assert!(written.contains(&"src/adapter.ts".to_owned()), "{written:?}");
    let project = Project::open(&root).unwrap();
    let (out, tools) = (root.join(FOLDER), Tools::of_user().unwrap());
    let build = || build::build(&project, &out, &tools, &Progress::silent());
    let built = build().unwrap();
    assert!(!built.unchanged);
    assert!(build().unwrap().unchanged, "the second build has nothing to do");
    let elsewhere = folder.path().join("elsewhere");
    let _ = scaffold::create("acme-homes", Language::Ts, &elsewhere).unwrap();
    let again = build::build(
        &Project::open(&elsewhere).unwrap(),
        &elsewhere.join(FOLDER),
        &tools,
        &Progress::silent(),
    );
    let [first, again] = [&built, &again.unwrap()].map(|built| fs::read(&built.component).unwrap());
    assert!(
        first == again,
        "the same files make the same component, wherever they are"
    );

    let inspected = inspected(&built.component).await;
    assert_eq!(
        (inspected.name.to_string(), inspected.version.to_string()),
        ("acme-homes".into(), "1.0.0".into())
    );
    assert_eq!(
        (inspected.lookup, inspected.parses_leads, inspected.idempotent_writes),
        (false, false, false)
    );
}

#[test]
fn build_error_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("acme");
    let _ = scaffold::create("acme", Language::Ts, &root).unwrap();
    let change = |file: &str, from: &str, to: &str| {
        let path = root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    let build_error = || {
        let project = Project::open(&root).unwrap();
        let tools = Tools::of_user().unwrap();
        let failed = build::build(&project, &root.join(FOLDER), &tools, &Progress::silent());
        failed.unwrap_err().to_string()
    };
    change("src/adapter.ts", "reference: saved.number", "reference: saved.numbre");
    let wrong_type = build_error();
    assert!(
        wrong_type.contains("src/adapter.ts(24,31): error TS2551"),
        "{wrong_type}"
    );
    change("src/adapter.ts", "reference: saved.numbre", "reference: saved.number");
    change("adapter.toml", "exports = []", "exports = [\"lookup\"]");
    let not_there = build_error();
    assert_eq!(
        not_there,
        "`componentize-js` failed:\nthe adapter must have `find`, since adapter.toml exports \"lookup\": add it to \
         `export default adapter({ … })`"
    );
    change("adapter.toml", "exports = [\"lookup\"]", "exports = []");
    change(
        "src/adapter.ts",
        "export default adapter(",
        "export const acme = adapter(",
    );
    let no_default = build_error();
    let expected = "src/adapter.ts has no default export: end it with `export default adapter({ … })`";
    assert!(no_default.ends_with(expected), "{no_default}");
    change(
        "src/adapter.ts",
        "export const acme = adapter(",
        "export default adapter(",
    );
    // Without a tsconfig.json types are not checked; the bundler's errors are still reported.
    fs::remove_file(root.join("tsconfig.json")).unwrap();
    change("src/adapter.ts", "\"./mapping.ts\"", "\"./maping.ts\"");
    let no_module = build_error();
    assert!(no_module.contains("./maping.ts"), "{no_module}");
}
