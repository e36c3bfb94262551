//! Refresh tokens that are good for one use: the next one is kept before anything else happens, so that a host that
//! dies at any moment goes on with the newest.

use std::sync::Arc;
use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::State;
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{FIRST_REFRESH_TOKEN, HOUR, Party, TENANT, until};

impl Party {
    async fn rotating() -> Self {
        Self::with(Some(HOUR), &refresh(FIRST_REFRESH_TOKEN)).await
    }

    /// Runs SQL on the host's database behind its back.
    async fn sql(&self, text: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.test.data_dir().join("jackfield.db"));
        let mut db = file.connect().await.unwrap();
        sqlx::query(text).execute(&mut db).await.unwrap();
    }
}

fn refresh(token: &str) -> String {
    format!("grant = \"refresh-token\"\nrefresh_token = {{ value = \"{token}\" }}")
}

#[tokio::test]
async fn each_refresh_token_is_used_once() {
    let party = Party::rotating().await;
    for call in 0..5 {
        party.deliver_well(&format!("C-{call}")).await;
        party.test.advance(HOUR);
    }
    assert_eq!((party.book.issued(), party.book.is_revoked()), (5, false));
    assert_eq!(party.book.refresh_token(), "refresh-canary-6");
    party.test.finish().await;
}

#[tokio::test]
async fn after_a_restart_the_newest_is_used_and_not_the_one_in_the_file() {
    let mut party = Party::rotating().await;
    party.deliver_well("C-1").await;
    party.test.restart().await;
    party.book.revoke_access_tokens();
    party.deliver_well("C-2").await;
    assert_eq!((party.book.issued(), party.book.is_revoked()), (2, false));
    // Applying the same file again changes nothing.
    party.test.apply(&party.file(&refresh(FIRST_REFRESH_TOKEN), "")).await;
    party.test.restart().await;
    party.deliver_well("C-3").await;
    assert_eq!((party.book.issued(), party.book.is_revoked()), (3, false));
    party.test.finish().await;
}

#[tokio::test]
async fn a_host_that_dies_when_the_token_is_first_used_has_kept_the_next() {
    let party = Arc::new(Party::rotating().await);
    party.test.keystone.seed(KeystoneLead::new("L"));
    party.test.keystone.behave(Behaviour::next(1, Mode::Hang));
    let asking = tokio::spawn({
        let party = Arc::clone(&party);
        async move { party.test.status(TENANT, "L").await }
    });
    until(|| party.test.keystone.counts().requests == 1).await;
    asking.abort();
    let _ = asking.await;
    let mut party = Arc::into_inner(party).unwrap();
    party.test.restart().await;
    party.ask_at_once(1).await;
    assert_eq!((party.book.issued(), party.book.is_revoked()), (2, false));
    party.test.finish().await;
}

#[tokio::test]
async fn a_host_that_stops_waits_for_the_refresh_token_that_is_on_its_way() {
    let party = Arc::new(Party::rotating().await);
    party
        .server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let asking = tokio::spawn({
        let party = Arc::clone(&party);
        async move { party.test.status(TENANT, "L").await }
    });
    until(|| party.server.counts().requests == 1).await;
    asking.abort();
    let _ = asking.await;
    let mut party = Arc::into_inner(party).unwrap();
    party.test.node.rollout.settle().await;
    party.test.restart().await;
    party.ask_at_once(1).await;
    assert_eq!((party.book.issued(), party.book.is_revoked()), (2, false));
    party.test.finish().await;
}

#[tokio::test]
async fn a_refresh_token_that_cannot_be_kept_keeps_the_access_token_from_being_used() {
    let party = Party::rotating().await;
    party
        .sql("create trigger broken before insert on secret begin select raise(abort, 'broken'); end")
        .await;
    let found = party.deliver("C-1").await;
    assert_eq!(found.attempts[0].class.unwrap().word(), "unavailable");
    assert_eq!((party.book.issued(), party.test.keystone.counts().requests), (1, 0));
    let told = party.alerts(AlertKind::Credential).await;
    assert!(
        told[0]
            .message
            .contains("could not be kept, so the access token is not used"),
        "{told:?}"
    );
    party.test.advance(Duration::from_secs(2));
    let _ = party.deliver("C-2").await;
    assert_eq!(
        party.server.counts().requests,
        1,
        "the one that was handed out is kept first"
    );

    party.sql("drop trigger broken").await;
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    assert_eq!((party.book.issued(), party.test.keystone.stored().len()), (1, 2));
    party.test.advance(HOUR);
    party.deliver_well("C-3").await;
    assert_eq!((party.book.issued(), party.book.is_revoked()), (2, false));
    party.test.finish().await;
}

#[tokio::test]
async fn a_new_value_in_the_file_counts_more_than_what_was_kept() {
    let mut party = Party::rotating().await;
    party.deliver_well("C-1").await;
    party.book.replace_grant("refresh-canary-anew");
    party.book.revoke_access_tokens();
    party.test.advance(HOUR);
    let found = party.deliver("C-2").await;
    assert_eq!(found.summary.state, State::Ready);
    let told = party.alerts(AlertKind::Credential).await;
    assert!(
        told[0]
            .message
            .contains("invalid_grant; the grant was revoked or has expired: write a new refresh_token")
    );

    party.test.apply(&party.file(&refresh("refresh-canary-anew"), "")).await;
    party.test.advance(Duration::from_secs(33));
    party.test.work().await;
    assert_eq!(party.test.keystone.stored().len(), 2);
    party.test.restart().await;
    party.book.revoke_access_tokens();
    party.deliver_well("C-3").await;
    assert!(!party.book.is_revoked());
    party.test.finish().await;
}

#[tokio::test]
async fn two_sessions_of_one_grant_take_turns() {
    let party = Arc::new(Party::rotating().await);
    party.test.keystone.seed(KeystoneLead::new("L"));
    party
        .server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let asking = tokio::spawn({
        let party = Arc::clone(&party);
        async move { party.test.status(TENANT, "L").await.expect(200) }
    });
    until(|| party.server.counts().requests == 1).await;
    // A release that believes another authority has a session of its own, with the same refresh token.
    let authority = rcgen::generate_simple_self_signed(["authority.example".to_owned()]).unwrap();
    let tls = format!("[tls]\nca = {{ value = \"\"\"{}\"\"\" }}", authority.cert.pem());
    party.test.apply(&party.file(&refresh(FIRST_REFRESH_TOKEN), &tls)).await;
    party.ask_at_once(10).await;
    let _ = asking.await.unwrap();
    assert_eq!((party.book.issued(), party.book.is_revoked()), (2, false));
    Arc::into_inner(party).unwrap().test.finish().await;
}
