//! Credentials that are more than a fixed header: a parameter of the URL, and access tokens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jackfield_clock::{Clock as _, SharedClock};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_domain::tenant::oauth2::TokenProblem;
use jackfield_sandbox::{CredentialSecret, CredentialSecrets, Invocation, LoadedRelease, OAuth2Session};
use jackfield_tests::documents::minimal_disposition;
use tokio::sync::mpsc;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, fault, id, report, without_reason};

const KEY: &str = "canary/key+1=";

/// A release of keystone with one credential.
async fn keystone(test: &TestRuntime, origin: &str, credential: &str, secret: CredentialSecret) -> LoadedRelease {
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         [[credentials]]\nname = \"crm\"\nsecret = {{ env = \"X\" }}\norigins = [\"{origin}\"]\n{credential}"
    );
    let secrets = CredentialSecrets {
        by_name: HashMap::from([("crm".to_owned(), secret)]),
        ca: None,
    };
    test.try_load("keystone", &spec, secrets).await.unwrap()
}

async fn with_key(test: &TestRuntime, server: &Server) -> LoadedRelease {
    let kind = "kind = \"query\"\nparameter = \"api_key\"";
    keystone(
        test,
        &server.origin,
        kind,
        CredentialSecret::Text(Sensitive::new(KEY.into())),
    )
    .await
}

fn lead(stage: &str) -> String {
    serde_json::json!({
        "id": "KL-1", "stage": stage, "may_call": true, "do_not_disturb": false, "human_contacted": false,
        "last_call_at": null,
    })
    .to_string()
}

async fn write(test: &TestRuntime, loaded: &LoadedRelease) -> Invocation<String> {
    let disposition = Disposition::read(id("KL-1"), minimal_disposition("C-1", "no_answer")).unwrap();
    loaded
        .write(&disposition, test.clock.now(), &"C-1".parse().unwrap())
        .await
}

#[tokio::test]
async fn url_key_is_sent_and_never_seen() {
    // The key goes into the URL, and an answer that echoes it is withheld.
    let echo = |request: &str| Reply::json(&lead(request.split(' ').nth(1).unwrap()));
    let (test, server) = (TestRuntime::new(), Server::start(echo).await);
    let loaded = with_key(&test, &server).await;
    let fault = fault(&loaded, "KL-1").await;
    let request = server.requests().pop().unwrap();
    let line = request.lines().next().unwrap();
    assert_eq!(line, "GET /api/v1/leads/KL-1?api_key=canary%2Fkey%2B1%3D HTTP/1.1");
    assert_eq!(fault.cause, FaultCause::SecretEcho);
}

#[tokio::test]
async fn url_key_is_in_no_error() {
    let test = TestRuntime::new();
    let replies: [fn(&str) -> Reply; 2] = [
        |_| Reply::HangUp,
        |_| Reply::Cut(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".into()),
    ];
    for reply in replies {
        let server = Server::start(reply).await;
        let invocation = with_key(&test, &server).await.query_status(&id("KL-1")).await;
        assert!(invocation.outcome.is_err());
        assert!(!format!("{invocation:?}").contains("canary"), "{invocation:?}");
        assert!(server.requests()[0].contains("canary%2Fkey"));
    }
}

/// A session whose first token is valid for an hour, and whose renewals the test carries out.
fn session(test: &TestRuntime) -> (Arc<OAuth2Session>, mpsc::Receiver<()>) {
    let clock: SharedClock = Arc::new(test.clock.clone());
    let (session, orders) = OAuth2Session::new(clock);
    renew(test, &session, "access-canary-1");
    (session, orders)
}

fn renew(test: &TestRuntime, session: &OAuth2Session, token: &str) {
    let hour = Duration::from_hours(1);
    session.renewed(&Sensitive::new(token.into()), test.clock.now(), Some(hour));
}

async fn with_session(test: &TestRuntime, server: &Server, session: &Arc<OAuth2Session>) -> LoadedRelease {
    let kind = "kind = \"oauth2\"\noauth2 = { token_url = \"https://login.example/token\", client_id = \"x\" }";
    let secret = CredentialSecret::Session {
        session: Arc::clone(session),
        client_secret: Some(Sensitive::new("client-canary".into())),
    };
    keystone(test, &server.origin, kind, secret).await
}

/// Answers requests with this token, and 401 to all others.
fn accepting(token: &'static str, answer: impl Fn() -> String + Send + Sync + 'static) -> impl Fn(&str) -> Reply {
    move |request| {
        if request.contains(&format!("authorization: Bearer {token}\r\n")) {
            Reply::json(&answer())
        } else {
            Reply::Answer(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".into())
        }
    }
}

fn receipt() -> String {
    r#"{"id":"KC-9","call_id":"C-1"}"#.into()
}

#[tokio::test]
async fn refused_token_is_renewed_and_resent() {
    // A refused token is renewed and the write sent once more; the adapter does not notice.
    let (test, server) = (
        TestRuntime::new(),
        Server::start(accepting("access-canary-2", receipt)).await,
    );
    let (session, mut orders) = session(&test);
    let loaded = with_session(&test, &server, &session).await;
    let (invocation, ()) = tokio::join!(write(&test, &loaded), async {
        orders.recv().await.unwrap();
        renew(&test, &session, "access-canary-2");
    });
    assert_eq!(invocation.outcome, Ok("KC-9".into()));
    assert_eq!(
        (invocation.http_requests, invocation.http_status, invocation.sent),
        (2, Some(200), true)
    );
    let requests = server.requests();
    let without_token = |request: &String| {
        let lines = request.lines().filter(|line| !line.starts_with("authorization"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        without_token(&requests[0]),
        without_token(&requests[1]),
        "the same write"
    );
}

#[tokio::test]
async fn second_refusal_reaches_the_adapter() {
    // A second refusal reaches the adapter, and so does a renewal that fails.
    for fails in [true, false] {
        let (test, server) = (TestRuntime::new(), Server::start(accepting("none", receipt)).await);
        let (session, mut orders) = session(&test);
        let loaded = with_session(&test, &server, &session).await;
        let (invocation, ()) = tokio::join!(write(&test, &loaded), async {
            orders.recv().await.unwrap();
            if fails {
                session.failed(TokenProblem::NoResponse, None, 0.0);
            } else {
                renew(&test, &session, "access-canary-2");
            }
        });
        assert_eq!(without_reason(invocation.outcome), Err(Failure::Unauthorized(None)));
        assert_eq!(invocation.http_requests, if fails { 1 } else { 2 });
        assert!(orders.try_recv().is_err(), "one renewal");
    }
}

#[tokio::test]
async fn timeout_before_renewal_wrote_nothing() {
    // An invocation that runs out of time before the renewal has written nothing.
    let (test, server) = (TestRuntime::new(), Server::start(accepting("none", receipt)).await);
    let (session, mut orders) = session(&test);
    let loaded = with_session(&test, &server, &session).await;
    let (invocation, ()) = tokio::join!(write(&test, &loaded), async {
        orders.recv().await.unwrap();
        test.run_out_of_time(Duration::from_secs(10));
    });
    assert!(invocation.outcome.is_err());
    assert_eq!(
        (invocation.sent, invocation.http_requests),
        (false, 1),
        "the CRM refused it, so it was not carried out"
    );
}

#[tokio::test]
async fn without_token_nothing_is_sent() {
    // Without a token nothing is sent, and the adapter says unavailable.
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let clock: SharedClock = Arc::new(test.clock.clone());
    let (session, mut orders) = OAuth2Session::new(clock);
    let loaded = with_session(&test, &server, &session).await;
    let (invocation, ()) = tokio::join!(write(&test, &loaded), async {
        orders.recv().await.unwrap();
        session.failed(TokenProblem::Unreachable, None, 0.0);
    });
    assert_eq!(without_reason(invocation.outcome), Err(Failure::Unavailable(None)));
    assert_eq!((invocation.sent, invocation.http_requests), (false, 0));
    drop(orders);
    test.clock.advance(Duration::from_secs(2));
    let invocation = write(&test, &loaded).await;
    assert_eq!(
        without_reason(invocation.outcome),
        Err(Failure::Unavailable(None)),
        "nothing renews the token any more, so nothing waits for it"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn answers_with_session_secrets_are_withheld() {
    let test = TestRuntime::new();
    let (session, _orders) = session(&test);
    session.remember(&Sensitive::new("refresh-canary-7".into()));
    for secret in ["access-canary-1", "client-canary", "refresh-canary-7"] {
        let server = Server::start(accepting("access-canary-1", move || lead(secret))).await;
        let loaded = with_session(&test, &server, &session).await;
        assert_eq!(fault(&loaded, "KL-1").await.cause, FaultCause::SecretEcho, "{secret}");
    }
    let server = Server::start(accepting("access-canary-1", || lead("nothing"))).await;
    let loaded = with_session(&test, &server, &session).await;
    assert_eq!(report(&loaded, "KL-1").await.unwrap(), "nothing");
    assert!(!format!("{session:?}{loaded:?}").contains("canary"));
}
