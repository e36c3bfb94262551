//! A token that cannot be had: backed off, told once, and nothing of it in a message.

use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::State;
use jackfield_tests::fakes::{BadTokenResponse, Behaviour, Mode};

use super::{Party, until};

const PATIENT: &str = "[limits]\nwrite_deadline_ms = 30000";

impl Party {
    /// Fails to deliver, without the CRM having seen anything; returns what was sent to the token server meanwhile.
    async fn fail(&self, call: &str) -> u64 {
        let (asked, crm) = (self.server.counts().requests, self.test.keystone.counts().requests);
        let found = self.deliver(call).await;
        assert_eq!(found.summary.state, State::Ready);
        let attempt = found.attempts.last().unwrap();
        assert_eq!(attempt.class.unwrap().word(), "unavailable", "{attempt:?}");
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        assert_eq!(self.test.keystone.counts().requests, crm, "nothing was sent");
        self.server.counts().requests - asked
    }

    /// What people were told, one line each; none of it a secret.
    async fn told(&self) -> Vec<String> {
        let mut alerts = self.alerts(AlertKind::Credential).await;
        alerts.reverse();
        let told: Vec<_> = alerts.into_iter().map(|alert| alert.message).collect();
        assert!(!told.concat().contains("canary"), "{told:?}");
        told
    }
}

#[tokio::test]
async fn failures_are_backed_off_and_told_once_in_a_row() {
    let party = Party::start().await;
    party.server.behave(Behaviour::always(Mode::FailAfterStore));
    assert_eq!(party.fail("C-1").await, 1);
    for call in 0..20 {
        assert_eq!(party.fail(&format!("D-{call}")).await, 0, "the server is left alone");
    }
    party.test.advance(Duration::from_millis(1100));
    assert_eq!(party.fail("C-2").await, 1);
    party.test.advance(Duration::from_millis(1100));
    assert_eq!(party.fail("C-3").await, 0, "the wait has doubled");
    let told = "credential `crm` has no access token from 127.0.0.1: the token endpoint answers 500; look at the token \
                server; it is asked again";
    assert_eq!(party.told().await, [told]);

    party.server.behave(Behaviour::default());
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    assert_eq!(party.test.keystone.stored().len(), 23);
    party.test.advance(Duration::from_hours(2));
    party.server.behave(Behaviour::always(Mode::Maintenance));
    assert_eq!(party.fail("C-4").await, 1);
    assert_eq!(party.told().await.len(), 2, "a new row of failures is told again");
    party.server.behave(Behaviour::default());
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    party.test.finish().await;
}

#[tokio::test]
async fn what_the_server_asks_for_is_heeded() {
    let party = Party::start().await;
    party
        .server
        .behave(Behaviour::next(1, Mode::RateLimited).retry_after(25));
    assert_eq!(party.fail("C-1").await, 1);
    party.test.advance(Duration::from_secs(24));
    assert_eq!(party.fail("C-2").await, 0);
    party.test.advance(Duration::from_secs(40));
    party.test.work().await;
    assert_eq!(party.book.issued(), 1);
    party.test.finish().await;
}

#[tokio::test]
async fn a_refusal_waits_five_minutes_or_until_the_file_is_applied_again() {
    let party = Party::start().await;
    party.book.fail_next(2, BadTokenResponse::Error("invalid_client"));
    assert_eq!(party.fail("C-1").await, 1);
    party.test.advance(Duration::from_secs(299));
    assert_eq!(party.fail("C-2").await, 0);
    party.test.advance(Duration::from_secs(32));
    assert_eq!(party.fail("C-3").await, 1);
    let told = "credential `crm` has no access token from 127.0.0.1: the token endpoint refuses: invalid_client; check \
                client_id, the client's secret and client_auth, then apply the tenant's file again";
    assert_eq!(party.told().await, [told]);
    assert!(
        party
            .test
            .apply(&party.file("grant = \"client-credentials\"", ""))
            .await
            .unchanged
    );
    party.deliver_well("C-4").await;
    assert_eq!(party.book.issued(), 1);
    party.test.advance(Duration::from_secs(200));
    party.test.work().await;
    party.test.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_told_and_not_used() {
    let cases = [
        (BadTokenResponse::Html, "answer is not JSON"),
        (BadTokenResponse::WrongType, "answer has a token_type other than bearer"),
        (BadTokenResponse::Huge, "answer is larger than 64 KiB"),
        (BadTokenResponse::Redirect, "answers 302"),
        (
            BadTokenResponse::Error("canary"),
            "refuses: an error code that is not in the standard",
        ),
    ];
    for (wrong, expected) in cases {
        let party = Party::start().await;
        party.book.fail_next(1, wrong);
        assert_eq!(party.fail("C-1").await, 1);
        let told = party.told().await;
        assert!(told.len() == 1 && told[0].contains(expected), "{told:?}");
        party.test.advance(Duration::from_secs(331));
        party.test.work().await;
        assert_eq!(party.book.issued(), 1);
        party.test.finish().await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_after_ten_seconds() {
    let party = Party::start().await;
    party.test.apply(&party.file("", PATIENT)).await;
    party.server.behave(Behaviour::always(Mode::Hang));
    let (asked, ()) = tokio::join!(party.fail("C-1"), async {
        until(|| party.server.counts().requests == 1).await;
        party.test.advance(Duration::from_secs(10));
    });
    assert_eq!(asked, 1);
    assert!(party.told().await[0].contains("did not answer"));
    party.server.behave(Behaviour::default());
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    party.test.finish().await;
}

#[tokio::test]
async fn a_call_that_is_given_up_does_not_give_up_the_renewal() {
    let party = Party::start().await;
    party
        .server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let (answer, ()) = tokio::join!(party.test.status(super::TENANT, "L"), async {
        until(|| party.server.counts().requests == 1).await;
        // The status query has a second, and the token server ten.
        party.test.advance(Duration::from_secs(2));
    });
    assert_eq!(answer.status.as_u16(), 504, "{answer:?}");
    until(|| party.book.issued() == 1).await;
    party.ask_at_once(1).await;
    assert_eq!(party.server.counts().requests, 1);
    party.test.finish().await;
}

#[tokio::test]
async fn the_token_server_is_under_the_tenants_rules_for_addresses() {
    let party = Party::start().await;
    // The CRM is at a public address, and is not asked before there is a token.
    let file = party
        .file("", "")
        .replace("private_addresses = true", "private_addresses = false");
    let file = file.replace(&party.test.keystone.origin(), "https://crm.example");
    party.test.apply(&file).await;
    assert_eq!(party.fail("C-1").await, 0);
    assert!(party.told().await[0].contains("cannot be reached; check token_url, egress.private_addresses"));
    party.test.apply(&party.file("", "")).await;
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    party.test.finish().await;
}
