//! Each misbehaviour looks to a client like a real server with that failure.

use std::{error::Error as _, io::ErrorKind, time::Duration};

use jackfield_tests::fakes::{
    Agent, AgentConfig, Behaviour, Groundwork, GroundworkConfig, Keystone, KeystoneConfig, KeystoneLead, Mode,
};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::client;

async fn keystone() -> Keystone {
    let keystone = Keystone::start(KeystoneConfig::new("t0ken")).await.unwrap();
    keystone.seed(KeystoneLead::new("L-1"));
    keystone
}

fn put(client: &reqwest::Client, keystone: &Keystone) -> RequestBuilder {
    let call = json!({ "result": "NO_ANSWER", "called_at": "2026-07-01T09:05:00Z", "do_not_disturb": false,
        "duplicate": false });
    client
        .put(format!("{}/api/v1/leads/L-1/calls/C-1", keystone.origin()))
        .bearer_auth("t0ken")
        .header("Idempotency-Key", "C-1")
        .json(&call)
}

async fn write(keystone: &Keystone) -> reqwest::Result<Response> {
    put(&client(), keystone).send().await
}

/// The operating system's error at the bottom of a client's.
fn cause(error: &reqwest::Error) -> Option<ErrorKind> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        source = error.source();
    }
    None
}

#[tokio::test]
async fn down_resets_and_stores_nothing() {
    let keystone = keystone().await;
    keystone.behave(Behaviour::always(Mode::Down));
    let error = write(&keystone).await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(cause(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    assert!(keystone.stored().is_empty());
    assert_eq!((keystone.counts().requests, keystone.counts().writes), (1, 0));
}

#[tokio::test]
async fn reset_after_store_sends_no_answer() {
    let keystone = keystone().await;
    keystone.behave(Behaviour::next(1, Mode::ResetAfterStore));
    let error = write(&keystone).await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(cause(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    assert_eq!(keystone.stored()[0].revision, 1);
    assert_eq!(
        write(&keystone).await.unwrap().status(),
        StatusCode::OK,
        "the second upsert"
    );
}

#[tokio::test]
async fn kept_connection_is_reset_too() {
    let keystone = keystone().await;
    let pooled = reqwest::Client::builder().no_proxy().build().unwrap();
    put(&pooled, &keystone).send().await.unwrap().bytes().await.unwrap();
    keystone.behave(Behaviour::always(Mode::Down));
    assert!(put(&pooled, &keystone).send().await.is_err());
    assert_eq!(keystone.stored()[0].revision, 1);
}

#[tokio::test]
async fn fail_after_store_stores_and_answers_500() {
    let keystone = keystone().await;
    keystone.behave(Behaviour::next(1, Mode::FailAfterStore));
    let answer = write(&keystone).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "internal");
    assert_eq!(keystone.stored().len(), 1);
}

#[tokio::test]
async fn slow_stores_at_once_and_answers_late() {
    let keystone = keystone().await;
    keystone.behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(50)));
    assert_eq!(write(&keystone).await.unwrap().status(), StatusCode::CREATED);

    keystone.behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_hours(1)));
    let waiting = tokio::spawn(put(&client(), &keystone).send());
    until(|| keystone.counts().writes == 2).await;
    assert!(no_answer(waiting).await, "a client that gives up has still written");
}

/// Far longer than anything here takes; what has not happened by then never will.
const NEVER: Duration = Duration::from_secs(20);

/// Waits until `holds`.
async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(NEVER, waiting).await.unwrap();
}

/// Whether a request that has reached the fake is still unanswered after a moment.
async fn no_answer(waiting: JoinHandle<reqwest::Result<Response>>) -> bool {
    tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err()
}

#[tokio::test]
async fn hang_never_answers() {
    let keystone = keystone().await;
    keystone.behave(Behaviour::next(1, Mode::Hang));
    let waiting = tokio::spawn(put(&client(), &keystone).send());
    until(|| keystone.counts().requests == 1).await;
    assert!(no_answer(waiting).await);
    assert!(keystone.stored().is_empty());
}

#[tokio::test]
async fn each_fake_has_its_own_error_format() {
    // Rate limits, maintenance and failures have the format of each fake.
    let keystone = keystone().await;
    keystone.behave(Behaviour::always(Mode::RateLimited).retry_after(7));
    let answer = write(&keystone).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    keystone.behave(Behaviour::always(Mode::RateLimited));
    assert_eq!(write(&keystone).await.unwrap().headers().get("retry-after"), None);
    keystone.behave(Behaviour::always(Mode::Maintenance));
    assert_eq!(write(&keystone).await.unwrap().status().as_u16(), 503);
    assert!(keystone.stored().is_empty());
    assert_eq!(keystone.counts().refused, 0, "misbehaviour is not a refusal");

    let groundwork = Groundwork::start(GroundworkConfig::new("k3y")).await.unwrap();
    let post = async || {
        let answer = client()
            .post(format!("{}/crm/call_update.php", groundwork.origin()))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    groundwork.behave(Behaviour::always(Mode::RateLimited).retry_after(30));
    let (status, body) = post().await;
    assert!(
        status == 200 && body.contains("<code>E12</code>") && body.contains("<retry>30</retry>"),
        "{body}"
    );
    groundwork.behave(Behaviour::always(Mode::RateLimited));
    assert!(!post().await.1.contains("<retry>"));
    groundwork.behave(Behaviour::always(Mode::Maintenance));
    let (status, body) = post().await;
    assert!(status == 200 && body.contains("<code>E09</code>"), "{body}");
    groundwork.behave(Behaviour::always(Mode::FailAfterStore));
    let (status, body) = post().await;
    assert!(status == 500 && body.contains("<b>Fatal error</b>"), "{body}");

    let agent = Agent::start(AgentConfig::new("whsec_AAAA")).await.unwrap();
    let post = async || client().post(format!("{}/leads", agent.origin())).send().await.unwrap();
    agent.behave(Behaviour::always(Mode::RateLimited).retry_after(5));
    let answer = post().await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"5".parse().unwrap())
    );
    agent.behave(Behaviour::always(Mode::Maintenance));
    assert_eq!(post().await.status().as_u16(), 503);
    agent.behave(Behaviour::always(Mode::FailAfterStore));
    assert_eq!(post().await.status().as_u16(), 500);
}

#[tokio::test]
async fn closed_listener_reopens_on_its_port() {
    let keystone = keystone().await;
    let pooled = reqwest::Client::builder().no_proxy().build().unwrap();
    put(&pooled, &keystone).send().await.unwrap().bytes().await.unwrap();
    for _ in 0..20 {
        keystone.close_listener().await.unwrap();
        keystone.close_listener().await.unwrap();
        let error = write(&keystone).await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        assert_eq!(cause(&error), Some(ErrorKind::ConnectionRefused), "{error:?}");
        keystone.reopen().await.unwrap();
        keystone.reopen().await.unwrap();
        assert_eq!(write(&keystone).await.unwrap().status(), StatusCode::OK);
    }
    keystone.close_listener().await.unwrap();
    assert!(
        put(&pooled, &keystone).send().await.is_err(),
        "a kept connection is closed as well"
    );
    assert_eq!(keystone.stored()[0].revision, 21);
}

#[tokio::test]
async fn dropping_a_fake_stops_it() {
    let keystone = keystone().await;
    let origin = keystone.origin();
    keystone.behave(Behaviour::always(Mode::Hang));
    let hanging = tokio::spawn(put(&client(), &keystone).send());
    until(|| keystone.counts().requests == 1).await;
    drop(keystone);
    assert!(tokio::time::timeout(NEVER, hanging).await.unwrap().unwrap().is_err());
    assert!(client().get(&origin).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn fakes_are_controllable_over_http() {
    let keystone = keystone().await;
    let control = |path: &str| format!("{}/_control/{path}", keystone.origin());
    let post = async |path: &str, body: Value| client().post(control(path)).json(&body).send().await.unwrap();
    assert_eq!(
        post("leads", json!([{ "id": "L-2" }, { "id": "L-3", "stage": "won" }]))
            .await
            .status(),
        204
    );
    assert_eq!(
        post("leads", json!({ "id": "L-4", "may_call": false })).await.status(),
        204
    );
    assert_eq!(
        post("behave", json!({ "mode": "down", "times": 1 })).await.status(),
        204
    );
    assert!(write(&keystone).await.is_err());
    assert_eq!(write(&keystone).await.unwrap().status(), StatusCode::CREATED);

    let calls = async || {
        client()
            .get(control("calls"))
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()
    };
    let page = calls().await;
    assert_eq!(page["stored"][0]["revision"], 1);
    assert_eq!(
        (&page["writes"], &page["refused"], &page["requests"]),
        (&json!(1), &json!(0), &json!(2))
    );

    for (path, body, wrong) in [
        ("behave", json!({ "mode": "tired" }), "unknown variant `tired`"),
        ("behave", json!({ "mode": "down", "for": 3 }), "unknown field `for`"),
        ("leads", json!({ "id": "L-5", "name": "Asha" }), "unknown field `name`"),
    ] {
        let answer = post(path, body).await;
        assert_eq!(answer.status(), 400);
        let error = answer.json::<Value>().await.unwrap()["error"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(error.contains(wrong), "{error}");
    }
    assert_eq!(post("explode", json!({})).await.status(), 404);

    keystone.behave(Behaviour::always(Mode::Down));
    assert_eq!(post("reset", json!(null)).await.status(), 204);
    assert_eq!(
        calls().await,
        json!({ "stored": [], "writes": 0, "refused": 0, "requests": 0 })
    );
    assert_eq!(
        write(&keystone).await.unwrap().status(),
        StatusCode::NOT_FOUND,
        "a reset removes the leads too"
    );
}
