//! Recordings of several steps: read, refused because the record moved, read again, written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jackfield_conformance::report::CheckResult;
use jackfield_tests::components::component;
use serde_json::{Value, json};

use super::bench::{checked, folder, ids, wrong};

const LEDGER: &str = "https://ledger.example";

/// An exchange with the ledger.
fn exchange(method: &str, path: &str, body: Option<Value>, answer: &(u16, Value)) -> Value {
    let mut request = json!({ "method": method, "url": format!("{LEDGER}{path}") });
    if let Some(body) = body {
        request["json"] = body;
    }
    json!({ "request": request, "answer": { "status": answer.0, "json": answer.1 } })
}

fn read(revision: u32) -> Value {
    exchange("GET", "/leads/LG-1", None, &(200, json!({ "revision": revision })))
}

fn written(revision: u32, answer: &(u16, Value)) -> Value {
    let row = json!({ "lead": "LG-1", "seconds": 12, "revision": revision });
    exchange("POST", "/rows", Some(row), answer)
}

/// Writes a recording of guest `wrong` with these exchanges.
fn record(cassette: &Path, name: &str, exchanges: &[Value], returns: &Value) {
    let good = folder("tests/guests/wrong/fixtures/write-no-answer.json");
    let mut fixture: Value = serde_json::from_slice(&fs::read(good).unwrap()).unwrap();
    fixture["settings"]["revisions"] = "true".into();
    fixture["exchanges"] = exchanges.into();
    fixture["returns"] = returns.clone();
    fs::write(cassette.join(name), serde_json::to_string_pretty(&fixture).unwrap()).unwrap();
}

#[tokio::test]
async fn a_resolved_conflict_is_right() {
    // A ledger refuses an old revision by a 409, or inside a 200. Both recordings end with the row written.
    let row = (201, json!({ "row": "R-17" }));
    for refusal in [(409, json!({ "error": "E409" })), (200, json!({ "error": "E409" }))] {
        let cassette = tempfile::tempdir().unwrap();
        let steps = [read(1), written(1, &refusal), read(2), written(2, &row)];
        record(
            cassette.path(),
            "write-moved.json",
            &steps,
            &json!({"ok": {"reference": "R-17"}}),
        );
        let steps = [read(1), written(1, &refusal), read(2), written(2, &refusal)];
        record(
            cassette.path(),
            "write-moves-on.json",
            &steps,
            &json!({"err": "conflict"}),
        );
        let report = checked(&component("wrong"), Some(cassette.path())).await;
        assert_eq!(wrong(&report), Vec::<String>::new(), "{refusal:?}");
        let right = |id: &str, request: u32| {
            report.checks.iter().any(|check| {
                let subject = format!("dispositions.write, write-moved, request {request} of 4");
                check.id == id && check.subject == subject && check.verdict == CheckResult::Right
            })
        };
        // Every step got every fault, and a conflict at the first write is resolved as recorded.
        for request in 1..=4 {
            assert!(right("fault.http-401", request), "{refusal:?}: {request}");
        }
        assert!(right("fault.http-409", 2), "{refusal:?}");
        assert!(right("fault.timeout-after-sending", 2), "{refusal:?}");
    }
}

#[tokio::test]
async fn wrong_checks_show_what_was_exchanged() {
    // The second write is recorded with the first revision, and one answer has a lead's number.
    let cassette = tempfile::tempdir().unwrap();
    let mut first = read(1);
    first["answer"]["json"]["phone"] = "+919800000042".into();
    let steps = [
        first,
        written(1, &(409, json!({ "error": "E409" }))),
        read(2),
        written(1, &(201, json!({ "row": "R-17" }))),
    ];
    record(
        cassette.path(),
        "write-moved.json",
        &steps,
        &json!({"ok": {"reference": "R-17"}}),
    );
    let report = checked(&component("wrong"), Some(cassette.path())).await;
    let replayed = report.checks.iter().find(|check| check.id == "replay.fixture").unwrap();
    assert_eq!(replayed.verdict, CheckResult::Wrong);
    let came = replayed.came.as_deref().unwrap();
    assert_eq!(came, "request 4: the JSON body differs at /revision: 2, expected 1");
    let exchanged: Vec<_> = replayed
        .exchanges
        .iter()
        .map(|it| {
            (
                it["request"]["method"].as_str().unwrap(),
                it["answer"]["status"].clone(),
            )
        })
        .collect();
    assert_eq!(exchanged.len(), 4, "{exchanged:?}");
    assert_eq!((exchanged[0].0, &exchanged[0].1), ("GET", &json!(200)));
    assert_eq!((exchanged[1].0, &exchanged[1].1), ("POST", &json!(409)));
    assert_eq!(replayed.exchanges[3]["request"]["json"]["revision"], 2);
    let shown = json!(replayed.exchanges).to_string();
    assert!(!shown.contains("98000") && shown.contains("\"phone\""), "{shown}");
    // The remedy leads to the member that differs.
    let file = fs::read_to_string(cassette.path().join("write-moved.json")).unwrap();
    let (path, line) = replayed.see.as_deref().unwrap().rsplit_once(':').unwrap();
    assert!(path.ends_with("write-moved.json"), "{path}");
    let line = file.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
    assert_eq!(line.trim().trim_end_matches(','), "\"revision\": 1");
    assert_eq!(ids(&report, CheckResult::Wrong), BTreeSet::from(["replay.fixture"]));
}
