//! What each failure of a CRM leads to, with two opposite adapters: keystone upserts and can be searched, groundwork
//! appends and cannot (promise 3: a write with an unknown outcome is never blindly repeated).

use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryState, StopReason};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{Behaviour, GroundworkLead, KeystoneLead, Mode};
use jackfield_tests::node::{TestNode, first_page};

const KEYSTONE: &str = "dwarka-homes";
const GROUNDWORK: &str = "saket-estates";

async fn accepted(test: &TestNode, tenant: &str) -> String {
    test.keystone.seed(KeystoneLead::new("L"));
    test.groundwork.seed(GroundworkLead::new("L"));
    test.accept(tenant, "L", &minimal_disposition("C-1", "no_answer")).await
}

/// Replays a delivery and works it off.
async fn replay(test: &TestNode, id: &str, not_landed: bool) {
    assert_eq!(test.replay(vec![id.parse().unwrap()], not_landed).await, 1);
    test.work().await;
}

#[tokio::test]
async fn landed_write_is_found_and_not_repeated() {
    // A write that landed without an answer is looked up, found and not repeated.
    for mode in [Mode::FailAfterStore, Mode::ResetAfterStore] {
        let test = TestNode::start().await;
        test.keystone.behave(Behaviour::next(1, mode));
        let id = accepted(&test, KEYSTONE).await;
        test.work().await;
        assert_eq!(
            test.stored_delivery(&id).await.attempts[0].class.unwrap().word(),
            "unknown",
            "{mode:?}"
        );
        test.advance(Duration::from_secs(33));
        test.work().await;
        let after = test.stored_delivery(&id).await;
        assert_eq!(after.summary.state, DeliveryState::Done);
        assert!(after.attempts[1].detail.looked_up);
        let stored = test.keystone.stored();
        assert_eq!(
            (stored.len(), stored[0].revision),
            (1, 1),
            "{mode:?}: written once, not upserted again"
        );
        assert_eq!(after.summary.reference.as_deref(), Some(stored[0].id.as_str()));
        test.finish().await;
    }
}

#[tokio::test]
async fn lost_write_is_looked_up_and_written() {
    let test = TestNode::start().await;
    test.keystone.behave(Behaviour::next(1, Mode::Down));
    let id = accepted(&test, KEYSTONE).await;
    test.work().await;
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    assert_eq!(test.keystone.stored()[0].revision, 1);
    test.finish().await;
}

#[tokio::test]
async fn failed_lookup_sends_nothing() {
    let test = TestNode::start().await;
    test.keystone.behave(Behaviour::next(2, Mode::FailAfterStore));
    let id = accepted(&test, KEYSTONE).await;
    for _ in 0..2 {
        test.work().await;
        test.advance(Duration::from_secs(132));
    }
    let attempt = &test.stored_delivery(&id).await.attempts[1];
    assert!(
        attempt
            .detail
            .message
            .starts_with("nothing was sent: an earlier attempt could not be looked up")
    );
    test.work().await;
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    assert_eq!(test.keystone.stored()[0].revision, 1);
    test.finish().await;
}

#[tokio::test]
async fn unknown_outcome_goes_to_review() {
    // A CRM that can neither be searched nor deduplicates is not sent the write again.
    for (mode, rows) in [(Mode::FailAfterStore, 1), (Mode::ResetAfterStore, 1), (Mode::Down, 0)] {
        let test = TestNode::start().await;
        test.groundwork.behave(Behaviour::next(1, mode));
        let id = accepted(&test, GROUNDWORK).await;
        test.work().await;
        let summary = test.stored_delivery(&id).await.summary;
        assert_eq!(
            (summary.state, summary.reason),
            (DeliveryState::Review, Some(StopReason::OutcomeUnknown)),
            "{mode:?}"
        );
        test.advance(Duration::from_hours(48));
        assert_eq!(test.work().await, 0);
        assert_eq!(test.groundwork.stored().len(), rows, "{mode:?}");
        let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
        assert_eq!(alerts[0].kind, AlertKind::Review);

        replay(&test, &id, false).await;
        assert_eq!(
            test.groundwork.stored().len(),
            rows,
            "a plain replay does not claim that it did not land"
        );
        assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Review);
        replay(&test, &id, true).await;
        assert_eq!(
            test.groundwork.stored().len(),
            rows + 1,
            "an operator said that it did not land"
        );
        assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
        test.finish().await;
    }
}

#[tokio::test]
async fn refused_connection_is_retried() {
    // A CRM that refused the connection is retried even without idempotency: nothing was sent.
    let test = TestNode::start().await;
    test.groundwork.close_listener().await.unwrap();
    let id = accepted(&test, GROUNDWORK).await;
    test.work().await;
    let found = test.stored_delivery(&id).await;
    let attempt = &found.attempts[0];
    assert_eq!(attempt.class.unwrap().word(), "unavailable");
    let why = attempt.detail.reason.iter().chain(&attempt.detail.host_reason);
    let why: Vec<_> = why.filter(|why| why.contains("Connection refused")).collect();
    assert_eq!(why.len(), 1, "said once: {:?}", attempt.detail);
    assert_eq!((attempt.detail.http_status, found.summary.ambiguous), (None, false));
    test.groundwork.reopen().await.unwrap();
    test.groundwork.behave(Behaviour::next(1, Mode::Maintenance));
    for _ in 0..2 {
        test.advance(Duration::from_secs(132));
        test.work().await;
    }
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Done);
    assert_eq!(test.groundwork.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn timed_out_write_may_have_landed() {
    for (tenant, state) in [(KEYSTONE, DeliveryState::Ready), (GROUNDWORK, DeliveryState::Review)] {
        let test = TestNode::start().await;
        test.keystone.behave(Behaviour::next(1, Mode::Hang));
        test.groundwork.behave(Behaviour::next(1, Mode::Hang));
        let id = accepted(&test, tenant).await;
        let requests = || test.keystone.counts().requests + test.groundwork.counts().requests;
        let before = requests();
        {
            let mut work = std::pin::pin!(test.work());
            while requests() == before {
                assert!(futures_util::poll!(&mut work).is_pending());
                tokio::task::yield_now().await;
            }
            // The request's time budget, which ends a little before the invocation's deadline.
            test.advance(Duration::from_millis(9_750));
            work.await;
        }
        let after = test.stored_delivery(&id).await;
        assert_eq!(after.summary.state, state, "{tenant}");
        // The adapter learnt of the missing answer in time and reported it itself.
        assert_eq!(after.attempts[0].class.unwrap().word(), "unknown");
        assert_eq!(after.attempts[0].detail.fault, None);
        assert!(after.summary.ambiguous);
        test.advance(Duration::from_mins(10));
        test.work().await;
        test.finish().await;
    }
}

#[tokio::test]
async fn refused_credentials_alert_and_retry() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("").replace("keystone-canary-token", "not-the-token"))
        .await;
    let id = accepted(&test, KEYSTONE).await;
    test.work().await;
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Unauthorized));
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Ready);
    test.apply(&test.dwarka("")).await;
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(
        test.stored_delivery(&id).await.summary.state,
        DeliveryState::Done,
        "the new release serves waiting deliveries"
    );
    test.finish().await;
}

#[tokio::test]
async fn refusal_goes_to_review_with_its_message() {
    let test = TestNode::start().await;
    test.groundwork.seed(GroundworkLead::new("L"));
    let odd = minimal_disposition("a.call.id.that.groundwork.does.not.take", "no_answer");
    let id = test.accept(GROUNDWORK, "L", &odd).await;
    test.work().await;
    let after = test.stored_delivery(&id).await;
    assert_eq!(
        (after.summary.state, after.summary.reason),
        (DeliveryState::Review, Some(StopReason::Rejected))
    );
    let rejection = after.attempts[0].detail.rejection.as_ref().unwrap();
    assert_eq!(
        (rejection.code.as_str(), rejection.fields[0].pointer.as_str()),
        ("E20", "call_ref")
    );

    let id = test
        .accept(KEYSTONE, "NOBODY", &minimal_disposition("C-2", "no_answer"))
        .await;
    test.work().await;
    let after = test.stored_delivery(&id).await;
    assert_eq!(
        (after.summary.state, after.summary.reason),
        (DeliveryState::Review, Some(StopReason::NotFound))
    );
    let lead = test
        .store()
        .lead(&KEYSTONE.parse().unwrap(), &"NOBODY".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(lead.manual_since.is_some());
    test.finish().await;
}

#[tokio::test]
async fn crash_during_a_write_repeats_nothing() {
    let mut test = TestNode::start().await;
    test.keystone.behave(Behaviour::next(1, Mode::Hang));
    let id = accepted(&test, KEYSTONE).await;
    let before = test.keystone.counts().requests;
    {
        let mut work = std::pin::pin!(test.work());
        while test.keystone.counts().requests == before {
            assert!(futures_util::poll!(&mut work).is_pending());
            tokio::task::yield_now().await;
        }
        // The worker is dropped here, in the middle of its write.
    }
    assert_eq!(test.stored_delivery(&id).await.summary.state, DeliveryState::Leased);
    test.restart().await;
    let summary = test.stored_delivery(&id).await.summary;
    assert_eq!(
        (summary.state, summary.ambiguous, summary.counted),
        (DeliveryState::Ready, true, 0)
    );
    test.work().await;
    let after = test.stored_delivery(&id).await;
    assert_eq!(after.summary.state, DeliveryState::Done);
    assert!(after.attempts.last().unwrap().detail.looked_up);
    test.finish().await;
}
