//! The circuit breaker as operators see it: forced, watched, kept over a restart; and what it does not affect.

use std::time::Duration;

use http::Method;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::breaker::BreakerState;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::documents::{lead_created, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, GroundworkLead, Mode};
use jackfield_tests::node::{TestNode, first_page};
use serde_json::{Value, json};

use jackfield_tests::operator::Operator;

const TENANT: &str = "dwarka-homes";
const PATH: &str = "/v1/tenants/dwarka-homes/breaker";

async fn breaker(test: &TestNode, operator: &Operator) -> Value {
    operator.ask(test, Method::GET, PATH, None).await.expect(200).json()
}

async fn force(test: &TestNode, operator: &Operator, force: Value) -> Value {
    let body = json!({ "force": force });
    operator
        .ask(test, Method::POST, PATH, Some(&body))
        .await
        .expect(200)
        .json()
}

/// Opens the breaker by five failed dispositions, and accepts one more.
async fn opened(test: &TestNode) {
    test.keystone.behave(Behaviour::always(Mode::Maintenance));
    for n in 0..5 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 5);
    test.accept_numbered(TENANT, 5).await;
    assert_eq!(test.work().await, 0);
}

#[tokio::test]
async fn open_breaker_is_shown_probed_and_closed() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    assert_eq!(breaker(&test, &operator).await["state"], "closed");
    opened(&test).await;
    let seen = breaker(&test, &operator).await;
    assert_eq!((&seen["state"], &seen["forced"]), (&"open".into(), &Value::Null));
    assert!(seen["probe_at"].is_string() && seen["since"].is_string(), "{seen}");
    let metrics = test
        .admin(http::Request::get("/metrics").body(axum::body::Body::empty()).unwrap())
        .await;
    for line in [
        r#"jackfield_breaker_state{tenant="dwarka-homes"} 2"#,
        r#"jackfield_breaker_transitions_total{tenant="dwarka-homes",to="open"} 1"#,
    ] {
        assert!(metrics.text.contains(line), "{line} in {}", metrics.text);
    }
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::BreakerOpen));
    for id in ["dlv_1", "dlv_6"] {
        let held = operator.get(&test, &format!("/v1/deliveries/{id}")).await;
        assert_eq!(held["held_by"], seen, "tried or not, the breaker holds it");
    }

    test.advance(Duration::from_secs(34));
    assert_eq!(test.work().await, 1, "one probe");
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    assert_eq!(alerts.len(), 1, "a failed probe raises no further alert");
    test.keystone.behave(Behaviour::always(Mode::Ok));
    for _ in 0..80 {
        test.advance(Duration::from_secs(1));
        test.work().await;
    }
    assert_eq!(test.keystone.stored().len(), 6);
    assert_eq!(
        breaker(&test, &operator).await["state"],
        "ramping",
        "until enough deliveries have succeeded"
    );
    for n in 6..16 {
        test.accept_numbered(TENANT, n).await;
        test.advance(Duration::from_secs(1));
        test.work().await;
    }
    let listed = operator
        .ask(&test, Method::GET, "/v1/breakers", None)
        .await
        .expect(200)
        .json();
    let states: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["state"])
        .collect();
    assert_eq!(states, ["closed", "closed"]);
    let delivered = operator.get(&test, "/v1/deliveries/dlv_6").await;
    assert_eq!(delivered.get("held_by"), None);
    test.finish().await;
}

#[tokio::test]
async fn open_breaker_holds_dispositions_only() {
    let test = TestNode::start().await;
    opened(&test).await;
    let _ = test
        .webhook(TENANT, "msg-1", lead_created("L1", "K-1").to_string().as_bytes())
        .await
        .expect(202);
    test.groundwork.seed(GroundworkLead::new("L"));
    let _ = test
        .dispose("saket-estates", "L", &minimal_disposition("C-1", "no_answer"))
        .await
        .expect(202);
    assert_eq!(test.work().await, 2);
    assert_eq!((test.agent.stored().len(), test.groundwork.stored().len()), (1, 1));
    test.keystone.behave(Behaviour::always(Mode::Ok));
    test.advance(Duration::from_mins(5));
    while test.work().await > 0 {
        test.advance(Duration::from_secs(1));
    }
    test.finish().await;
}

#[tokio::test]
async fn forced_state_survives_a_restart() {
    // A state that an operator forced holds, through a restart, until it is released.
    let mut test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let forced = force(&test, &operator, "open".into()).await;
    assert_eq!((&forced["state"], &forced["forced"]), (&"open".into(), &"open".into()));
    test.accept_numbered(TENANT, 0).await;
    test.restart().await;
    test.advance(Duration::from_hours(3));
    assert_eq!(test.work().await, 0, "not even a probe");
    let seen = breaker(&test, &operator).await;
    assert_eq!((&seen["forced"], &seen["probe_at"]), (&"open".into(), &Value::Null));
    assert_eq!(force(&test, &operator, Value::Null).await["forced"], Value::Null);
    assert_eq!(test.work().await, 1, "the probe");

    assert_eq!(force(&test, &operator, "closed".into()).await["state"], "closed");
    test.keystone.behave(Behaviour::always(Mode::Maintenance));
    for n in 1..9 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 8);
    assert_eq!(breaker(&test, &operator).await["state"], "closed");
    test.advance(Duration::from_secs(33));
    test.keystone.behave(Behaviour::always(Mode::Ok));
    assert_eq!(test.work().await, 8);

    let nobody = "/v1/tenants/nobody/breaker";
    let _ = operator.ask(&test, Method::GET, nobody, None).await.expect(404);
    let body = json!({ "force": "open" });
    let _ = operator.ask(&test, Method::POST, nobody, Some(&body)).await.expect(404);
    for wrong in [
        json!({}),
        json!({ "force": "ajar" }),
        json!({ "force": null, "until": 5 }),
    ] {
        let _ = operator.ask(&test, Method::POST, PATH, Some(&wrong)).await.expect(400);
    }
    test.finish().await;
}

#[tokio::test]
async fn forced_state_of_another_host_is_followed() {
    // The state was forced on another host over the same store.
    let test = TestNode::start().await;
    let tenant = TENANT.parse().unwrap();
    test.accept_numbered(TENANT, 0).await;
    assert_eq!(test.work().await, 1);
    let now = jackfield_clock::Clock::now(&test.clock);
    let forced = Some(jackfield_domain::delivery::breaker::BreakerOverride::Open);
    test.store().force_breaker(&tenant, forced, now).await.unwrap();
    assert_eq!(test.node.tenants.breakers.status(&tenant).state, BreakerState::Closed);
    test.node.rollout.sync().await.unwrap();
    assert_eq!(test.node.tenants.breakers.status(&tenant).state, BreakerState::Open);
    test.finish().await;
}

#[tokio::test]
async fn restarts_use_no_attempts_while_open() {
    // The open breaker survives restarts, so a CRM that is known to be down uses up no attempts.
    let mut test = TestNode::start().await;
    opened(&test).await;
    for _ in 0..10 {
        test.restart().await;
        test.work().await;
        test.advance(Duration::from_secs(1));
    }
    for n in 1..=6 {
        let delivery = test.stored_delivery(&format!("dlv_{n}")).await;
        assert!(delivery.summary.counted <= 1, "{delivery:?}");
    }
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    assert_eq!(alerts.len(), 1);
    test.keystone.behave(Behaviour::always(Mode::Ok));
    for _ in 0..700 {
        test.work().await;
        test.advance(Duration::from_secs(1));
    }
    test.finish().await;
}

#[tokio::test]
async fn new_release_is_probed_at_once() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery.breaker]\nopen_for = \"1h\"\nmax_open_for = \"1h\""))
        .await;
    opened(&test).await;
    test.keystone.behave(Behaviour::always(Mode::Ok));
    test.advance(Duration::from_mins(1));
    assert_eq!(test.work().await, 0);
    test.apply(&test.dwarka("")).await;
    assert!(test.work().await > 0);
    for _ in 0..5 {
        test.advance(Duration::from_secs(1));
        test.work().await;
    }
    test.finish().await;
}

#[tokio::test]
async fn max_hold_makes_dead_letters() {
    // A delivery held for longer than max_hold becomes a dead letter, and can be replayed.
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery]\nmax_hold = \"2h\"")).await;
    opened(&test).await;
    for _ in 0..(2 * 60 - 1) {
        test.advance(Duration::from_mins(1));
        test.work().await;
    }
    let dead = || async {
        let states = test.store().states().await.unwrap();
        states
            .iter()
            .find(|(state, _)| *state == DeliveryState::Dead)
            .map_or(0, |(_, count)| *count)
    };
    assert_eq!(dead().await, 0);
    let fresh = test.accept_numbered(TENANT, 9).await;
    test.advance(Duration::from_mins(2));
    test.work().await;
    assert_eq!(dead().await, 6, "all but the one that was just accepted");
    let held = test.stored_delivery("dlv_6").await;
    assert_eq!(held.summary.reason, Some(StopReason::HeldTooLong));
    let flagged = test
        .store()
        .lead(&TENANT.parse().unwrap(), &"L5".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(flagged.manual_since.is_some());
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    let dead_letters = alerts.iter().filter(|alert| alert.kind == AlertKind::DeadLetter);
    assert!(dead_letters.clone().all(|alert| alert.message.contains("max_hold")));
    assert_eq!(dead_letters.count(), 6);

    test.keystone.behave(Behaviour::always(Mode::Ok));
    let operator = Operator::create(&test).await;
    let chosen = json!({ "ids": ["dlv_6"] });
    let _ = operator
        .ask(&test, Method::POST, "/v1/deliveries/replay", Some(&chosen))
        .await
        .expect(200);
    for _ in 0..6 {
        test.advance(Duration::from_mins(1));
        test.work().await;
    }
    let calls: Vec<_> = test.keystone.stored().into_iter().map(|call| call.call_id).collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(test.delivery(TENANT, &fresh).await["state"], "done");
    test.finish().await;
}

#[tokio::test]
async fn each_probe_uses_another_delivery() {
    // Each probe takes another delivery and costs it no attempt: one that the CRM always refuses must not hold up the
    // others.
    let test = TestNode::start().await;
    opened(&test).await;
    test.advance(Duration::from_secs(34));
    for _ in 0..4 {
        assert_eq!(test.work().await, 1);
        test.advance(Duration::from_mins(6));
    }
    let mut probed = vec![];
    for n in 1..=6 {
        let delivery = test.stored_delivery(&format!("dlv_{n}")).await;
        assert!(delivery.summary.counted <= 1, "{delivery:?}");
        probed.push(delivery.attempts.len());
    }
    assert_eq!(probed.iter().sum::<usize>(), 5 + 4, "{probed:?}");
    assert!(probed.iter().all(|attempts| *attempts <= 2), "{probed:?}");
    test.keystone.behave(Behaviour::always(Mode::Ok));
    for _ in 0..400 {
        test.work().await;
        test.advance(Duration::from_secs(1));
    }
    test.finish().await;
}
