//! atrium accepts exactly what it documents.

use jackfield_tests::fakes::{Atrium, AtriumConfig, AtriumLead, Behaviour, Mode};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::client;

const LOG: &str = "mutation Log($input: CallInput!) { logCall(input: $input) { activity { id } followUp } }";
const LEAD: &str = "query Lead($id: ID!) { lead(id: $id) { id contactable consent { doNotContact } lastCall { at } } }";
const FIND: &str = "query Find($of: String!) { activities(callReference: $of, first: 1) { nodes { id leadId } } }";

async fn atrium() -> Atrium {
    let atrium = Atrium::start(AtriumConfig::new("t0ken")).await.unwrap();
    atrium.seed(AtriumLead::new("L-1"));
    atrium
}

fn request(atrium: &Atrium, method: Method, path: &str) -> RequestBuilder {
    client()
        .request(method, format!("{}{path}", atrium.origin()))
        .bearer_auth("t0ken")
}

async fn ask(atrium: &Atrium, query: &str, variables: Value) -> (u16, Value) {
    let body = json!({ "query": query, "variables": variables });
    let request = request(atrium, Method::POST, "/graphql").json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn least() -> Value {
    json!({ "leadId": "L-1", "callReference": "C-1", "outcome": "UNANSWERED", "occurredAt": "2026-07-01T09:00:00Z",
        "doNotContact": false, "duplicate": false })
}

/// A call with every member.
fn full() -> Value {
    let mut call = least();
    let more = json!({
        "outcome": "OTHER", "outcomeNote": "पेंटहाउस", "durationSeconds": 306, "recordingUrl": "https://a.example/1",
        "transcriptUrl": "https://a.example/2", "language": "hindi", "score": 100,
        "budget": { "min": "0.00", "max": "9223372036854775807.00" }, "unitType": "THREE_BHK",
        "possession": "18_months", "loanNeeded": true, "purpose": "SELF_USE", "nonResident": false,
        "visit": { "date": "2028-02-29", "time": "00:00", "zone": "Asia/Kolkata" },
        "notes": [{ "label": "a", "text": "b" }]
    });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

#[tokio::test]
async fn calls_are_logged_and_found_by_reference() {
    let atrium = atrium().await;
    for (n, call) in [full(), least()].into_iter().enumerate() {
        let made =
            json!({ "data": { "logCall": { "activity": { "id": format!("ACT-{}", n + 1) }, "followUp": null } } });
        assert_eq!(ask(&atrium, LOG, json!({ "input": call })).await, (200, made));
    }
    assert_eq!(json!(atrium.stored()[0].input), full());
    let found = json!({ "data": { "activities": { "nodes": [{ "id": "ACT-1", "leadId": "L-1" }] } } });
    assert_eq!(ask(&atrium, FIND, json!({ "of": "C-1" })).await, (200, found));
    let absent = json!({ "data": { "activities": { "nodes": [] } } });
    assert_eq!(ask(&atrium, FIND, json!({ "of": "C-2" })).await, (200, absent));
    let lead = ask(&atrium, LEAD, json!({ "id": "L-1" })).await.1;
    assert_eq!(lead["data"]["lead"]["lastCall"]["at"], "2026-07-01T09:00:00Z");
    assert_eq!((atrium.counts().writes, atrium.counts().refused), (2, 0));
}

#[tokio::test]
async fn malformed_members_are_named_by_path() {
    let atrium = atrium().await;
    let cases = [
        ("leadId", json!(7)),
        ("callReference", json!("")),
        ("callReference", json!("x".repeat(256))),
        ("outcome", json!("MAYBE")),
        ("outcomeNote", json!("")),
        ("occurredAt", json!("2026-07-01T14:30:00+05:30")),
        ("occurredAt", json!("2026-07-01")),
        ("durationSeconds", json!(-1)),
        ("durationSeconds", json!(2_147_483_648_u32)),
        ("durationSeconds", json!("306")),
        ("recordingUrl", json!("ftp://a.example")),
        ("transcriptUrl", json!("")),
        ("doNotContact", json!(null)),
        ("duplicate", json!("no")),
        ("score", json!(101)),
        ("budget.min", json!(8_500_000)),
        ("budget.min", json!("-1.00")),
        ("budget.max", json!("1")),
        ("budget.max", json!("01.00")),
        ("budget.exact", json!("1.00")),
        ("unitType", json!("3BHK")),
        ("purpose", json!("end_use")),
        ("visit.date", json!("2026-02-29")),
        ("visit.time", json!("24:30")),
        ("visit.time", json!("11:00:00")),
        ("visit.zone", json!("IST")),
        ("notes", json!([{ "label": "a" }])),
        ("notes", json!([{ "label": "a", "text": "" }])),
        ("nonResident", json!("no")),
        ("mood", json!(1)),
    ];
    for (path, value) in &cases {
        let mut call = full();
        *path.split('.').fold(&mut call, |object, name| &mut object[name]) = value.clone();
        let (status, answer) = ask(&atrium, LOG, json!({ "input": call })).await;
        let error = &answer["errors"][0]["extensions"];
        assert_eq!(
            (status, &error["code"]),
            (200, &json!("VALIDATION")),
            "{path} = {value}"
        );
        let named: Vec<_> = error["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["path"])
            .collect();
        assert_eq!(named, [&json!(format!("input.{path}"))], "{path} = {value}");
        assert_eq!(answer["data"], json!({ "logCall": null }));
    }
    assert!(atrium.stored().is_empty());
    assert_eq!(atrium.counts().refused, u64::try_from(cases.len()).unwrap());
}

#[tokio::test]
async fn unknown_graphql_is_refused() {
    let atrium = atrium().await;
    for (query, variables) in [
        ("{ lead { id } }", json!({})),
        ("query Q { leads { id } }", json!({})),
        ("query Q { lead { id } }", json!({})),
        ("mutation M($id: ID!) { lead(id: $id) { id } }", json!({ "id": "L-1" })),
        (
            "query Q($id: ID!) { lead(id: $id) { id phone } }",
            json!({ "id": "L-1" }),
        ),
        (
            "query Q($id: ID!) { lead(id: $id) { consent } }",
            json!({ "id": "L-1" }),
        ),
        (
            "query Q($id: ID!) { lead(id: $id) { id { x } } }",
            json!({ "id": "L-1" }),
        ),
        ("query Q($id: String!) { lead(id: $id) { id } }", json!({ "id": "L-1" })),
        ("query Q($id: ID!) { lead(id: $id) { id } }", json!({})),
        (
            "query Q($id: ID!) { lead(id: $id) { id } }",
            json!({ "id": "L-1", "more": 1 }),
        ),
        (
            "query Q($id: ID!, $n: Int) { lead(id: $id) { id } }",
            json!({ "id": "L-1" }),
        ),
        (LOG, json!({ "input": "C-1" })),
    ] {
        let (status, answer) = ask(&atrium, query, variables).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!((status, code), (400, &json!("GRAPHQL_VALIDATION_FAILED")), "{query}");
    }
    assert_eq!(atrium.counts().refused, 12);
}

#[tokio::test]
async fn only_gateway_errors_are_http_statuses() {
    // Errors of the gateway are HTTP statuses; atrium's own are GraphQL errors under 200.
    let atrium = atrium().await;
    let body = json!({ "query": LEAD, "variables": { "id": "L-1" } });
    let post = |path| request(&atrium, Method::POST, path);
    let bare = client().post(format!("{}/graphql", atrium.origin()));
    for (request, status) in [
        (post("/").json(&body), 404),
        (post("/graphql/").json(&body), 404),
        (request(&atrium, Method::GET, "/graphql"), 405),
        (bare.json(&body), 401),
        (post("/graphql").body(body.to_string()), 415),
        (post("/graphql").json(&json!({ "query": LEAD, "more": 1 })), 400),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "text/plain");
    }
    let wrong = client()
        .post(format!("{}/graphql", atrium.origin()))
        .bearer_auth("t0ken2");
    let answer = wrong.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn partial_answers_and_do_not_contact() {
    let atrium = atrium().await;
    let unknown = ask(&atrium, LEAD, json!({ "id": "L-9" })).await.1;
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "NOT_FOUND");
    assert_eq!(unknown["data"], json!({ "lead": null }));

    atrium.seed(AtriumLead {
        consent_unknown: true,
        follow_up_fails: true,
        ..AtriumLead::new("L-2")
    });
    let part = ask(&atrium, LEAD, json!({ "id": "L-2" })).await.1;
    assert_eq!(part["data"]["lead"]["consent"], Value::Null);
    assert_eq!(part["errors"][0]["path"], json!(["lead", "consent"]));
    let mut call = least();
    call["leadId"] = json!("L-2");
    let part = ask(&atrium, LOG, json!({ "input": call })).await.1;
    assert_eq!(part["data"]["logCall"]["activity"]["id"], "ACT-1");
    assert_eq!(part["errors"][0]["extensions"]["code"], "INTERNAL");

    let mut call = least();
    call["doNotContact"] = json!(true);
    let _ = ask(&atrium, LOG, json!({ "input": call })).await;
    let lead = &ask(&atrium, LEAD, json!({ "id": "L-1" })).await.1["data"]["lead"];
    assert_eq!(
        (&lead["contactable"], &lead["consent"]["doNotContact"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn misbehaviour_uses_its_own_errors() {
    let atrium = atrium().await;
    for (behaviour, code, stored) in [
        (Behaviour::next(1, Mode::RateLimited).retry_after(7), "THROTTLED", 0),
        (Behaviour::next(1, Mode::Maintenance), "MAINTENANCE", 0),
        (Behaviour::next(1, Mode::FailAfterStore), "INTERNAL", 1),
    ] {
        atrium.behave(behaviour);
        let (status, answer) = ask(&atrium, LOG, json!({ "input": least() })).await;
        assert_eq!((status, &answer["data"]), (200, &Value::Null));
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], code);
        assert_eq!(extensions.get("retryAfter"), (code == "THROTTLED").then_some(&json!(7)));
        assert_eq!(atrium.stored().len(), stored, "{code}");
    }
}
