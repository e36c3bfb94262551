//! `adapter test`: the native tests of the SDKs, of adapters and of new projects pass, and mistakes fail them.

use std::fs;
use std::path::Path;

use jackfield_kit::build;
use jackfield_kit::languages::{self, Language, NativeTests};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

use crate::{repository, tracked};

/// Runs the native tests of an SDK.
fn sdk(language: Language, folder: &str) -> String {
    let (root, work) = (repository().join(folder), tempfile::tempdir().unwrap());
    let tests = NativeTests {
        root: &root,
        sdk: &root,
        work: work.path(),
        tools: &Tools::of_user().unwrap(),
        progress: &Progress::silent(),
    };
    languages::test(language, &tests).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs the native tests of a project.
fn project(folder: &Path) -> Result<String, String> {
    let work = tempfile::tempdir().unwrap();
    let project = Project::open(folder).unwrap();
    let tested = build::test(&project, work.path(), &Tools::of_user().unwrap(), &Progress::silent());
    tested.map_err(|error| error.to_string())
}

/// How many tests passed in Node's runner.
fn passed(output: &str) -> usize {
    let count = output.lines().find_map(|line| line.strip_prefix("ℹ pass "));
    count.unwrap_or_else(|| panic!("{output}")).parse().unwrap()
}

#[test]
fn typescript_passes() {
    assert!(passed(&sdk(Language::Ts, "sdk/js")) >= 30);
    let atrium = project(&repository().join("adapters/atrium")).unwrap();
    assert!(passed(&atrium) > tracked("adapters/atrium/fixtures").len());
}

#[test]
fn c_passes_under_the_sanitizers() {
    let ran = sdk(Language::C, "sdk/c");
    assert!(ran.contains("4 of 4 programs"), "{ran}");
    let mortar = project(&repository().join("adapters/mortar"));
    assert!(mortar.unwrap().contains("1 of 1 programs"));
}

#[test]
fn new_projects_pass() {
    // Rust's are run with the pages of the SDKs, in a folder that has its dependencies compiled.
    for language in Language::ALL.into_iter().filter(|it| *it != Language::Rust) {
        let folder = tempfile::tempdir().unwrap();
        scaffold::create("acme-homes", language, folder.path()).unwrap();
        project(folder.path()).unwrap_or_else(|error| panic!("{language}: {error}"));
        fs::remove_dir_all(folder.path().join("fixtures")).unwrap();
        if language == Language::C {
            continue; // only `check` replays its fixtures
        }
        assert!(
            project(folder.path()).is_err(),
            "{language} passes without its fixtures"
        );
    }
}

#[test]
fn c_finds_a_result_on_the_stack() {
    // A result that lies in an array of a function that has returned is found natively, at the place that reads it.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scaffold::create("acme", Language::C, folder).unwrap();
    let source = folder.join("src/adapter.c");
    let text = fs::read_to_string(&source).unwrap();
    let wrong = text.replace(
        "    status->status = stage;\n",
        "    char copy[16] = \"open\";\n    status->status = (jf_str){copy, 4};\n",
    );
    assert_ne!(wrong, text);
    fs::write(&source, wrong).unwrap();
    let failed = project(folder).unwrap_err();
    assert!(
        failed.contains("tests/adapter.c") && failed.contains("stack-use-after-return"),
        "{failed}"
    );
}

#[test]
fn a_project_without_tests_is_told() {
    for (language, folder) in [(Language::Ts, "tests"), (Language::Py, "tests"), (Language::C, "tests")] {
        let root = tempfile::tempdir().unwrap();
        scaffold::create("acme", language, root.path()).unwrap();
        fs::remove_dir_all(root.path().join(folder)).unwrap();
        let told = project(root.path()).unwrap_err();
        assert!(told.contains("has no native tests: write tests/"), "{told}");
    }
}
