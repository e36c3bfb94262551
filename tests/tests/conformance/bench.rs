//! Shared by these tests: the kit with one compile cache, and cassettes made for a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jackfield_clock::ManualClock;
use jackfield_conformance::report::{CheckResult, ConformanceReport};
use jackfield_conformance::{ConformanceOptions, check};
use jackfield_sandbox::{Runtime, RuntimeConfig};
use jackfield_tests::components::compile_cache;
use jackfield_tests::process::jackfield_binary;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

/// A folder of this repository.
pub fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The limits of a release by default, with a longer deadline for a busy machine.
pub fn terms() -> ConformanceOptions {
    ConformanceOptions {
        memory: 64 << 20,
        cpu: Duration::from_millis(500),
        deadline: Duration::from_secs(20),
        fresh_key: "chk-0123456789abcdef".into(),
        only: vec![],
    }
}

/// Checks a component.
pub async fn checked(bytes: &[u8], cassette: Option<&Path>) -> ConformanceReport {
    let config = RuntimeConfig {
        allow_pooling: false,
        ..RuntimeConfig::new(compile_cache(), jackfield_binary())
    };
    // Time passes only where a fault lets it: on a busy machine, an adapter would have none left after a slow answer.
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let runtime = Runtime::start(config, Arc::new(clock)).unwrap();
    check(&runtime, bytes, cassette, terms(), &|_| {}).await
}

/// The ids of the checks with a verdict, without duplicates.
pub fn ids(report: &ConformanceReport, verdict: CheckResult) -> BTreeSet<&str> {
    let checks = report.checks.iter().filter(|check| check.verdict == verdict);
    checks.map(|check| check.id.as_str()).collect()
}

/// The failed checks as text for a person.
pub fn wrong(report: &ConformanceReport) -> Vec<String> {
    let wrong = report.checks.iter().filter(|check| check.verdict == CheckResult::Wrong);
    let lines = wrong.map(|check| {
        let (expected, came) = (check.expected.as_deref(), check.came.as_deref());
        format!("{} ({}): expected {expected:?}, came {came:?}", check.id, check.subject)
    });
    lines.collect()
}

/// The fixtures of guest `wrong`, each edited by `change`.
pub fn fixtures(change: impl Fn(&str, &mut Value)) -> TempDir {
    let changed = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder("tests/guests/wrong/fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let mut fixture: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        change(name, &mut fixture);
        fs::write(changed.path().join(name), fixture.to_string()).unwrap();
    }
    changed
}

/// The fixtures of guest `wrong`, whose settings name the mistake that it makes.
pub fn mistaken(mistake: &str) -> TempDir {
    fixtures(|_, fixture| fixture["settings"]["mistake"] = mistake.into())
}
