//! Fixtures of requests that are signed: `jackfield adapter sign` writes the signatures, and `check` names the cause of
//! a difference before them.

use std::fs;
use std::path::Path;
use std::process::Command;

use jackfield_conformance::report::CheckResult;
use jackfield_tests::components::{cache_home, component, path};
use jackfield_tests::process::jackfield_binary;
use tempfile::TempDir;

use super::bench::{checked, folder};

const NAME: &str = "write-no-answer.json";
/// The signature in the fixture.
const MAC: &str = "e9097c58b61dc5b1a666c161879523b2be26424cd983df934045731cc2b6e020";

/// A cassette with one fixture of mortar's, edited.
fn edited(edit: impl Fn(&str) -> String) -> TempDir {
    let cassette = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(folder("adapters/mortar/fixtures").join(NAME)).unwrap();
    let changed = edit(&text);
    assert_ne!(changed, text);
    fs::write(cassette.path().join(NAME), changed).unwrap();
    cassette
}

fn sign(cassette: &Path) -> String {
    let mut command = Command::new(jackfield_binary());
    command.args(["adapter", "sign"]).arg(path("mortar"));
    command
        .arg("--cassette")
        .arg(cassette)
        .env("XDG_CACHE_HOME", cache_home());
    let done = command.env_remove("JACKFIELD_TOKEN").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test]
async fn signatures_are_written_into_fixtures() {
    let cassette = edited(|text| text.replace(MAC, "later"));
    let report = checked(&component("mortar"), Some(cassette.path())).await;
    let replayed = report.checks.iter().find(|check| check.id == "replay.fixture").unwrap();
    assert_eq!(replayed.verdict, CheckResult::Wrong);
    assert!(
        replayed.why.as_deref().unwrap().contains("jackfield adapter sign"),
        "{replayed:?}"
    );
    assert!(sign(cassette.path()).contains(&format!("{NAME}: 1 signature")));
    let (signed, original) = [cassette.path(), &folder("adapters/mortar/fixtures")]
        .map(|folder| fs::read_to_string(folder.join(NAME)).unwrap())
        .into();
    assert_eq!(signed, original, "nothing but the signature is changed");
    assert!(sign(cassette.path()).starts_with("Nothing was written"));
}

#[tokio::test]
async fn other_differences_are_not_signed_away() {
    let cassette = edited(|text| text.replace("CODE=D10", "CODE=D11").replace(MAC, &"0".repeat(64)));
    let before = fs::read_to_string(cassette.path().join(NAME)).unwrap();
    let report = checked(&component("mortar"), Some(cassette.path())).await;
    let replayed = report.checks.iter().find(|check| check.id == "replay.fixture").unwrap();
    let came = replayed.came.as_deref().unwrap();
    assert!(came.starts_with("request 1: another body than recorded"), "{came}");
    assert!(came.find("CODE=D10") < came.find("x-mortar-mac"), "{came}");
    assert!(
        !replayed.why.as_deref().unwrap().contains("adapter sign"),
        "{replayed:?}"
    );
    let _ = sign(cassette.path());
    let after = fs::read_to_string(cassette.path().join(NAME)).unwrap();
    assert_eq!(
        after.replace(MAC, &"0".repeat(64)),
        before,
        "only the header may be signed"
    );
}
