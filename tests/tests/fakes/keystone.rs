//! keystone accepts exactly what it documents.

use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead, KeystoneStage};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::client;

async fn keystone() -> Keystone {
    let keystone = Keystone::start(KeystoneConfig::new("t0ken")).await.unwrap();
    keystone.seed(KeystoneLead::new("L-1"));
    keystone
}

fn request(keystone: &Keystone, method: Method, path: &str) -> RequestBuilder {
    client()
        .request(method, format!("{}/api/v1/{path}", keystone.origin()))
        .bearer_auth("t0ken")
}

fn put(keystone: &Keystone, body: &Value) -> RequestBuilder {
    request(keystone, Method::PUT, "leads/L-1/calls/C-1")
        .header("Idempotency-Key", "C-1")
        .json(body)
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// A call with every member.
fn full() -> Value {
    json!({
        "result": "VISIT_BOOKED",
        "result_detail": null,
        "called_at": "2026-07-01T09:05:00.000Z",
        "duration_seconds": 306,
        "recording_url": "https://storage.agent.example/1.mp3",
        "transcript_url": null,
        "do_not_disturb": false,
        "duplicate": false,
        "language": "hindi",
        "qualification": {
            "score": 82,
            "budget": { "min": 8_500_000, "max": 12_000_000, "currency": "INR" },
            "unit_type": "3BHK",
            "possession": "18_months",
            "loan_required": true,
            "purpose": "end_use",
            "nri": null
        },
        "visit": { "starts_at": "2026-07-05T11:00:00+05:30", "timezone": "Asia/Kolkata" },
        "custom": { "/qualification/floor": 12 }
    })
}

/// A call with the required members only.
fn least() -> Value {
    json!({ "result": "NO_ANSWER", "called_at": "2026-07-01T09:05:00Z", "do_not_disturb": false, "duplicate": false })
}

#[tokio::test]
async fn call_is_upserted_and_read_back() {
    let keystone = keystone().await;
    assert_eq!(
        answer(put(&keystone, &full())).await,
        (StatusCode::CREATED, json!({ "id": "KS-1", "revision": 1 }))
    );
    assert_eq!(
        answer(put(&keystone, &full())).await,
        (StatusCode::OK, json!({ "id": "KS-1", "revision": 2 }))
    );
    assert_eq!(
        answer(put(&keystone, &least())).await,
        (StatusCode::OK, json!({ "id": "KS-1", "revision": 3 }))
    );

    let mut expected = least();
    expected["id"] = json!("KS-1");
    expected["lead_id"] = json!("L-1");
    expected["call_id"] = json!("C-1");
    expected["revision"] = json!(3);
    let read = answer(request(&keystone, Method::GET, "calls/C-1")).await;
    assert_eq!(read, (StatusCode::OK, expected.clone()));
    assert_eq!(json!(keystone.stored()), json!([expected]));
    assert_eq!(
        (
            keystone.counts().writes,
            keystone.counts().refused,
            keystone.counts().requests
        ),
        (3, 0, 4)
    );
}

#[tokio::test]
async fn every_result_is_accepted() {
    let keystone = keystone().await;
    for result in [
        "VISIT_BOOKED",
        "QUALIFIED",
        "CALLBACK",
        "LOST_BUDGET",
        "LOST_LOCATION",
        "LOST_TIMELINE",
        "BOUGHT",
        "WRONG_NUMBER",
        "DO_NOT_DISTURB",
        "NO_ANSWER",
        "INVALID_NUMBER",
        "DUPLICATE",
    ] {
        let mut call = least();
        call["result"] = json!(result);
        assert!(
            put(&keystone, &call).send().await.unwrap().status().is_success(),
            "{result}"
        );
    }
    let mut call = least();
    call["result"] = json!("OTHER");
    call["result_detail"] = json!("payment_promised");
    assert!(put(&keystone, &call).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn malformed_members_are_named() {
    let keystone = keystone().await;
    let cases = [
        ("result", json!("MAYBE")),
        ("result", json!(null)),
        ("result_detail", json!("not with this result")),
        ("called_at", json!("2026-07-01T14:35:00+05:30")),
        ("called_at", json!("2026-07-01")),
        ("called_at", json!(1_782_000_000)),
        ("duration_seconds", json!(-1)),
        ("duration_seconds", json!(1.5)),
        ("duration_seconds", json!(4_294_967_296_u64)),
        ("recording_url", json!("storage.agent.example/1.mp3")),
        ("recording_url", json!("ftp://storage.agent.example/1.mp3")),
        ("transcript_url", json!("")),
        ("do_not_disturb", json!("no")),
        ("duplicate", json!(null)),
        ("language", json!(7)),
        ("qualification", json!([])),
        ("qualification.score", json!(101)),
        ("qualification.score", json!("82")),
        ("qualification.budget.min", json!(-1)),
        ("qualification.budget.max", json!(8_499_999)),
        ("qualification.budget.currency", json!("USD")),
        ("qualification.budget.exact", json!(1)),
        ("qualification.unit_type", json!(3)),
        ("qualification.possession", json!(18)),
        ("qualification.loan_required", json!("yes")),
        ("qualification.purpose", json!(true)),
        ("qualification.nri", json!(0)),
        ("qualification.floor", json!(12)),
        ("visit", json!("2026-07-05T11:00:00+05:30")),
        ("visit.starts_at", json!("2026-07-05T11:00:00")),
        ("visit.starts_at", json!("2026-07-05 11:00")),
        ("visit.timezone", json!("IST")),
        ("visit.timezone", json!("+05:30")),
        ("visit.timezone", json!(null)),
        ("visit.place", json!("site office")),
        ("custom", json!({ "floor": 12 })),
        ("custom", json!([])),
        ("outcome", json!("qualified")),
    ];
    for (field, value) in &cases {
        let mut call = full();
        *member(&mut call, field) = value.clone();
        let (status, error) = answer(put(&keystone, &call)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field} = {value}");
        let named: Vec<_> = error["error"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| &each["field"])
            .collect();
        assert_eq!(named, [field], "{field} = {value}");
    }
    assert!(keystone.stored().is_empty());
    assert_eq!(keystone.counts().refused, u64::try_from(cases.len()).unwrap());
}

/// The member with a dotted name, created if it is missing.
fn member<'a>(call: &'a mut Value, dotted: &str) -> &'a mut Value {
    dotted.split('.').fold(call, |object, name| &mut object[name])
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let keystone = keystone().await;
    let (status, error) = answer(put(&keystone, &json!({ "result": "OTHER", "result_detail": "" }))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        error["error"],
        json!({
            "code": "invalid_fields",
            "message": "4 invalid field(s)",
            "fields": [
                { "field": "result_detail", "message": "required when result is OTHER" },
                { "field": "called_at", "message": "required" },
                { "field": "do_not_disturb", "message": "required" },
                { "field": "duplicate", "message": "required" },
            ]
        })
    );
}

#[tokio::test]
async fn headers_path_and_method_are_checked() {
    let keystone = keystone().await;
    let call = |path| request(&keystone, Method::PUT, path);
    let cases = [
        (
            call("leads/L-1/calls/C-1").json(&least()),
            400,
            "idempotency_key_mismatch",
        ),
        (
            call("leads/L-1/calls/C-1")
                .header("Idempotency-Key", "C-2")
                .json(&least()),
            400,
            "idempotency_key_mismatch",
        ),
        (
            call("leads/L-1/calls/C-1")
                .header("Idempotency-Key", "C-1")
                .body(least().to_string()),
            415,
            "unsupported_media_type",
        ),
        (
            call("leads/L-1/calls/C-1")
                .header("Idempotency-Key", "C-1")
                .header("Content-Type", "application/json")
                .body("{"),
            400,
            "malformed_json",
        ),
        (
            call("leads/L-9/calls/C-1")
                .header("Idempotency-Key", "C-1")
                .json(&least()),
            404,
            "lead_not_found",
        ),
        (put(&keystone, &json!([])), 422, "invalid_fields"),
        (request(&keystone, Method::GET, "leads/L-9"), 404, "lead_not_found"),
        (request(&keystone, Method::GET, "calls/C-1"), 404, "call_not_found"),
        (request(&keystone, Method::POST, "calls/C-1"), 405, "method_not_allowed"),
        (request(&keystone, Method::GET, "people"), 404, "not_found"),
        (
            client().get(format!("{}/api/v1/leads/L-1", keystone.origin())),
            401,
            "unauthorized",
        ),
        (
            client()
                .get(format!("{}/api/v1/leads/L-1", keystone.origin()))
                .bearer_auth("t0ken2"),
            401,
            "unauthorized",
        ),
        (
            client()
                .get(format!("{}/api/v1/leads/L-1", keystone.origin()))
                .basic_auth("t0ken", None::<&str>),
            401,
            "unauthorized",
        ),
    ];
    for (request, status, code) in cases {
        let (got, error) = answer(request).await;
        assert_eq!((got.as_u16(), &error["error"]["code"]), (status, &json!(code)));
        assert!(error["error"]["fields"].is_array(), "{code}");
    }
    assert!(keystone.stored().is_empty());
}

#[tokio::test]
async fn lead_is_read_and_do_not_disturb_persists() {
    let keystone = keystone().await;
    let fresh = json!({ "id": "L-1", "stage": "new", "may_call": true, "do_not_disturb": false,
        "human_contacted": false,
        "last_call_at": null });
    assert_eq!(
        answer(request(&keystone, Method::GET, "leads/L-1")).await,
        (StatusCode::OK, fresh)
    );

    let mut call = least();
    call["result"] = json!("DO_NOT_DISTURB");
    call["do_not_disturb"] = json!(true);
    answer(put(&keystone, &call)).await;
    let lead = answer(request(&keystone, Method::GET, "leads/L-1")).await.1;
    assert_eq!(
        (&lead["stage"], &lead["may_call"], &lead["do_not_disturb"]),
        (&json!("dnd"), &json!(false), &json!(true))
    );
}

#[tokio::test]
async fn ids_are_percent_decoded() {
    let keystone = keystone().await;
    keystone.seed(KeystoneLead {
        stage: KeystoneStage::Won,
        ..KeystoneLead::new("a/b ज")
    });
    let lead = answer(request(&keystone, Method::GET, "leads/a%2Fb%20%E0%A4%9C")).await;
    assert_eq!((lead.0, &lead.1["stage"]), (StatusCode::OK, &json!("won")));
}
