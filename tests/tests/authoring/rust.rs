//! An adapter in Rust, from nothing; and what `adapter new` and `adapter build` say when they cannot.

use crate::desk::{Desk, inspected};

#[tokio::test]
async fn a_new_project_builds_passes_its_tests_and_is_not_built_twice() {
    let desk = Desk::new();
    let said = desk.adapter(".", "new acme-homes --lang rust").done();
    assert!(said.out.contains("acme-homes/src/lib.rs"), "{}", said.out);
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
    desk.shell("acme-homes", "cargo test --quiet --target-dir build/acme-homes/target")
        .done();

    // A mistake is told in the compiler's words, and the component of before stays.
    let source = desk.read("acme-homes/src/lib.rs");
    desk.write(
        "acme-homes/src/lib.rs",
        &source.replace("do_not_call: bool,", "do_not_call: book,"),
    );
    let failed = desk.adapter("acme-homes", "build").ended(1);
    assert!(failed.err.contains("cannot find type `book`"), "{}", failed.err);
    assert!(failed.err.contains("src/lib.rs"), "{}", failed.err);
    assert!(desk.path("acme-homes/build/acme-homes.wasm").exists());
}

#[test]
fn what_cannot_be_made_is_told_with_what_to_do() {
    let desk = Desk::new();
    let cases = [
        ("new Acme --lang rust", 1, "take small letters"),
        ("new acme --lang cobol", 2, "take one of rust, ts, py, go and c"),
        ("new acme", 2, "--lang <LANG>"),
        ("build", 1, "has no adapter.toml"),
        ("build nowhere", 1, "nowhere has no adapter.toml"),
    ];
    for (arguments, code, expected) in cases {
        let said = desk.adapter(".", arguments).ended(code);
        assert!(said.err.contains(expected), "{arguments}: {}", said.err);
    }
    desk.write("taken", "");
    let said = desk.adapter(".", "new acme --lang rust --into .").ended(1);
    assert!(said.err.contains("not empty"), "{}", said.err);
    let said = desk.adapter(".", "new acme --lang rust --json").done();
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&answer["folder"], &answer["language"]),
        (&"acme".into(), &"rust".into())
    );
    assert!(answer["files"].as_array().unwrap().contains(&"adapter.toml".into()));
}

#[test]
fn an_adapter_of_a_workspace_is_built_where_it_is() {
    let desk = Desk::new();
    let keystone = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/keystone");
    let said = desk
        .adapter(".", &format!("build {keystone} --out built --json"))
        .done();
    assert!(said.out.contains("built/keystone.wasm"), "{}", said.out);
    assert!(desk.path("built/keystone.wasm").exists());
}
