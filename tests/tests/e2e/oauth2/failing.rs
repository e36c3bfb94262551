//! Failures of the token server: backed off, alerted once, and no secret in any message.

use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryState;
use jackfield_tests::fakes::{BadTokenResponse, Behaviour, Mode};
use jackfield_tests::node::LOOPBACK_NAMES;

use super::{OAuth2Host, until};

const PATIENT: &str = "[limits]\nwrite_deadline_ms = 30000";

impl OAuth2Host {
    /// Lets a delivery fail without any request to the CRM; returns the number of requests to the token server.
    async fn fail(&self, call: &str) -> u64 {
        self.fail_as("unavailable", call).await
    }

    /// The same, with the class of the failure.
    async fn fail_as(&self, class: &str, call: &str) -> u64 {
        let (asked, crm) = (self.server.counts().requests, self.test.keystone.counts().requests);
        let found = self.deliver(call).await;
        assert_eq!(found.summary.state, DeliveryState::Ready);
        let attempt = found.attempts.last().unwrap();
        assert_eq!(attempt.class.unwrap().word(), class, "{attempt:?}");
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        assert_eq!(self.test.keystone.counts().requests, crm, "nothing was sent");
        self.server.counts().requests - asked
    }

    /// The messages of the credential alerts, oldest first. Asserts that they hold no secret.
    async fn messages(&self) -> Vec<String> {
        let mut alerts = self.alerts(AlertKind::Credential).await;
        alerts.reverse();
        let messages: Vec<_> = alerts.into_iter().map(|alert| alert.message).collect();
        assert!(!messages.concat().contains("canary"), "{messages:?}");
        messages
    }
}

#[tokio::test]
async fn failures_back_off_and_alert_once() {
    let host = OAuth2Host::start().await;
    host.server.behave(Behaviour::always(Mode::FailAfterStore));
    assert_eq!(host.fail("C-1").await, 1);
    for call in 0..20 {
        assert_eq!(host.fail(&format!("D-{call}")).await, 0, "the server is left alone");
    }
    host.test.advance(Duration::from_millis(1100));
    assert_eq!(host.fail("C-2").await, 1);
    host.test.advance(Duration::from_millis(1100));
    assert_eq!(host.fail("C-3").await, 0, "the wait has doubled");
    let expected = "credential `crm` has no access token from 127.0.0.1: the token endpoint answers 500; look at the \
                token server; it is asked again";
    assert_eq!(host.messages().await, [expected]);
    let opened = host.alerts(AlertKind::BreakerOpen).await;
    assert!(opened.is_empty(), "the CRM was not asked: {opened:?}");

    host.server.behave(Behaviour::default());
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    assert_eq!(host.test.keystone.stored().len(), 23);
    host.test.advance(Duration::from_hours(2));
    host.server.behave(Behaviour::always(Mode::Maintenance));
    assert_eq!(host.fail("C-4").await, 1);
    assert_eq!(
        host.messages().await.len(),
        2,
        "a new series of failures is alerted again"
    );
    host.server.behave(Behaviour::default());
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    host.test.finish().await;
}

#[tokio::test]
async fn changed_causes_are_alerted() {
    // An alert that says what to do is wrong once the cause is another one, so another alert says so.
    let host = OAuth2Host::start().await;
    host.server.behave(Behaviour::always(Mode::Maintenance));
    assert_eq!(host.fail("C-1").await, 1);
    host.server.behave(Behaviour::default());
    host.book.fail_next(2, BadTokenResponse::Error("invalid_client"));
    host.test.advance(Duration::from_millis(1100));
    assert_eq!(host.fail_as("unauthorized", "C-2").await, 1);
    host.test.advance(Duration::from_secs(331));
    assert_eq!(host.fail_as("unauthorized", "C-3").await, 1);
    let messages = host.messages().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    let expected = "credential `crm` still has no access token from 127.0.0.1, now for another reason: the token \
                    endpoint refuses: invalid_client; check client_id, the client's secret and client_auth, then apply \
                    the tenant's file again (before: the token endpoint answers 503)";
    assert_eq!(messages[1], expected);
    host.test.advance(Duration::from_secs(331));
    host.test.work().await;
    assert_eq!(host.book.issued(), 1);
    host.test.finish().await;
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let host = OAuth2Host::start().await;
    host.server
        .behave(Behaviour::next(1, Mode::RateLimited).retry_after(25));
    assert_eq!(host.fail("C-1").await, 1);
    host.test.advance(Duration::from_secs(24));
    assert_eq!(host.fail("C-2").await, 0);
    host.test.advance(Duration::from_secs(40));
    host.test.work().await;
    assert_eq!(host.book.issued(), 1);
    host.test.finish().await;
}

#[tokio::test]
async fn refusal_waits_until_the_file_is_applied() {
    // A refusal is retried after five minutes, or once the tenant's file is applied again.
    let host = OAuth2Host::start().await;
    host.book.fail_next(2, BadTokenResponse::Error("invalid_client"));
    assert_eq!(host.fail_as("unauthorized", "C-1").await, 1);
    host.test.advance(Duration::from_secs(299));
    assert_eq!(host.fail_as("unauthorized", "C-2").await, 0);
    host.test.advance(Duration::from_secs(32));
    assert_eq!(host.fail_as("unauthorized", "C-3").await, 1);
    let expected = "credential `crm` has no access token from 127.0.0.1: the token endpoint refuses: invalid_client; \
                check client_id, the client's secret and client_auth, then apply the tenant's file again";
    assert_eq!(host.messages().await, [expected]);
    assert!(
        host.test
            .apply(&host.file("grant = \"client-credentials\"", ""))
            .await
            .unchanged
    );
    host.deliver_well("C-4").await;
    assert_eq!(host.book.issued(), 1);
    host.test.advance(Duration::from_secs(200));
    host.test.work().await;
    host.test.finish().await;
}

#[tokio::test]
async fn invalid_token_answer_is_reported() {
    let cases = [
        (BadTokenResponse::Html, "unavailable", "answer is not JSON"),
        (
            BadTokenResponse::WrongType,
            "unavailable",
            "answer has a token_type other than bearer",
        ),
        (BadTokenResponse::Huge, "unavailable", "answer is larger than 64 KiB"),
        (BadTokenResponse::Redirect, "unavailable", "answers 302"),
        (
            BadTokenResponse::Error("canary"),
            "unauthorized",
            "refuses: an error code that is not in the standard",
        ),
    ];
    for (wrong, class, expected) in cases {
        let host = OAuth2Host::start().await;
        host.book.fail_next(1, wrong);
        assert_eq!(host.fail_as(class, "C-1").await, 1);
        let messages = host.messages().await;
        assert!(messages.len() == 1 && messages[0].contains(expected), "{messages:?}");
        host.test.advance(Duration::from_secs(331));
        host.test.work().await;
        assert_eq!(host.book.issued(), 1);
        host.test.finish().await;
    }
}

#[tokio::test]
async fn hanging_server_times_out() {
    let host = OAuth2Host::start().await;
    host.test.apply(&host.file("", PATIENT)).await;
    host.server.behave(Behaviour::always(Mode::Hang));
    let (asked, ()) = tokio::join!(host.fail("C-1"), async {
        until(|| host.server.counts().requests == 1).await;
        host.test.advance(Duration::from_secs(10));
    });
    assert_eq!(asked, 1);
    assert!(host.messages().await[0].contains("did not answer"));
    host.server.behave(Behaviour::default());
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    host.test.finish().await;
}

#[tokio::test]
async fn abandoned_query_does_not_cancel_renewal() {
    let host = OAuth2Host::start().await;
    host.server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let (answer, ()) = tokio::join!(host.test.status(super::TENANT, "L"), async {
        until(|| host.server.counts().requests == 1).await;
        // The status query times out after one second, the renewal after ten.
        host.test.advance(Duration::from_secs(2));
    });
    assert_eq!(answer.status.as_u16(), 504, "{answer:?}");
    until(|| host.book.issued() == 1).await;
    host.ask_at_once(1).await;
    assert_eq!(host.server.counts().requests, 1);
    host.test.finish().await;
}

#[tokio::test]
async fn token_server_is_subject_to_egress_rules() {
    let host = OAuth2Host::start().await;
    // The CRM has a public address, and gets no request before there is a token.
    let file = host
        .file("", "")
        .replace("private_addresses = true", "private_addresses = false");
    let file = file.replace(&host.test.keystone.origin(), "https://crm.example");
    let error = host.test.try_apply(&file).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("127.0.0.1 is not a public address"),
        "{error:?}"
    );
    let name = format!("http://login{LOOPBACK_NAMES}");
    host.test.apply(&file.replace("http://127.0.0.1", &name)).await;
    assert_eq!(host.fail("C-1").await, 0);
    assert!(host.messages().await[0].contains("cannot be reached; check token_url, egress.private_addresses"));
    host.test.apply(&host.file("", "")).await;
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    host.test.finish().await;
}
