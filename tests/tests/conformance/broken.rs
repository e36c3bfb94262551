//! Files that are not adapters, and fixtures that are broken.

use std::collections::BTreeSet;
use std::fs;

use jackfield_conformance::report::CheckResult;
use jackfield_tests::components::component;
use serde_json::{Value, json};

use super::bench::{checked, fixtures, ids, wrong};

#[tokio::test]
async fn non_adapters_fail_in_the_hosts_words() {
    // A file that is not an adapter fails one check, with the message that a push would give.
    let cases = [
        (b"#!/bin/sh".to_vec(), "component.valid", "not WebAssembly"),
        (b"\0asm\x01\0\0\0".to_vec(), "component.valid", "core module"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "component.valid", "does not export"),
        (component("broken-describe"), "describe.valid", "returned nothing"),
    ];
    for (bytes, id, expected) in cases {
        let report = checked(&bytes, None).await;
        assert_eq!(ids(&report, CheckResult::Wrong), BTreeSet::from([id]));
        assert!(
            wrong(&report)[0].contains(expected),
            "{:?} should say: {expected}",
            wrong(&report)
        );
        assert_eq!(report.adapter, None);
    }
}

#[tokio::test]
async fn broken_fixture_is_named_and_others_play() {
    // A broken fixture is reported with a pointer to the mistake, and the other fixtures are played.
    let put = |pointer: &'static str, value: Value| {
        fixtures(move |name, fixture| {
            if name == "write-no-answer.json" {
                let (parent, member) = pointer.rsplit_once('/').unwrap();
                fixture.pointer_mut(parent).unwrap()[member] = value.clone();
            }
        })
    };
    let cases = [
        (
            put("/call/write_disposition/disposition/outcome", json!("nobody")),
            "at /call/write_disposition/disposition: unknown variant `nobody`",
        ),
        (
            put("/exchanges/0/answer/status", json!("201")),
            "at /exchanges/0/answer/status: must be an HTTP status code",
        ),
        (
            put("/exchanges/0/request/form", json!({})),
            "at /exchanges/0/request: has more than one of",
        ),
        (
            put("/exchanges/0/fails", json!({"no_answer": "reset"})),
            "at /exchanges/0: must have either",
        ),
        (
            put("/returns/err", json!("unknown")),
            "at /returns: must have exactly one member",
        ),
        (put("/nwo", json!("2026-07-01T09:01:55Z")), "at /: has no member `nwo`"),
        (put("/now", json!("yesterday")), "at /now: is not an RFC 3339 time"),
    ];
    let wasm = component("wrong");
    for (cassette, expected) in cases {
        let report = checked(&wasm, Some(cassette.path())).await;
        assert_eq!(ids(&report, CheckResult::Wrong), BTreeSet::from(["cassette.fixture"]));
        let failures = wrong(&report);
        assert!(
            failures[0].contains("write-no-answer.json") && failures[0].contains(expected),
            "{failures:?}: {expected}"
        );
        let played = report
            .checks
            .iter()
            .filter(|check| check.id == "replay.fixture")
            .count();
        assert_eq!(played, 2);
    }
    let cassette = fixtures(|_, _| {});
    fs::write(cassette.path().join("half.json"), "{\"about\":").unwrap();
    let report = checked(&wasm, Some(cassette.path())).await;
    assert!(wrong(&report)[0].contains("is not JSON"), "{:?}", wrong(&report));
}

#[tokio::test]
async fn deviation_from_recording_is_shown() {
    // An exchange that differs from the recorded one is reported with the difference.
    let edits: [(&str, Value, &str); 4] = [
        (
            "/exchanges/0/request/json/seconds",
            json!(13),
            "at /seconds: 12, expected 13",
        ),
        (
            "/exchanges/0/request/url",
            json!("https://ledger.example/row"),
            "another URL than recorded: `https://ledger.example/rows`",
        ),
        (
            "/exchanges/0/request/headers/x-tenant",
            json!("t"),
            "header `x-tenant` is missing",
        ),
        ("/returns/ok/reference", json!("R-18"), "R-17"),
    ];
    let wasm = component("wrong");
    for (pointer, value, expected) in edits {
        let cassette = fixtures(|name, fixture| {
            if name == "write-no-answer.json" {
                let (parent, member) = pointer.rsplit_once('/').unwrap();
                fixture.pointer_mut(parent).unwrap()[member] = value.clone();
            }
        });
        let report = checked(&wasm, Some(cassette.path())).await;
        assert_eq!(
            ids(&report, CheckResult::Wrong),
            BTreeSet::from(["replay.fixture"]),
            "{pointer}"
        );
        assert!(
            wrong(&report)[0].contains(expected),
            "{:?} should say: {expected}",
            wrong(&report)
        );
    }
}

#[tokio::test]
async fn settings_are_checked_against_description() {
    let cases = [
        (
            json!({"base_url": "ledger"}),
            "setting `base_url` must be an absolute http or https URL",
        ),
        (
            json!({"base_url": "https://ledger.example", "region": "x"}),
            "setting `region` is not described",
        ),
        (json!({}), "setting `base_url` is required and missing"),
    ];
    let wasm = component("wrong");
    for (settings, expected) in cases {
        let cassette = fixtures(|name, fixture| {
            if name == "find-present.json" {
                fixture["settings"] = settings.clone();
            }
        });
        let report = checked(&wasm, Some(cassette.path())).await;
        let failures = wrong(&report);
        assert!(
            failures
                .iter()
                .any(|line| line.contains("describe.settings") && line.contains(expected)),
            "{failures:?}"
        );
    }
}
