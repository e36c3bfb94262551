//! The agent accepts only correctly signed webhooks, and each one once.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jackfield_tests::fakes::{Agent, AgentConfig, ServerClock};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde_json::json;
use sha2::Sha256;

use super::client;

/// The published example of Standard Webhooks.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const SENT: i64 = 1_649_367_553;
const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

async fn agent() -> Agent {
    let now = ServerClock::fixed(Timestamp::from_second(SENT).unwrap());
    Agent::start(AgentConfig {
        now,
        ..AgentConfig::new(SECRET)
    })
    .await
    .unwrap()
}

fn push(agent: &Agent, id: &str, timestamp: &str, signature: &str, body: &str) -> RequestBuilder {
    client()
        .post(format!("{}/leads", agent.origin()))
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .header("content-type", "application/json")
        .body(body.to_owned())
}

fn sign(id: &str, timestamp: &str, body: &str) -> String {
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key)
        .unwrap()
        .chain_update(format!("{id}.{timestamp}.{body}"));
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn published_example_is_accepted_once() {
    let agent = agent().await;
    let sent = SENT.to_string();
    assert_eq!(status(push(&agent, ID, &sent, SIGNATURE, BODY)).await, 204);
    assert_eq!(
        status(push(&agent, ID, &sent, &format!("v1,AAAA v2,x {SIGNATURE}"), BODY)).await,
        204
    );
    let received = client()
        .get(format!("{}/_control/received", agent.origin()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        received.json::<serde_json::Value>().await.unwrap(),
        json!({
            "received": [{
                "webhook_id": ID,
                "body": { "email": "test@example.com", "username": "test_user" },
                "times": 2
            }],
            "writes": 1, "refused": 0, "requests": 2
        })
    );
}

#[tokio::test]
async fn wrong_signatures_are_refused() {
    let agent = agent().await;
    let sent = SENT.to_string();
    let later = (SENT + 1).to_string();
    let tag = SIGNATURE.strip_prefix("v1,").unwrap();
    for (id, timestamp, signature, body) in [
        ("msg_other", sent.as_str(), SIGNATURE, BODY),
        (ID, later.as_str(), SIGNATURE, BODY),
        (ID, sent.as_str(), SIGNATURE, "{}"),
        (ID, sent.as_str(), tag, BODY),
        (ID, sent.as_str(), "v1,", BODY),
        (ID, sent.as_str(), "v1,tZ1I4", BODY),
        (ID, sent.as_str(), "", BODY),
        (ID, "now", SIGNATURE, BODY),
        ("", sent.as_str(), sign("", &sent, BODY).as_str(), BODY),
        ("a.b", sent.as_str(), sign("a.b", &sent, BODY).as_str(), BODY),
    ] {
        assert_eq!(
            status(push(&agent, id, timestamp, signature, body)).await,
            401,
            "{id} {timestamp} {signature}"
        );
    }
    let twice = push(&agent, ID, &sent, SIGNATURE, BODY).header("webhook-id", ID);
    assert_eq!(status(twice).await, 401);
    assert_eq!(
        status(client().post(format!("{}/leads", agent.origin())).body(BODY)).await,
        401
    );
    assert_eq!((agent.stored(), agent.counts().refused), (Vec::new(), 12));
}

#[tokio::test]
async fn timestamp_tolerance_is_five_minutes() {
    let agent = agent().await;
    for (sent, expected) in [
        (SENT - 300, 204),
        (SENT + 300, 204),
        (SENT - 301, 401),
        (SENT + 301, 401),
        (i64::MIN, 401),
        (i64::MAX, 401),
    ] {
        let (id, sent) = (format!("msg_{sent}"), sent.to_string());
        assert_eq!(
            status(push(&agent, &id, &sent, &sign(&id, &sent, BODY), BODY)).await,
            expected,
            "{sent}"
        );
    }
}

#[tokio::test]
async fn body_method_and_path_are_checked() {
    let agent = agent().await;
    let sent = SENT.to_string();
    let post = |id: &str, body: &str| push(&agent, id, &sent, &sign(id, &sent, body), body);
    assert_eq!(status(post("m1", "[]")).await, 400);
    assert_eq!(status(post("m1", "{")).await, 400);
    assert_eq!(status(post("m1", r#"{"a":1,"b":2}"#)).await, 204);
    assert_eq!(
        status(post("m1", r#"{"b":2,"a":1}"#)).await,
        204,
        "the same body in another order"
    );
    assert_eq!(status(post("m1", r#"{"a":2}"#)).await, 409);
    assert_eq!(status(client().get(format!("{}/leads", agent.origin()))).await, 405);
    assert_eq!(status(client().post(agent.origin())).await, 404);
}
