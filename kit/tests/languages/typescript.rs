//! The native tests of the TypeScript SDK and of its adapter.

use jackfield_kit::languages::typescript;
use jackfield_kit::progress::Progress;
use jackfield_kit::tools::Tools;

use crate::{repository, tracked};

/// Runs native tests and returns how many passed.
fn passed(project: &str) -> usize {
    let work = tempfile::tempdir().unwrap();
    let (project, sdk) = (repository().join(project), repository().join("sdk/js"));
    let tools = Tools::of_user().unwrap();
    let output = typescript::test(&project, &sdk, work.path(), &tools, &Progress::silent());
    let output = output.unwrap_or_else(|error| panic!("{error}"));
    let count = output.lines().find_map(|line| line.strip_prefix("ℹ pass "));
    count.unwrap_or_else(|| panic!("{output}")).parse().unwrap()
}

#[test]
fn sdk_passes_its_native_tests() {
    assert!(passed("sdk/js") >= 30);
}

#[test]
fn atrium_passes_its_native_tests() {
    let fixtures = tracked("adapters/atrium/fixtures").len();
    assert!(passed("adapters/atrium") > fixtures);
}
