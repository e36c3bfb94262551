//! The API as a whole: its description is complete, and every error is a problem. End-to-end tests cover what the
//! routes do with a store.

use std::fmt::Write as _;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::post;
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::observe::failures::StoreFailureLog;
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
fn description_lists_every_route() {
    let description = serde_json::to_value(documented_routes().1).unwrap();
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
    GET    /v1/audit: List the audit trail, newest first.
    GET    /v1/audit/verify: Verify the audit trail.
    GET    /v1/breakers: List breakers by tenant.
    GET    /v1/deliveries: List deliveries, newest first.
    POST   /v1/deliveries/discard: Discard dead deliveries or those in review.
    POST   /v1/deliveries/replay: Replay dead deliveries or those in review.
    GET    /v1/deliveries/{id}: Show a delivery with its attempts.
    POST   /v1/deliveries/{id}/discard: Discard one delivery that is dead or in review.
    POST   /v1/deliveries/{id}/landed: Mark a delivery that is dead or in review as landed: the destination holds it, or somebody entered it by hand.
    PUT    /v1/deliveries/{id}/payload: Replace the document of a delivery in review.
    POST   /v1/releases: Apply a tenant's file to the tenant that it names.
    POST   /v1/secrets/rotate-key: Replace the master key.
    GET    /v1/suppressions: List suppressions, newest first.
    GET    /v1/tenants: List tenants by name.
    GET    /v1/tenants/{tenant}: Show a tenant with its active release.
    GET    /v1/tenants/{tenant}/breaker: Show a tenant's breaker.
    POST   /v1/tenants/{tenant}/breaker: Force a tenant's breaker open or closed, or let it decide by itself again.
    GET    /v1/tenants/{tenant}/leads/{lead}: Show a lead with its deliveries.
    DELETE /v1/tenants/{tenant}/recording: End a tenant's recording and return its fixtures.
    GET    /v1/tenants/{tenant}/recording: Show the status of a tenant's recording.
    POST   /v1/tenants/{tenant}/recording: Begin to record the next invocations of a tenant's adapter, at the answering host.
    GET    /v1/tenants/{tenant}/releases: List a tenant's releases, newest first.
    POST   /v1/tenants/{tenant}/releases: Apply a tenant's file.
    GET    /v1/tenants/{tenant}/releases/{number}: Show one release.
    POST   /v1/tenants/{tenant}/rollback: Activate an earlier release again.
    GET    /v1/tenants/{tenant}/secrets: List a tenant's secrets by name, never their values.
    DELETE /v1/tenants/{tenant}/secrets/{name}: Remove a secret that the active release does not use.
    PUT    /v1/tenants/{tenant}/secrets/{name}: Set a secret.
    GET    /v1/tokens: List tokens, newest first, including revoked ones.
    POST   /v1/tokens: Create a token.
    DELETE /v1/tokens/{id}: Revoke a token.
    ");
}

#[test]
fn operations_have_errors_and_parameters() {
    let description = serde_json::to_value(documented_routes().1).unwrap();
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
fn references_in_the_description_resolve() {
    let description = serde_json::to_value(documented_routes().1).unwrap();
    let text = description.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}

async fn send(method: &str, path: &str, body: impl Into<Body>) -> (u16, Value) {
    async fn echo(extract::Json(body): extract::Json<jackfield_api::PageQuery>) -> String {
        format!("{body:?}")
    }
    async fn page(extract::Query(query): extract::Query<jackfield_api::DeliveryQuery>) -> String {
        format!("{query:?}")
    }
    let routes = Router::new().route("/echo", post(echo)).route("/page", get(page));
    let clock: SharedClock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let requests = RequestLog::new(Arc::clone(&clock), StoreFailureLog::new(clock));
    let api = with_fallbacks_and_layers(routes, requests);
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    let response = api.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let (status, problem) = send("GET", "/v1/nothing", "").await;
    assert_eq!(
        (status, &problem["type"]),
        (404, &"urn:jackfield:problem:not-found".into())
    );
    assert!(problem["request_id"].as_str().unwrap().starts_with("req_"));
    let (status, problem) = send("DELETE", "/echo", "").await;
    assert_eq!(
        (status, &problem["type"]),
        (405, &"urn:jackfield:problem:method-not-allowed".into())
    );
}

#[tokio::test]
async fn unreadable_requests_are_problems() {
    let (status, problem) = send("POST", "/echo", "{\"limit\": 5,\n \"limt\": 6}").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"the body is not the JSON that this path expects: line 2, column 7: unknown field `limt`, expected `after` or `limit`");
    let (status, problem) = send("GET", "/page?state=lost", "").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"the query cannot be read: state: `…` is not a state; there are ready, leased, done, dead, review, discarded");
    let (status, problem) = send("GET", "/page?tennant=a", "").await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(problem["detail"].as_str().unwrap(), @"the query cannot be read: unknown field `tennant`, expected one of `tenant`, `state`, `kind`, `lead`, `key`, `reason`, `class`, `since`, `until`, `after`, `limit`");
    for (query, expected) in [
        (
            "limit=whsec_Y2Fu",
            "the query cannot be read: limit: must be a whole number",
        ),
        ("limit=99999999999", "the query cannot be read: limit: is too large"),
        ("limit=1&limit=2", "the query cannot be read: duplicate field `limit`"),
    ] {
        let (status, problem) = send("GET", &format!("/page?{query}"), "").await;
        assert_eq!(
            (status, problem["detail"].as_str().unwrap()),
            (400, expected),
            "{query}"
        );
    }
    let (status, _) = send("POST", "/echo", vec![b' '; BODY_LIMIT + 1]).await;
    assert_eq!(status, 413);
    assert_eq!(
        send("POST", "/echo", "").await.0,
        200,
        "an empty body is an empty object"
    );
}
