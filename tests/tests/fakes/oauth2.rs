//! The token server accepts exactly what it documents.

use std::time::Duration;

use jackfield_tests::fakes::{AcceptedClientAuth, BadTokenResponse, IssuedTokens, OAuth2, OAuth2Config, ServerClock};
use reqwest::StatusCode;
use serde_json::Value;

use super::client;

async fn server(client_auth: AcceptedClientAuth) -> (OAuth2, IssuedTokens) {
    let now = ServerClock::fixed("2026-07-01T09:00:00Z".parse().unwrap());
    let book = IssuedTokens::new(now, "R-1", Some(Duration::from_mins(5)));
    let config = OAuth2Config {
        client_auth,
        scope: Some("calls.write".into()),
        ..OAuth2Config::new("a client", "s+cret", book.clone())
    };
    (OAuth2::start(config).await.unwrap(), book)
}

/// Posts a form, with the client's credentials in the header unless the form has them; returns the status and the error
/// or the token.
async fn post(server: &OAuth2, form: &str) -> (StatusCode, String) {
    let request = client()
        .post(format!("{}/token", server.origin()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    let request = if form.contains("client_id") {
        request
    } else {
        request.basic_auth("a%20client", Some("s%2Bcret"))
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    let text = body.get("error").or(body.get("access_token")).unwrap();
    (status, text.as_str().unwrap().to_owned())
}

const CLIENT: &str = "grant_type=client_credentials&scope=calls.write";

#[tokio::test]
async fn client_gets_tokens_that_expire() {
    let (server, book) = server(AcceptedClientAuth::Basic).await;
    assert_eq!(post(&server, CLIENT).await, (StatusCode::OK, "access-canary-1".into()));
    assert!(book.is_valid("access-canary-1") && !book.is_valid("access-canary-2"));
    book.revoke_access_tokens();
    assert!(!book.is_valid("access-canary-1"));
    book.set_lifetime(Some(Duration::ZERO));
    let _ = post(&server, CLIENT).await;
    assert!(!book.is_valid("access-canary-2"), "it expired at once");
    assert_eq!((book.issued(), server.stored().len()), (2, 2));
}

#[tokio::test]
async fn invalid_requests_are_refused() {
    let (server, book) = server(AcceptedClientAuth::Basic).await;
    let cases = [
        ("grant_type=password&scope=calls.write", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=leads.read", 400, "invalid_scope"),
        ("scope=calls.write", 400, "invalid_request"),
        (
            "grant_type=client_credentials&scope=calls.write&scope=calls.write",
            400,
            "invalid_request",
        ),
        (
            "grant_type=client_credentials&scope=calls.write&more=1",
            400,
            "invalid_request",
        ),
        ("grant_type=refresh_token&scope=calls.write", 400, "invalid_request"),
        (
            "grant_type=refresh_token&scope=calls.write&refresh_token=R-0",
            400,
            "invalid_grant",
        ),
        (
            "grant_type=client_credentials&scope=calls.write&client_id=a+client&client_secret=s%2Bcret",
            401,
            "invalid_client",
        ),
    ];
    for (form, status, error) in cases {
        let (found, text) = post(&server, form).await;
        assert_eq!((found.as_u16(), text.as_str()), (status, error), "{form}");
    }
    assert_eq!((book.issued(), server.counts().refused), (0, 9));
}

#[tokio::test]
async fn client_secret_has_one_accepted_place() {
    // The client's secret is accepted only in the configured place, the body or the header.
    let (server, _) = server(AcceptedClientAuth::Body).await;
    let with = |secret: &str| format!("{CLIENT}&client_id=a+client&client_secret={secret}");
    assert_eq!(post(&server, &with("s%2Bcret")).await.0, StatusCode::OK);
    assert_eq!(post(&server, &with("wrong")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(post(&server, CLIENT).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn basic_credentials_have_one_encoding() {
    // Each server accepts one encoding, and the default one only what every decoder reads alike.
    let cases = [
        (AcceptedClientAuth::Basic, "a%20client", "s%2Bcret", true),
        (AcceptedClientAuth::Basic, "a+client", "s%2Bcret", false),
        (AcceptedClientAuth::Basic, "a client", "s+cret", false),
        (AcceptedClientAuth::PlainBasic, "a client", "s+cret", true),
        (AcceptedClientAuth::PlainBasic, "a%20client", "s%2Bcret", false),
        (AcceptedClientAuth::Public, "a client", "s+cret", false),
    ];
    for (accepted, id, secret, is_known) in cases {
        let (server, _) = server(accepted).await;
        let request = client()
            .post(format!("{}/token", server.origin()))
            .header("content-type", "application/x-www-form-urlencoded")
            .basic_auth(id, Some(secret))
            .body(CLIENT);
        let status = request.send().await.unwrap().status();
        assert_eq!(status == StatusCode::OK, is_known, "{accepted:?} {id}:{secret}");
    }
    let (server, _) = server(AcceptedClientAuth::Public).await;
    let form = format!("{CLIENT}&client_id=a+client");
    assert_eq!(post(&server, &form).await.0, StatusCode::OK);
    assert_eq!(
        post(&server, &format!("{form}&client_secret=s%2Bcret")).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn resources_must_be_the_configured_ones() {
    let (plain, book) = server(AcceptedClientAuth::Basic).await;
    let first = format!("{CLIENT}&resource=urn%3Aa");
    assert_eq!(post(&plain, &first).await.1, "invalid_target");
    let config = OAuth2Config {
        resources: vec!["urn:a".into(), "urn:b".into()],
        scope: Some("calls.write".into()),
        ..OAuth2Config::new("a client", "s+cret", book)
    };
    let server = OAuth2::start(config).await.unwrap();
    assert_eq!(post(&server, &first).await.1, "invalid_target");
    assert_eq!(
        post(&server, &format!("{first}&resource=urn:b")).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn reused_refresh_token_revokes_the_grant() {
    let (server, book) = server(AcceptedClientAuth::Basic).await;
    let refresh = |token: &str| format!("grant_type=refresh_token&scope=calls.write&refresh_token={token}");
    assert_eq!(post(&server, &refresh("R-1")).await.0, StatusCode::OK);
    let next = book.refresh_token();
    assert_ne!(next, "R-1");
    assert_eq!(post(&server, &refresh("R-1")).await.1, "invalid_grant");
    assert!(book.is_revoked() && !book.is_valid("access-canary-1"));
    assert_eq!(post(&server, &refresh(&next)).await.1, "invalid_grant");
    book.replace_grant("R-9");
    assert_eq!(post(&server, &refresh("R-9")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn bad_responses_are_counted_down() {
    let (server, book) = server(AcceptedClientAuth::Basic).await;
    book.fail_next(1, BadTokenResponse::Error("invalid_grant"));
    assert_eq!(post(&server, CLIENT).await.1, "invalid_grant");
    book.fail_next(1, BadTokenResponse::Huge);
    assert_eq!(post(&server, CLIENT).await.1.len(), 100_000);
    assert_eq!(post(&server, CLIENT).await.1, "access-canary-1");
}
