//! The API as a whole: everything described, every error a problem. What the routes do over a store is tested end to
//! end.

use std::fmt::Write as _;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::post;
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use jackfield_clock::ManualClock;

fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let paths = description["paths"].as_object().unwrap();
    let mut found = vec![];
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

#[test]
fn the_description_has_every_route() {
    let description = serde_json::to_value(described().1).unwrap();
    let mut table = String::new();
    for (method, path, operation) in operations(&description) {
        writeln!(table, "{method:6} {path}: {}", operation["summary"].as_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    GET    /v1/adapters: List adapters, newest first.
    POST   /v1/adapters: Push an adapter.
    GET    /v1/adapters/{reference}: Show an adapter.
    GET    /v1/alerts: List alerts, newest first.
    POST   /v1/alerts/{id}/ack: Mark an alert as seen.
    GET    /v1/audit: List what was done, newest first.
    GET    /v1/audit/verify: Verify the audit trail.
    GET    /v1/breakers: List breakers by tenant.
    GET    /v1/deliveries: List deliveries, newest first.
    POST   /v1/deliveries/discard: Give up dead or reviewed deliveries.
    POST   /v1/deliveries/replay: Put dead or reviewed deliveries back to work.
    GET    /v1/deliveries/{id}: Show a delivery with its attempts.
    POST   /v1/deliveries/{id}/discard: Give up one dead or reviewed delivery.
    POST   /v1/deliveries/{id}/landed: Say that a dead or reviewed delivery landed: the destination holds it, or somebody has entered it there.
    PUT    /v1/deliveries/{id}/payload: Replace the document of a delivery in review.
    POST   /v1/releases: Apply a tenant's file to the tenant that it names.
    POST   /v1/secrets/rotate-key: Change the master key.
    GET    /v1/suppressions: List suppressions, newest first.
    GET    /v1/tenants: List tenants by name.
    GET    /v1/tenants/{tenant}: Show a tenant with its active release.
    GET    /v1/tenants/{tenant}/breaker: Show a tenant's breaker.
    POST   /v1/tenants/{tenant}/breaker: Force a tenant's breaker open or closed, or let it decide by itself again.
    GET    /v1/tenants/{tenant}/leads/{lead}: Show a lead with its deliveries.
    DELETE /v1/tenants/{tenant}/recording: End a tenant's recording and take what it holds.
    GET    /v1/tenants/{tenant}/recording: Show how a tenant's recording stands.
    POST   /v1/tenants/{tenant}/recording: Begin to record the next calls of a tenant's adapter, at the answering host.
    GET    /v1/tenants/{tenant}/releases: List a tenant's releases, newest first.
    POST   /v1/tenants/{tenant}/releases: Apply a tenant's file.
    GET    /v1/tenants/{tenant}/releases/{number}: Show one release.
    POST   /v1/tenants/{tenant}/rollback: Put an earlier release back in service.
    GET    /v1/tenants/{tenant}/secrets: List a tenant's secrets by name, never their values.
    DELETE /v1/tenants/{tenant}/secrets/{name}: Remove a secret that the active release does not use.
    PUT    /v1/tenants/{tenant}/secrets/{name}: Set a secret.
    GET    /v1/tokens: List tokens, newest first, revoked ones included.
    POST   /v1/tokens: Make a token.
    DELETE /v1/tokens/{id}: Revoke a token.
    ");
}

#[test]
fn every_operation_says_how_it_fails_and_what_it_takes() {
    let description = serde_json::to_value(described().1).unwrap();
    for (method, path, operation) in operations(&description) {
        let failure = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert_eq!(
            failure["schema"]["$ref"], "#/components/schemas/ProblemBody",
            "{method} {path}"
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
        }
        for placeholder in path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            let named = operation["parameters"]
                .to_string()
                .contains(&format!(r#""name":"{placeholder}""#));
            assert!(named, "{method} {path} does not describe {placeholder}");
        }
    }
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let description = serde_json::to_value(described().1).unwrap();
    let text = description.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}

async fn ask(method: &str, path: &str, body: impl Into<Body>) -> (u16, Value) {
    async fn echo(extract::Json(body): extract::Json<jackfield_api::PageQuery>) -> String {
        format!("{body:?}")
    }
    async fn page(extract::Query(query): extract::Query<jackfield_api::DeliveryQuery>) -> String {
        format!("{query:?}")
    }
    let routes = Router::new().route("/echo", post(echo)).route("/page", get(page));
    let api = finish(routes, Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)));
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    let response = api.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let (status, problem) = ask("GET", "/v1/nothing", "").await;
    assert_eq!(
        (status, &problem["type"]),
        (404, &"urn:jackfield:problem:not-found".into())
    );
    assert!(problem["request_id"].as_str().unwrap().starts_with("req_"));
    let (status, problem) = ask("DELETE", "/echo", "").await;
    assert_eq!(
        (status, &problem["type"]),
        (405, &"urn:jackfield:problem:method-not-allowed".into())
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_that_says_where() {
    let (status, problem) = ask("POST", "/echo", "{\"limit\": 5,\n \"limt\": 6}").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"the body is not the JSON that is wanted here: unknown field `limt`, expected `after` or `limit` at line 2 column 7");
    let (status, problem) = ask("GET", "/page?state=lost", "").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"Failed to deserialize query string: state: `lost` is not a state; there are ready, leased, done, dead, review, discarded");
    let (status, problem) = ask("GET", "/page?tennant=a", "").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"Failed to deserialize query string: tennant: unknown field `tennant`, expected one of `tenant`, `state`, `kind`, `lead`, `key`, `reason`, `class`, `since`, `until`, `after`, `limit`");
    let (status, _) = ask("POST", "/echo", vec![b' '; BODY_LIMIT + 1]).await;
    assert_eq!(status, 413);
    assert_eq!(
        ask("POST", "/echo", "").await.0,
        200,
        "an empty body is an empty object"
    );
}
