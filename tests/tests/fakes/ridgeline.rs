//! ridgeline accepts exactly what it documents.

use jackfield_tests::fakes::{Ridgeline, RidgelineConfig, RidgelineProspect};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::client;

async fn ridgeline() -> Ridgeline {
    let ridgeline = Ridgeline::start(RidgelineConfig::new("k3y")).await.unwrap();
    ridgeline.seed(RidgelineProspect::new("R-1"));
    ridgeline
}

fn request(ridgeline: &Ridgeline, method: Method, id: &str) -> RequestBuilder {
    let url = format!("{}/v2/prospects/{id}", ridgeline.origin());
    client().request(method, url).header("X-Api-Key", "k3y")
}

fn patch(ridgeline: &Ridgeline, version: u64, body: &Value) -> RequestBuilder {
    let request = request(ridgeline, Method::PATCH, "R-1");
    request.header("If-Match", format!("\"v{version}\"")).json(body)
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// A change with the required members only.
fn least(call: &str) -> Value {
    json!({ "interaction": {
        "call_ref": call, "disposition": "NO_RESPONSE", "called_on": "01-JUL-2026", "called_at": "14:31",
    } })
}

#[tokio::test]
async fn change_is_stored_once_and_read_back() {
    let ridgeline = ridgeline().await;
    let mut change = least("C-1");
    change["budget_min_lakh"] = json!(85.5);
    change["loan"] = json!("YES");
    let saved = |already| {
        let saved = json!({ "prospect": { "id": "R-1", "version": 8 },
            "interaction": { "number": "RL-1", "already": already } });
        (StatusCode::OK, saved)
    };
    assert_eq!(answer(patch(&ridgeline, 7, &change)).await, saved(false));
    assert_eq!(
        answer(patch(&ridgeline, 7, &change)).await,
        saved(true),
        "whatever the version"
    );
    assert_eq!((ridgeline.stored().len(), ridgeline.counts().writes), (1, 1));

    let mut clears = least("C-2");
    clears["loan"] = Value::Null;
    assert_eq!(answer(patch(&ridgeline, 8, &clears)).await.0, StatusCode::OK);
    let read = answer(request(&ridgeline, Method::GET, "R-1")).await;
    let expected = json!({ "prospect": { "id": "R-1", "version": 9, "stage": "FRESH", "contact_policy": "ALLOWED",
        "last_contact": { "on": "01-JUL-2026", "at": "14:31" }, "budget_min_lakh": 85.5 } });
    assert_eq!(read, (StatusCode::OK, expected), "null clears, missing stays");
}

#[tokio::test]
async fn wrong_version_changes_nothing() {
    let ridgeline = ridgeline().await;
    let (status, error) = answer(patch(&ridgeline, 6, &least("C-1"))).await;
    assert_eq!(
        (status, &error["error"]["current_version"]),
        (StatusCode::CONFLICT, &json!(7))
    );
    ridgeline.seed(RidgelineProspect {
        moves: 1,
        ..RidgelineProspect::new("R-1")
    });
    assert_eq!(
        answer(patch(&ridgeline, 7, &least("C-1"))).await.0,
        StatusCode::CONFLICT
    );
    assert!(ridgeline.stored().is_empty());
    assert_eq!(answer(patch(&ridgeline, 8, &least("C-1"))).await.0, StatusCode::OK);
}

#[tokio::test]
async fn malformed_members_are_named() {
    let ridgeline = ridgeline().await;
    let cases = [
        ("budget_min_lakh", json!(85.555)),
        ("budget_min_lakh", json!("85.5")),
        ("budget_min_lakh", json!(-1)),
        ("budget_max_lakh", json!(1_000_001)),
        ("intent_score", json!(101)),
        ("unit_type", json!(3)),
        ("possession", json!("18 months")),
        ("loan", json!(true)),
        ("purpose", json!("end_use")),
        ("residency", json!("INDIAN")),
        ("contact_policy", json!("NEVER")),
        ("stage", json!("LOST")),
        ("interaction.call_ref", json!("a b")),
        ("interaction.call_ref", json!("")),
        ("interaction.disposition", json!("MAYBE")),
        ("interaction.disposition_text", json!("not with this one")),
        ("interaction.called_on", json!("2026-07-01")),
        ("interaction.called_on", json!("01-Jul-2026")),
        ("interaction.called_on", json!("29-FEB-2027")),
        ("interaction.called_at", json!("24:00")),
        ("interaction.called_at", json!("9:05")),
        ("interaction.duration_sec", json!(-1)),
        ("interaction.duration_sec", Value::Null),
        ("interaction.recording", json!("1.mp3")),
        ("interaction.language", json!("हिन्दी")),
        ("interaction.duplicate", json!("NO")),
        ("interaction.note", json!("x".repeat(501))),
        ("interaction.custom", json!([])),
        ("interaction.mood", json!("GOOD")),
    ];
    for (field, value) in &cases {
        let mut change = least("C-1");
        *field.split('.').fold(&mut change, |object, name| &mut object[name]) = value.clone();
        let (status, error) = answer(patch(&ridgeline, 7, &change)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} = {value}");
        let named: Vec<_> = error["error"]["fields"].as_object().unwrap().keys().collect();
        assert_eq!(named, [field], "{field} = {value}");
    }
    assert!(ridgeline.stored().is_empty());
    assert_eq!(ridgeline.counts().refused, u64::try_from(cases.len()).unwrap());
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let ridgeline = ridgeline().await;
    let change = json!({ "budget_min_lakh": 2, "budget_max_lakh": 1,
        "interaction": { "disposition": "OTHER", "visit": { "on": "01-JUL-2026" } } });
    let (status, error) = answer(patch(&ridgeline, 7, &change)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = json!({
        "budget_max_lakh": ["must not be below budget_min_lakh"],
        "interaction.call_ref": ["is required"],
        "interaction.called_at": ["is required"],
        "interaction.called_on": ["is required"],
        "interaction.disposition_text": ["must be there with OTHER, and only then"],
        "interaction.visit.at": ["is required"],
    });
    assert_eq!(error["error"]["fields"], expected);
}

#[tokio::test]
async fn headers_path_and_method_are_checked() {
    let ridgeline = ridgeline().await;
    let blank = |method, id| client().request(method, format!("{}/v2/{id}", ridgeline.origin()));
    let plain = request(&ridgeline, Method::PATCH, "R-1").header("If-Match", "\"v7\"");
    let cases = [
        (blank(Method::GET, "prospects/R-1"), 401, "BAD_API_KEY"),
        (
            blank(Method::GET, "prospects/R-1").header("X-Api-Key", "k3y2"),
            401,
            "BAD_API_KEY",
        ),
        (
            blank(Method::GET, "people").header("X-Api-Key", "k3y"),
            404,
            "NO_SUCH_PAGE",
        ),
        (request(&ridgeline, Method::GET, "R-9"), 404, "PROSPECT_NOT_FOUND"),
        (request(&ridgeline, Method::POST, "R-1"), 405, "BAD_METHOD"),
        (
            request(&ridgeline, Method::PATCH, "R-1").json(&least("C-1")),
            428,
            "VERSION_MISSING",
        ),
        (plain.try_clone().unwrap().body("{}"), 415, "BAD_MEDIA_TYPE"),
        (
            plain.header("Content-Type", "application/json").body("{"),
            400,
            "BAD_JSON",
        ),
        (patch(&ridgeline, 7, &json!([])), 422, "INVALID"),
    ];
    for (request, status, code) in cases {
        let (got, error) = answer(request).await;
        assert_eq!((got.as_u16(), &error["error"]["code"]), (status, &json!(code)));
    }
    assert!(ridgeline.stored().is_empty());
}
