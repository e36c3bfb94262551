//! One-time refresh tokens: the host stores the next one before it does anything else, so that after a crash at any
//! moment it continues with the newest.

use std::sync::Arc;
use std::time::Duration;

use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryState;
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode, RewriteTokens};
use serde_json::json;

use super::super::database::sql;
use super::{FIRST_REFRESH_TOKEN, HOUR, OAuth2Host, TENANT, until};

impl OAuth2Host {
    async fn rotating() -> Self {
        Self::with(Some(HOUR), &refresh(FIRST_REFRESH_TOKEN)).await
    }
}

fn refresh(token: &str) -> String {
    format!("grant = \"refresh-token\"\nrefresh_token = {{ value = \"{token}\" }}")
}

#[tokio::test]
async fn each_refresh_token_is_used_once() {
    let host = OAuth2Host::rotating().await;
    for call in 0..5 {
        host.deliver_well(&format!("C-{call}")).await;
        host.test.advance(HOUR);
    }
    assert_eq!((host.book.issued(), host.book.is_revoked()), (5, false));
    assert_eq!(host.book.refresh_token(), "refresh-canary-6");
    host.test.finish().await;
}

#[tokio::test]
async fn restart_uses_the_newest_refresh_token() {
    let mut host = OAuth2Host::rotating().await;
    host.deliver_well("C-1").await;
    host.test.restart().await;
    host.book.revoke_access_tokens();
    host.deliver_well("C-2").await;
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    // Applying the same file again changes nothing.
    host.test.apply(&host.file(&refresh(FIRST_REFRESH_TOKEN), "")).await;
    host.test.restart().await;
    host.deliver_well("C-3").await;
    assert_eq!((host.book.issued(), host.book.is_revoked()), (3, false));
    host.test.finish().await;
}

#[tokio::test]
async fn crash_after_renewal_keeps_the_next_token() {
    let host = Arc::new(OAuth2Host::rotating().await);
    host.test.keystone.seed(KeystoneLead::new("L"));
    host.test.keystone.behave(Behaviour::next(1, Mode::Hang));
    let asking = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.test.status(TENANT, "L").await }
    });
    until(|| host.test.keystone.counts().requests == 1).await;
    asking.abort();
    let _ = asking.await;
    let mut host = Arc::into_inner(host).unwrap();
    host.test.restart().await;
    host.ask_at_once(1).await;
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    host.test.finish().await;
}

#[tokio::test]
async fn shutdown_waits_for_a_running_renewal() {
    let host = Arc::new(OAuth2Host::rotating().await);
    host.server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let asking = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.test.status(TENANT, "L").await }
    });
    until(|| host.server.counts().requests == 1).await;
    asking.abort();
    let _ = asking.await;
    let mut host = Arc::into_inner(host).unwrap();
    host.test.node.rollout.finish_renewals().await;
    host.test.restart().await;
    host.ask_at_once(1).await;
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    host.test.finish().await;
}

#[tokio::test]
async fn unstored_refresh_token_blocks_access() {
    // If the next refresh token cannot be stored, the access token is not used.
    let host = OAuth2Host::rotating().await;
    sql(
        &host.test,
        "create trigger broken before insert on secret begin select raise(abort, 'broken'); end",
    );
    let found = host.deliver("C-1").await;
    assert_eq!(found.attempts[0].class.unwrap().word(), "unavailable");
    assert_eq!((host.book.issued(), host.test.keystone.counts().requests), (1, 0));
    let detail = &found.attempts[0].detail;
    let why = detail.host_reason.as_ref().or(detail.reason.as_ref()).unwrap();
    assert!(why.contains("no access token: "), "{detail:?}");
    let alerts = host.alerts(AlertKind::Credential).await;
    assert!(
        alerts[0]
            .message
            .contains("could not be kept, so the access token is not used"),
        "{alerts:?}"
    );
    host.test.advance(Duration::from_secs(2));
    let _ = host.deliver("C-2").await;
    assert_eq!(
        host.server.counts().requests,
        1,
        "the token that was handed out is stored first"
    );

    sql(&host.test, "drop trigger broken");
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    assert_eq!((host.book.issued(), host.test.keystone.stored().len()), (1, 2));
    host.test.advance(HOUR);
    host.deliver_well("C-3").await;
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    host.test.finish().await;
}

#[tokio::test]
async fn odd_answers_keep_the_refresh_token() {
    // The refresh token of an answer is stored before anything else of the answer counts.
    let rewrites: [(RewriteTokens, &str); 4] = [
        (
            |body| {
                *body = json!({"refresh_token": body["refresh_token"], "expires_in": {}});
                200
            },
            "is not JSON with an access_token",
        ),
        (
            |body| {
                body["token_type"] = json!("mac");
                202
            },
            "has a token_type other than bearer",
        ),
        (
            |body| {
                body["access_token"] = json!("a b");
                200
            },
            "holds a token with characters",
        ),
        (
            |body| {
                body["zz"] = json!("x".repeat(100_000));
                200
            },
            "is larger than 64 KiB",
        ),
    ];
    let mut host = OAuth2Host::rotating().await;
    for (number, (rewrite, why)) in rewrites.into_iter().enumerate() {
        host.book.rewrite_next(1, rewrite);
        let found = host.deliver(&format!("C-{number}")).await;
        assert_eq!(found.attempts[0].class.unwrap().word(), "unavailable", "{why}");
        let alerts = host.alerts(AlertKind::Credential).await;
        assert!(alerts[0].message.contains(why), "{alerts:?}");
        assert!(!alerts[0].message.contains("canary"), "{alerts:?}");
        host.test.restart().await;
        host.test.advance(Duration::from_secs(33));
        host.test.work().await;
        assert_eq!(host.test.keystone.stored().len(), number + 1);
        host.test.advance(HOUR);
    }
    assert_eq!((host.book.issued(), host.book.is_revoked()), (8, false));
    host.test.finish().await;
}

#[tokio::test]
async fn new_token_in_the_file_overrides_stored() {
    let mut host = OAuth2Host::rotating().await;
    host.deliver_well("C-1").await;
    host.book.replace_grant("refresh-canary-anew");
    host.book.revoke_access_tokens();
    host.test.advance(HOUR);
    let found = host.deliver("C-2").await;
    assert_eq!(found.summary.state, DeliveryState::Ready);
    let alerts = host.alerts(AlertKind::Credential).await;
    assert!(
        alerts[0]
            .message
            .contains("invalid_grant; the grant was revoked or has expired: write a new refresh_token")
    );

    host.test.apply(&host.file(&refresh("refresh-canary-anew"), "")).await;
    host.test.advance(Duration::from_secs(33));
    host.test.work().await;
    assert_eq!(host.test.keystone.stored().len(), 2);
    host.test.restart().await;
    host.book.revoke_access_tokens();
    host.deliver_well("C-3").await;
    assert!(!host.book.is_revoked());
    host.test.finish().await;
}

#[tokio::test]
async fn sessions_of_one_grant_renew_in_turn() {
    let host = Arc::new(OAuth2Host::rotating().await);
    host.test.keystone.seed(KeystoneLead::new("L"));
    host.server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(20)));
    let asking = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.test.status(TENANT, "L").await.expect(200) }
    });
    until(|| host.server.counts().requests == 1).await;
    // A release that trusts another authority has its own session, with the same refresh token.
    let authority = rcgen::generate_simple_self_signed(["authority.example".to_owned()]).unwrap();
    let tls = format!("[tls]\nca = {{ value = \"\"\"{}\"\"\" }}", authority.cert.pem());
    host.test.apply(&host.file(&refresh(FIRST_REFRESH_TOKEN), &tls)).await;
    host.ask_at_once(10).await;
    let _ = asking.await.unwrap();
    assert_eq!((host.book.issued(), host.book.is_revoked()), (2, false));
    Arc::into_inner(host).unwrap().test.finish().await;
}
