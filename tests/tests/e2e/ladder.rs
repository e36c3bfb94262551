//! The retry ladder: five counted attempts at their times, then a dead letter, its alert and the lead's flag together;
//! and replay.

use std::time::Duration;

use jackfield_clock::Clock as _;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::documents::{lead_created, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode};
use jackfield_tests::node::{TestNode, first_page};
use jiff::Timestamp;

const TENANT: &str = "dwarka-homes";

fn next_attempt(delivery: &serde_json::Value) -> Option<Timestamp> {
    delivery["next_attempt_at"].as_str().map(|text| text.parse().unwrap())
}

#[tokio::test]
async fn default_ladder_ends_in_a_dead_letter() {
    // Five attempts at the ladder's times, then dead with alert and flag, then replayed once.
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.keystone.close_listener().await.unwrap();
    let id = test.accept(TENANT, "L", &minimal_disposition("C-1", "no_answer")).await;
    let lead = "L".parse().unwrap();

    let mut waits = vec![];
    loop {
        assert_eq!(test.work().await, 1);
        let failed_at = test.clock.now();
        let delivery = test.delivery(TENANT, &id).await;
        let Some(due) = next_attempt(&delivery) else { break };
        let wait = Duration::try_from(due.duration_since(failed_at)).unwrap();
        waits.push(wait);
        test.advance(wait.saturating_sub(Duration::from_millis(1)));
        assert_eq!(test.work().await, 0, "not a millisecond early");
        let flagged = test.store().lead(&TENANT.parse().unwrap(), &lead).await.unwrap();
        assert!(flagged.is_none_or(|lead| lead.manual_since.is_none()));
        test.advance(Duration::from_millis(1));
    }
    for (wait, rung) in waits.iter().zip([30, 120, 600, 3600]) {
        let rung = Duration::from_secs(rung);
        assert!(*wait >= rung && *wait <= rung.mul_f64(1.1), "{waits:?}");
    }
    let found = test.stored_delivery(&id).await;
    assert_eq!((waits.len(), found.attempts.len()), (4, 5));
    assert_eq!(
        (found.summary.state, found.summary.reason),
        (DeliveryState::Dead, Some(StopReason::AttemptsUsedUp))
    );
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind).collect();
    assert_eq!(
        kinds,
        [AlertKind::DeadLetter, AlertKind::BreakerOpen],
        "the fifth failure in a row"
    );
    assert_eq!(alerts[0].delivery, Some(id.parse().unwrap()));
    let flagged = test
        .store()
        .lead(&TENANT.parse().unwrap(), &lead)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(flagged.manual_since, Some(test.clock.now()));
    assert_eq!(test.keystone.stored().len(), 0);

    test.keystone.reopen().await.unwrap();
    test.advance(Duration::from_hours(24));
    assert_eq!(test.work().await, 0, "a dead letter stays dead until it is replayed");
    let ids = vec![id.parse().unwrap()];
    assert_eq!(test.replay(ids.clone(), false).await, 1);
    assert_eq!(test.replay(ids, false).await, 0, "it was replayed already");
    test.work().await;
    let stored = test.keystone.stored();
    assert_eq!((stored.len(), stored[0].revision), (1, 1));
    let found = test.stored_delivery(&id).await;
    assert_eq!(
        (found.summary.state, found.summary.generation),
        (DeliveryState::Done, 1)
    );
    assert_eq!(found.summary.key.as_str(), "C-1", "the key never changes");
    let flagged = test
        .store()
        .lead(&TENANT.parse().unwrap(), &lead)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(flagged.manual_since, None);
    test.finish().await;
}

#[tokio::test]
async fn tenant_ladder_replaces_the_default() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery]\nretry = [\"5s\", \"1s\"]")).await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.keystone.close_listener().await.unwrap();
    let _ = test
        .dispose(TENANT, "L", &minimal_disposition("C-1", "no_answer"))
        .await
        .expect(202);
    assert_eq!(test.work().await, 0, "the first rung is a wait too");
    test.advance(Duration::from_secs(5));
    assert_eq!(test.work().await, 1);
    test.advance(Duration::from_millis(1100));
    assert_eq!(test.work().await, 1);
    let dead = test.store().states().await.unwrap();
    assert!(dead.contains(&(DeliveryState::Dead, 1)), "{dead:?}");
    test.finish().await;
}

#[tokio::test]
async fn rate_limits_wait_and_use_no_attempts() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.keystone
        .behave(Behaviour::next(2, Mode::RateLimited).retry_after(90));
    let id = test.accept(TENANT, "L", &minimal_disposition("C-1", "no_answer")).await;
    for _ in 0..2 {
        assert_eq!(test.work().await, 1);
        test.advance(Duration::from_secs(89));
        assert_eq!(test.work().await, 0);
        test.advance(Duration::from_secs(10));
    }
    assert_eq!(test.work().await, 1);
    let delivery = test.delivery(TENANT, &id).await;
    let classes: Vec<_> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["class"].clone())
        .collect();
    assert_eq!(classes, ["rate-limited", "rate-limited", "committed"]);
    let found = test.stored_delivery(&id).await;
    assert_eq!(found.summary.counted, 0);
    test.finish().await;
}

#[tokio::test]
async fn rate_limit_pauses_the_whole_crm() {
    // A CRM that asks for a pause gets it from every waiting delivery, not only from the one it refused.
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery]\nconcurrency = 2")).await;
    test.keystone
        .behave(Behaviour::next(2, Mode::RateLimited).retry_after(90));
    for n in 0..20 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 2, "those in flight when it asked, and none after");
    let _ = test
        .webhook(TENANT, "msg-1", lead_created("L1", "K-1").to_string().as_bytes())
        .await
        .expect(202);
    assert_eq!(test.work().await, 1, "the agent did not ask for a pause");
    test.advance(Duration::from_secs(89));
    assert_eq!((test.work().await, test.keystone.counts().requests), (0, 2));
    test.advance(Duration::from_secs(10));
    assert_eq!(test.work().await, 20);
    test.finish().await;
}

#[tokio::test]
async fn rate_limits_without_a_time_back_off() {
    let test = TestNode::start().await;
    test.keystone.behave(Behaviour::always(Mode::RateLimited));
    for n in 0..200 {
        test.accept_numbered(TENANT, n).await;
    }
    for _ in 0..600 {
        test.work().await;
        test.advance(Duration::from_secs(1));
    }
    // After 1, 2, 4, … 32 s and then every minute, as many as may be in flight: 15 times in ten minutes.
    let asked = test.keystone.counts().requests;
    assert!((8 * 12..=8 * 16).contains(&asked), "{asked} requests");
    test.keystone.behave(Behaviour::always(Mode::Ok));
    test.advance(Duration::from_mins(2));
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn daily_quota_follows_the_time_zone() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery]\nper_day = 1\ntimezone = \"Asia/Kolkata\""))
        .await;
    for n in 0..3 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 1);
    // It is 14:30 in Kolkata. A release with another limit counts what that day has already used.
    test.apply(&test.dwarka("[delivery]\nper_day = 2\ntimezone = \"Asia/Kolkata\""))
        .await;
    assert_eq!(test.work().await, 1);
    test.advance(Duration::from_mins(9 * 60 + 29));
    assert_eq!(test.work().await, 0, "one minute to midnight");
    test.advance(Duration::from_mins(1));
    assert_eq!(test.work().await, 1);
    test.finish().await;
}

#[tokio::test]
async fn configured_rate_uses_no_attempts() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[delivery]\nper_second = 2\nper_day = 5"))
        .await;
    for n in 0..6 {
        test.accept_numbered(TENANT, n).await;
    }
    assert_eq!(test.work().await, 2);
    test.advance(Duration::from_secs(1));
    assert_eq!(test.work().await, 2);
    test.advance(Duration::from_secs(1));
    assert_eq!(test.work().await, 1, "the day's five are used up");
    test.advance(Duration::from_hours(14));
    assert_eq!(test.work().await, 0, "it is still the same day in UTC");
    test.advance(Duration::from_hours(1));
    assert_eq!(test.work().await, 1);
    assert!(test.keystone.stored().iter().all(|call| call.revision == 1));
    test.finish().await;
}
