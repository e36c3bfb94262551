//! A new project in Go.

use std::path::Path;

use jackfield_kit::build::{BuildError, FOLDER, build};
use jackfield_kit::languages::{self, Language, NativeTests};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

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

    let adapter = folder.join("adapter.go");
    let text = std::fs::read_to_string(&adapter).unwrap();
    std::fs::write(&adapter, text.replace("jackfield.Register(", "_ = (")).unwrap();
    let forgotten = build(&project, &out, &tools, &progress).unwrap_err().to_string();
    assert!(
        forgotten.starts_with("no .go file registers an adapter: add"),
        "{forgotten}"
    );
    std::fs::write(&adapter, text).unwrap();

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
    // Go's own tests: of the SDK, of the adapter in this repository and of the guests.
    let (repository, work) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        tempfile::tempdir().unwrap(),
    );
    let sdk = repository.join("sdk/go");
    for folder in [
        "sdk/go",
        "adapters/ridgeline",
        "tests/guests/go-collects",
        "tests/guests/go-raises",
    ] {
        let tests = NativeTests {
            root: &repository.join(folder),
            sdk: &sdk,
            work: work.path(),
            tools: &Tools::of_user().unwrap(),
            progress: &Progress::silent(),
        };
        languages::test(Language::Go, &tests).unwrap_or_else(|error| panic!("{folder}: {error}"));
    }
}
