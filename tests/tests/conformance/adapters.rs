//! Every adapter of this repository passes its own fixtures and every fault.

use std::fs;

use jackfield_conformance::report::CheckResult;
use jackfield_tests::components::component;

use super::bench::{checked, folder, ids, wrong};

#[tokio::test]
async fn every_adapter_with_fixtures_passes() {
    let mut failures = vec![];
    let mut names = vec![];
    for entry in fs::read_dir(folder("adapters")).unwrap() {
        let path = entry.unwrap().path();
        let fixtures = path.join("fixtures");
        if !fixtures.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let report = checked(&component(&name), Some(&fixtures)).await;
        let wrong = wrong(&report);
        if !wrong.is_empty() {
            failures.push(format!("{name}:\n{}", wrong.join("\n")));
        }
        let skipped = ids(&report, CheckResult::Skipped);
        assert!(skipped.is_empty(), "{name}: {skipped:?} were not checked");
        let right = ids(&report, CheckResult::Right);
        for id in [
            "component.valid",
            "describe.stable",
            "replay.fixture",
            "fault.http-500",
            "write.key",
            "write.call-id",
            "write.once",
        ] {
            assert!(right.contains(id), "{name}: {id} was not checked");
        }
        names.push(name);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(names.len() == 6, "{names:?}");
}
