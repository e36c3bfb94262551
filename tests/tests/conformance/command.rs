//! `jackfield adapter check`, as people and CI run it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use jackfield_tests::components::{cache_home, path};
use jackfield_tests::process::jackfield_binary;
use serde_json::Value;

use super::bench::{fixtures, folder, mistaken};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(jackfield_binary());
    command.args(["adapter", "check"]).args(arguments);
    // Tests must not fill the user's compile cache.
    command.env("XDG_CACHE_HOME", cache_home());
    command.env_remove("JACKFIELD_TOKEN").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn exit_code_tells_right_from_wrong() {
    // A good adapter ends in 0 and a wrong one in 1.
    let wasm = path("wrong");
    let good = folder("tests/guests/wrong/fixtures");
    let done = run(&[shown(&wasm), "--cassette", shown(&good)]);
    let report = text(&done.stdout);
    assert!(done.status.success(), "{report}{}", text(&done.stderr));
    assert!(report.starts_with("wrong@1.0.0 sha256:"), "{report}");
    assert!(report.contains(", 0 wrong. Next: jackfield adapter push"), "{report}");
    assert!(!report.contains('\u{1b}'), "colours are for terminals");

    let mistake = mistaken("swallows-500");
    let done = run(&[shown(&wasm), "--cassette", shown(mistake.path())]);
    let report = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{report}");
    for expected in [
        "WRONG fault.http-500: dispositions.write, write-no-answer",
        "expected: unknown",
        "never send it again",
        "write-no-answer.json:1; wit/model.wit:",
        "exchanged:",
        "1. POST https://ledger.example/rows",
        "500 ",
    ] {
        assert!(report.contains(expected), "{report}\nshould say: {expected}");
    }
    assert_eq!(text(&done.stderr), "jackfield: one check went wrong\n");
}

#[test]
fn json_members_do_not_depend_on_findings() {
    let wasm = path("wrong");
    let mistake = mistaken("takes-422-for-unavailable");
    let done = run(&[shown(&wasm), "--cassette", shown(mistake.path()), "--json"]);
    assert_eq!(done.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let members: BTreeSet<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["adapter", "cassette", "checks", "digest", "summary", "usage"];
    assert_eq!(members, BTreeSet::from(expected));
    assert_eq!(report["summary"]["wrong"], 1);
    let checks = report["checks"].as_array().unwrap();
    let wrong: Vec<_> = checks.iter().filter(|check| check["verdict"] == "wrong").collect();
    assert_eq!(wrong[0]["id"], "fault.http-422");
    assert_eq!(wrong[0]["expected"], "rejected");
    assert_eq!(wrong[0]["came"], "unavailable");
    assert_eq!(wrong[0]["used"]["requests"], 1);
    let calls: Vec<_> = report["usage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|usage| usage["call"].clone())
        .collect();
    assert_eq!(calls, ["dispositions.write", "lookup.find", "status.query"]);
}

#[test]
fn only_component_checked_without_fixtures() {
    // Without fixtures only the component is checked, and the report says how to record some. There are no fixtures
    // beside the component or in the working directory.
    let done = run(&[shown(&path("wrong"))]);
    let report = text(&done.stdout);
    assert!(done.status.success(), "{report}");
    assert!(report.contains("skip  cassette.folder"), "{report}");
    assert!(report.contains("jackfield adapter record"), "{report}");
}

#[test]
fn project_fixtures_are_found_and_filtered() {
    // A project's fixtures are found beside its component, and `--fixture` chooses one.
    let project = tempfile::tempdir().unwrap();
    let (build, made) = (project.path().join("build"), fixtures(|_, _| {}));
    std::fs::create_dir(&build).unwrap();
    std::fs::rename(made.path(), project.path().join("fixtures")).unwrap();
    std::fs::copy(path("wrong"), build.join("wrong.wasm")).unwrap();
    let wasm = build.join("wrong.wasm");
    let done = run(&[shown(&wasm), "--all", "--fixture", "find-present"]);
    let report = text(&done.stdout);
    assert!(done.status.success(), "{report}");
    assert!(report.contains("ok    replay.fixture: find-present"), "{report}");
    assert!(!report.contains("replay.fixture: status-callable"), "{report}");
}

#[test]
fn missing_file_is_named() {
    let done = run(&["nowhere.wasm"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        text(&done.stderr).contains("cannot read nowhere.wasm"),
        "{}",
        text(&done.stderr)
    );
}
