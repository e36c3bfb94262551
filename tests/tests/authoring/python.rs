//! A new adapter in Python: it builds, is not rebuilt without need, and the host accepts it.

use std::fs;
use std::path::Path;
use std::process::Command;

use jackfield_kit::build::build;
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::scaffold;
use jackfield_kit::tools::Tools;

use super::desk::inspected;

/// Builds a project, or says why it does not build.
fn built(folder: &Path) -> Result<jackfield_kit::build::Built, String> {
    let project = Project::open(folder).map_err(|error| error.to_string())?;
    let tools = Tools::of_user().unwrap();
    build(&project, &folder.join("build"), &tools, &Progress::silent()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn new_project_builds() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scaffold::create("acme-homes", Language::Py, folder).unwrap();
    let first = built(folder).unwrap();
    assert_eq!(
        (first.component.as_path(), first.unchanged),
        (folder.join("build/acme-homes.wasm").as_path(), false)
    );
    let inspected = inspected(&first.component).await;
    assert_eq!(
        (inspected.name.as_str(), inspected.version.as_str()),
        ("acme-homes", "1.0.0")
    );
    assert_eq!(
        (inspected.lookup, inspected.parses_leads, inspected.idempotent_writes),
        (false, false, true)
    );
    assert_eq!(inspected.needs.origins, ["base_url"]);

    let elsewhere = tempfile::tempdir().unwrap();
    scaffold::create("acme-homes", Language::Py, elsewhere.path()).unwrap();
    let again = built(elsewhere.path()).unwrap();
    let [one, other] = [&first, &again].map(|built| fs::read(&built.component).unwrap());
    assert!(
        one == other,
        "the same files make the same component, wherever they are"
    );

    // Fixtures are not inputs of the build.
    fs::write(folder.join("fixtures/more.json"), "{}").unwrap();
    assert!(built(folder).unwrap().unchanged);
    fs::remove_file(folder.join("fixtures/more.json")).unwrap();
}

#[test]
fn sdk_and_parcel_tests_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    unittest(&root.join("sdk/python"));
    unittest(&root.join("adapters/parcel"));
}

fn unittest(folder: &Path) {
    let mut command = Command::new("python3");
    command.args(["-B", "-m", "unittest"]).current_dir(folder);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("\nRan "),
        "{}: {stderr}",
        folder.display()
    );
    assert!(!stderr.contains("Ran 0 tests"), "{}: {stderr}", folder.display());
}
