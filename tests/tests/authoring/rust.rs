//! A new adapter in Rust, and what `adapter new` and `adapter build` say when they fail.

use super::desk::{Desk, inspected};

#[tokio::test]
async fn new_project_builds_once_and_passes_tests() {
    let desk = Desk::new();
    let output = desk.adapter(".", "new acme-homes --lang rust").done();
    assert!(output.out.contains("acme-homes/src/lib.rs"), "{}", output.out);
    let first = desk.adapter("acme-homes", "build --json").done();
    assert!(first.out.contains("\"unchanged\": false"), "{}", first.out);

    let inspected = inspected(&desk.path("acme-homes/build/acme-homes.wasm")).await;
    assert_eq!(
        (inspected.name.as_str(), inspected.version.as_str()),
        ("acme-homes", "1.0.0")
    );
    assert!(inspected.idempotent_writes && !inspected.lookup && !inspected.parses_leads);

    let again = desk.adapter("acme-homes", "build --json").done();
    assert!(again.out.contains("\"unchanged\": true"), "{}", again.out);
    desk.adapter("acme-homes", "test").done();

    // A mistake is reported in the compiler's words, and the previous component stays.
    let source = desk.read("acme-homes/src/lib.rs");
    desk.write(
        "acme-homes/src/lib.rs",
        &source.replace("do_not_call: bool,", "do_not_call: book,"),
    );
    let failed = desk.adapter("acme-homes", "build").ended(1);
    assert!(failed.err.contains("cannot find type `book`"), "{}", failed.err);
    assert!(failed.err.contains("src/lib.rs"), "{}", failed.err);
    assert!(desk.path("acme-homes/build/acme-homes.wasm").exists());
    desk.write(
        "acme-homes/src/lib.rs",
        &source.replace("jackfield_sdk::export!(AcmeHomes);", ""),
    );
    let forgotten = desk.adapter("acme-homes", "build").ended(1);
    assert!(
        forgotten.err.contains("src/lib.rs exports no adapter: add"),
        "{}",
        forgotten.err
    );
}

#[test]
fn errors_say_what_to_do() {
    let desk = Desk::new();
    let cases = [
        ("new Acme --lang rust", 1, "a letter first"),
        ("new acme- --lang rust", 1, "no `-` at the end"),
        ("new acme --lang cobol", 2, "must be rust, ts, py, go or c"),
        ("new acme", 2, "--lang <LANG>"),
        ("build", 1, "has no adapter.toml"),
        ("build nowhere", 1, "nowhere has no adapter.toml"),
    ];
    for (arguments, code, expected) in cases {
        let output = desk.adapter(".", arguments).ended(code);
        assert!(output.err.contains(expected), "{arguments}: {}", output.err);
    }
    desk.write("taken", "");
    let output = desk.adapter(".", "new acme --lang rust --into .").ended(1);
    assert!(output.err.contains("not empty"), "{}", output.err);
    let output = desk.adapter(".", "new acme --lang rust --json").done();
    let answer: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(
        (&answer["folder"], &answer["language"]),
        (&"acme".into(), &"rust".into())
    );
    assert!(answer["files"].as_array().unwrap().contains(&"adapter.toml".into()));
}

#[test]
fn workspace_member_builds_in_place() {
    let desk = Desk::new();
    let keystone = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/keystone");
    let output = desk
        .adapter(".", &format!("build {keystone} --out built --json"))
        .done();
    assert!(output.out.contains("built/keystone.wasm"), "{}", output.out);
    assert!(desk.path("built/keystone.wasm").exists());
}
