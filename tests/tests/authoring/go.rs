//! A new project in Go.

use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_kit::build::{BuildError, FOLDER, build};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::{Tools, found};

use super::desk::inspected;

#[tokio::test]
async fn new_project_builds() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme-homes");
    scaffold::create("acme-homes", Language::Go, &folder).unwrap();
    let project = Project::open(&folder).unwrap();
    let tools = Tools::of_user().unwrap();
    let steps = std::cell::RefCell::new(Vec::new());
    let progress = Progress::new(|step| steps.borrow_mut().push(step.to_owned()));
    let out = folder.join(FOLDER);
    let built = build(&project, &out, &tools, &progress).unwrap();
    assert!(!built.unchanged);
    assert!(
        steps.borrow().iter().any(|step| step.starts_with("compiling")),
        "{steps:?}"
    );

    let again = build(&project, &out, &tools, &progress).unwrap();
    assert!(again.unchanged);

    let inspected = inspected(&built.component).await;
    assert_eq!(
        (inspected.name.as_str(), inspected.version.to_string().as_str()),
        ("acme-homes", "1.0.0")
    );
    assert!(inspected.idempotent_writes && !inspected.lookup && !inspected.parses_leads);

    // The same sources in another folder make the same component.
    let other = home.path().join("elsewhere/acme-homes");
    scaffold::create("acme-homes", Language::Go, &other).unwrap();
    let twin = build(&Project::open(&other).unwrap(), &other.join(FOLDER), &tools, &progress).unwrap();
    assert!(std::fs::read(&twin.component).unwrap() == std::fs::read(&built.component).unwrap());

    // A mistake is reported in the compiler's words, with file and line.
    let source = folder.join("mapping.go");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("l.LastCallAt", "l.LastCall")).unwrap();
    match build(&project, &out, &tools, &progress) {
        Err(BuildError::Failed { output, .. }) => {
            assert!(
                output.contains("mapping.go:") && output.contains("LastCall"),
                "{output}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn go_tests_pass() {
    // Go's own tests: of the SDK, of the adapter in this repository, of the guests and of a new project.
    let home = tempfile::tempdir().unwrap();
    scaffold::create("acme", Language::Go, &home.path().join("acme")).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [
        repository.join("sdk/go"),
        repository.join("adapters/ridgeline"),
        repository.join("tests/guests/go-collects"),
        repository.join("tests/guests/go-raises"),
        home.path().join("acme"),
    ];
    let go = go();
    for folder in folders {
        for words in [["vet", "./..."], ["test", "./..."]] {
            let output = Command::new(&go)
                .args(words)
                .current_dir(&folder)
                .env("GOFLAGS", "")
                .env("GOTOOLCHAIN", "local")
                .output()
                .unwrap();
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "go {words:?} in {}:\n{text}", folder.display());
        }
    }
}

/// The compiler that builds use: the installed one if it is new enough, else the pinned one.
fn go() -> PathBuf {
    let version = |go: &PathBuf| {
        let asked = Command::new(go)
            .args(["env", "GOVERSION"])
            .env("GOTOOLCHAIN", "local")
            .output();
        String::from_utf8_lossy(&asked.unwrap().stdout).trim().to_owned()
    };
    if let Some(go) = found("go").filter(|go| version(go).starts_with("go1.27")) {
        return go;
    }
    let requirements = include_str!("../../../kit/src/languages/go-requirements.txt");
    let python = Tools::of_user()
        .unwrap()
        .python("go", requirements, &Progress::silent())
        .unwrap();
    python.with_file_name("go")
}
