//! `http.send`, the only way out, and what may leave by it.

use std::time::Duration;

use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_sandbox::{Invocation, LoadedRelease};
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, fault, hostile, id, keystone, try_egress, without_reason, write_to};

#[tokio::test]
async fn requests_carry_the_tenants_credential() {
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::json(&lead("new"))).await);
    let loaded = keystone(&test, &server.origin).await;
    assert!(!format!("{loaded:?}").contains("canary"));

    let invocation = loaded.query_status(&id("KL-1")).await;
    assert_eq!(
        (invocation.sent, invocation.http_requests, invocation.http_status),
        (false, 1, Some(200))
    );
    let status = invocation.outcome.unwrap();
    assert_eq!((status.callable, status.status.as_str()), (true, "new"));
    let request = server.requests().pop().unwrap();
    assert!(request.starts_with("GET /api/v1/leads/KL-1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer canary-token\r\n"), "{request}");
}

fn lead(stage: &str) -> String {
    format!(
        "{{\"id\":\"KL-1\",\"stage\":\"{stage}\",\"may_call\":true,\"do_not_disturb\":false,\
         \"human_contacted\":false,\"last_call_at\":null}}"
    )
}

async fn write(loaded: &LoadedRelease) -> Invocation<String> {
    write_to(loaded, "KL-1").await
}

/// An origin on which nothing listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn echoed_credential_is_withheld() {
    let echo = |request: &str| {
        let header = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "))
            .unwrap();
        Reply::json(&lead(header))
    };
    let (test, server) = (TestRuntime::new(), Server::start(echo).await);
    let loaded = keystone(&test, &server.origin).await;
    let fault = fault(&loaded, "KL-1").await;
    assert_eq!(fault.cause, FaultCause::SecretEcho);
    assert!(
        fault.detail.contains("held a secret") && !fault.detail.contains("canary"),
        "{fault}"
    );
}

#[tokio::test]
async fn sent_flag_means_it_may_have_left() {
    // A write is marked as sent exactly when it may have left the host.
    let test = TestRuntime::new();
    let silent = Server::start(|_| Reply::HangUp).await;
    let invocation = write(&keystone(&test, &silent.origin).await).await;
    assert_eq!(
        (without_reason(invocation.outcome), invocation.sent),
        (Err(Failure::Unknown(None)), true)
    );
    let request = silent.requests().pop().unwrap();
    assert!(request.contains("idempotency-key: C-1\r\n"), "{request}");
    assert!(request.contains("\"1970-01-01T00:00:00.000Z\""), "{request}");

    let invocation = write(&keystone(&test, &nobody().await).await).await;
    assert_eq!(
        (without_reason(invocation.outcome), invocation.sent),
        (Err(Failure::Unavailable(None)), false)
    );

    let stored = Server::start(|_| Reply::json(r#"{"id":"KC-9","call_id":"C-1"}"#)).await;
    let invocation = write(&keystone(&test, &stored.origin).await).await;
    assert_eq!((invocation.outcome, invocation.sent), (Ok("KC-9".into()), true));
}

#[tokio::test]
async fn write_that_times_out_was_sent() {
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::Silence).await);
    let loaded = keystone(&test, &server.origin).await;
    let (invocation, ()) = tokio::join!(write(&loaded), async {
        server.arrival().await;
        test.run_out_of_time(Duration::from_secs(10));
    });
    assert_eq!(
        (
            without_reason(invocation.outcome),
            invocation.sent,
            invocation.out_of_time
        ),
        (Err(Failure::Unknown(None)), true, true)
    );
}

#[tokio::test]
async fn write_can_be_looked_up() {
    let (test, server) = (
        TestRuntime::new(),
        Server::start(|_| Reply::json(r#"{"id":"KC-9","call_id":"C-1"}"#)).await,
    );
    let loaded = keystone(&test, &server.origin).await;
    let invocation = loaded.find(&id("KL-1"), &"C-1".parse().unwrap()).await;
    assert_eq!((invocation.outcome, invocation.sent), (Ok(Some("KC-9".into())), false));
    assert!(server.requests()[0].starts_with("GET /api/v1/calls/C-1 "));

    let invocation = loaded.parse("text/plain", b"", Timestamp::UNIX_EPOCH).await;
    let Err(Failure::Fault(fault)) = invocation.outcome else {
        panic!("keystone parses no leads: {invocation:?}")
    };
    assert_eq!(fault.cause, FaultCause::BadOutput);
}

#[tokio::test]
async fn ungranted_origin_is_denied() {
    let server = Server::friendly().await;
    let seen = try_egress(&server, &server.origin, true, &["https://crm.example"]).await;
    assert!(seen.contains("is not granted"), "{seen}");
}

#[tokio::test]
async fn private_addresses_are_refused() {
    // Private addresses are refused, spelled out or resolved from a name.
    let server = Server::friendly().await;
    let port = server.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let origin = format!("http://{host}:{port}");
        let seen = try_egress(&server, &origin, false, &[&origin]).await;
        assert!(
            seen.starts_with("denied") && seen.contains("is not a public address"),
            "{host}: {seen}"
        );
    }
    let origin = format!("http://localhost:{port}");
    assert_eq!(try_egress(&server, &origin, true, &[&origin]).await, "answered 200");
}

#[tokio::test]
async fn send_errors_are_told_apart() {
    let answer = |reply: fn(&str) -> Reply| async move {
        let server = Server::start(reply).await;
        let seen = try_egress(&server, &server.origin, true, &[&server.origin]).await;
        seen.replace(&server.origin, "ORIGIN")
    };
    let redirect =
        |_: &str| Reply::Answer(b"HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".into());
    assert_eq!(answer(redirect).await, "answered 302");
    let seen = answer(|_| Reply::HangUp).await;
    assert!(seen.starts_with("no-answer: ORIGIN: "), "{seen}");
    let seen = answer(|_| Reply::json(&"x".repeat((2 << 20) + 1))).await;
    assert_eq!(seen, "too-large: ORIGIN: its body is larger than 2097152 bytes");
    let seen = answer(|_| Reply::Cut(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".into())).await;
    assert!(seen.starts_with("no-answer: ORIGIN: "), "{seen}");
    let nobody = nobody().await;
    let seen = try_egress(&Server::friendly().await, &nobody, true, &[&nobody]).await;
    assert!(seen.starts_with(&format!("unreachable: {nobody}: ")), "{seen}");
}

#[tokio::test]
async fn requests_per_invocation_are_limited() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 10000").await;
    let invocation = loaded.query_status(&id("storm")).await;
    assert_eq!(invocation.http_requests, 16);
    assert_eq!(
        invocation.outcome.unwrap().status,
        "answered 200 ×16, denied: an invocation may send at most 16 requests ×84"
    );
    assert_eq!(server.requests().len(), 16);
}

#[tokio::test]
async fn crm_webhook_becomes_leads() {
    let test = TestRuntime::new();
    let spec = "country = \"IN\"\nsettings.base_url = \"http://127.0.0.1:1\"\negress.allow = [\"http://127.0.0.1:1\"]\n\
                [[credentials]]\nname = \"signing\"\nkind = \"hmac\"\nsecret = { env = \"X\" }\n";
    let secrets = [("signing".to_owned(), Sensitive::new("canary-key".into()))];
    let loaded = test.try_load("groundwork", spec, secrets.into()).await.unwrap();
    let body = b"event=lead_new&lead_no=GW-1001&mobile=9800000000&cust_name=%E0%A4%86&dt=01/07/2026 14:31&prio=1";
    let invocation = loaded
        .parse("application/x-www-form-urlencoded", body, Timestamp::UNIX_EPOCH)
        .await;
    let leads = invocation.outcome.unwrap();
    assert_eq!(leads.len(), 1);
    let expected = serde_json::json!({
        "id": "GW-1001", "phone": "+919800000000", "name": "आ",
        "created_at": "2026-07-01T14:31:00+05:30", "call_priority": "high",
    });
    assert_eq!(
        serde_json::Value::Object(leads[0].as_ref().unwrap().members.clone()),
        expected
    );
}

#[tokio::test]
async fn signing_key_stays_in_the_host() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let origin = &server.origin;
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         [[credentials]]\nname = \"signing\"\nkind = \"hmac\"\nsecret = {{ env = \"X\" }}\n"
    );
    let secrets = [("signing".to_owned(), Sensitive::new("canary-key".into()))];
    let loaded = test.try_load("groundwork", &spec, secrets.into()).await.unwrap();
    // `{}` is not an answer of groundwork.
    assert!(loaded.query_status(&id("GW-1")).await.outcome.is_err());
    let request = server.requests().pop().unwrap();
    let signature = request.rsplit_once("sig=").unwrap().1;
    assert_eq!(signature.len(), 64, "{request}");
    assert!(!request.contains("canary"), "{request}");
}
