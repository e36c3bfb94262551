//! OAuth2 credentials: the host fetches and renews access tokens, and the adapter never notices.

mod failing;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jackfield_clock::Clock as _;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::State;
use jackfield_domain::delivery::breaker::Forced;
use jackfield_store::{Alert, DeliveryDetail};
use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{
    Behaviour, IssuedTokens, Keystone, KeystoneConfig, KeystoneLead, Mode, OAuth2, OAuth2Config, ServerClock,
};
use jackfield_tests::node::{TestNode, first_page};

const TENANT: &str = "dwarka-homes";
const CLIENT_SECRET: &str = "client secret/canary+1";
const FIRST_REFRESH_TOKEN: &str = "refresh-canary-1";
const HOUR: Duration = Duration::from_hours(1);

/// A host whose tenant `dwarka-homes` shows its CRM access tokens of a token server.
struct Party {
    test: TestNode,
    server: OAuth2,
    book: IssuedTokens,
}

impl Party {
    /// With the client-credentials grant, and tokens that live for an hour.
    async fn start() -> Self {
        Self::with(Some(HOUR), "grant = \"client-credentials\"").await
    }

    async fn with(lifetime: Option<Duration>, grant: &str) -> Self {
        let mut test = TestNode::start().await;
        let time = test.clock.clone();
        let book = IssuedTokens::new(ServerClock::from_fn(move || time.now()), FIRST_REFRESH_TOKEN, lifetime);
        let crm = KeystoneConfig {
            access_tokens: Some(book.clone()),
            ..KeystoneConfig::new("unused")
        };
        test.keystone = Keystone::start(crm).await.unwrap();
        let server = OAuth2Config {
            scope: Some("calls.write".into()),
            ..OAuth2Config::new("jack field", CLIENT_SECRET, book.clone())
        };
        let server = OAuth2::start(server).await.unwrap();
        let party = Self { test, server, book };
        party.test.apply(&party.file(grant, "")).await;
        // What is told apart here would only be held back by the CRM's breaker.
        let (tenant, now) = (TENANT.parse().unwrap(), party.test.clock.now());
        let store = party.test.store();
        store.force_breaker(&tenant, Some(Forced::Closed), now).await.unwrap();
        party.test.node.rollout.sync().await.unwrap();
        party
    }

    /// The tenant's file, with what the grant needs and further tables.
    fn file(&self, grant: &str, more: &str) -> String {
        let oauth2 = format!(
            "[credentials.oauth2]\ntoken_url = \"{}/token\"\nclient_id = \"jack field\"\nscope = \"calls.write\"\n\
             {grant}\n{more}",
            self.server.origin()
        );
        let secret = format!("{{ value = \"{CLIENT_SECRET}\" }}");
        keystone_tenant(TENANT, &self.test.keystone.origin(), &secret, &oauth2)
            .replace("kind = \"bearer\"", "kind = \"oauth2\"")
    }

    /// Accepts the report of a call of a lead of its own; returns the delivery.
    async fn accept(&self, call: &str) -> String {
        let lead = format!("L-{call}");
        self.test.keystone.seed(KeystoneLead::new(lead.clone()));
        let answer = self
            .test
            .dispose(TENANT, &lead, &minimal_disposition(call, "no_answer"))
            .await;
        answer.expect(202).member("delivery")
    }

    async fn found(&self, id: &str) -> DeliveryDetail {
        self.test.store().delivery(id.parse().unwrap()).await.unwrap().unwrap()
    }

    /// Accepts and delivers.
    async fn deliver(&self, call: &str) -> DeliveryDetail {
        let id = self.accept(call).await;
        self.test.work().await;
        self.found(&id).await
    }

    async fn deliver_well(&self, call: &str) {
        let found = self.deliver(call).await;
        assert_eq!(found.summary.state, State::Done, "{:?}", found.attempts);
    }

    async fn alerts(&self, kind: AlertKind) -> Vec<Alert> {
        let alerts = self.test.store().alerts(None, false, first_page()).await.unwrap().items;
        alerts.into_iter().filter(|alert| alert.kind == kind).collect()
    }

    /// Asks for the status of a lead, as often as `times` at once; every answer must be good. More than the front door
    /// lets in, so it asks behind it.
    async fn ask_at_once(&self, times: usize) {
        self.test.keystone.seed(KeystoneLead::new("L"));
        let tenant = self.test.node.tenants.get(&TENANT.parse().unwrap()).unwrap();
        let lead = "L".parse().unwrap();
        let asked = join_all((0..times).map(|_| tenant.loaded.query_status(&lead))).await;
        for called in asked {
            assert!(called.outcome.unwrap().callable);
        }
    }
}

/// Lets the other tasks go on until `done`. What is waited for is certain to come.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_thousand_calls_at_once_fetch_one_token() {
    let party = Party::start().await;
    party.ask_at_once(1000).await;
    assert_eq!(party.server.counts().requests, 1);
    assert_eq!(party.test.keystone.counts().refused, 0);
    party.test.finish().await;
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_of_a_backlog_is_not_noticed() {
    let party = Party::start().await;
    for call in 0..10 {
        party.accept(&format!("A-{call}")).await;
    }
    party.test.work().await;
    party.test.advance(HOUR);
    for call in 0..10 {
        party.accept(&format!("B-{call}")).await;
    }
    party.test.work().await;
    assert_eq!(
        (party.test.keystone.stored().len(), party.test.keystone.counts().refused),
        (20, 0)
    );
    assert_eq!(party.book.issued(), 2);
    party.test.finish().await;
}

#[tokio::test]
async fn a_valid_token_is_never_waited_for_while_it_is_renewed() {
    let party = Party::start().await;
    party.deliver_well("C-1").await;
    party.test.advance(Duration::from_secs(3600 - 61));
    party.deliver_well("C-2").await;
    assert_eq!(party.server.counts().requests, 1, "a second too early");
    party.test.advance(Duration::from_secs(1));
    // The token server answers nobody, and the calls go on.
    party.server.behave(Behaviour::next(1, Mode::Hang));
    party.deliver_well("C-3").await;
    until(|| party.server.counts().requests == 2).await;
    party.deliver_well("C-4").await;
    assert_eq!(party.book.issued(), 1);
    // The renewal is given up, and the next one succeeds before the token has expired.
    party.test.advance(Duration::from_secs(12));
    for call in 5..15 {
        party.deliver_well(&format!("C-{call}")).await;
        party.test.advance(Duration::from_secs(2));
    }
    until(|| party.book.issued() == 2).await;
    assert_eq!(party.test.keystone.counts().refused, 0);
    party.test.finish().await;
}

#[tokio::test]
async fn a_token_without_a_lifetime_is_renewed_after_four_minutes() {
    let party = Party::with(None, "").await;
    party.deliver_well("C-1").await;
    party.test.advance(Duration::from_secs(239));
    party.deliver_well("C-2").await;
    assert_eq!(party.server.counts().requests, 1);
    party.test.advance(Duration::from_secs(61));
    party.deliver_well("C-3").await;
    assert_eq!(party.server.counts().requests, 2);
    party.test.finish().await;
}

#[tokio::test]
async fn refused_tokens_are_renewed_once_and_each_request_is_sent_once_more() {
    let party = Party::start().await;
    party.ask_at_once(1).await;
    party.test.advance(Duration::from_mins(10));
    party.book.revoke_access_tokens();
    for call in 0..20 {
        party.accept(&format!("C-{call}")).await;
    }
    party.test.work().await;
    assert_eq!(party.book.issued(), 2, "one renewal, whoever met the refusal");
    let stored = party.test.keystone.stored();
    assert_eq!(stored.len(), 20);
    assert!(stored.iter().all(|call| call.revision == 1), "none is written twice");
    assert!(party.test.keystone.counts().refused >= 1);
    assert!(party.alerts(AlertKind::Unauthorized).await.is_empty());

    party.test.advance(Duration::from_mins(10));
    party.book.revoke_access_tokens();
    party.ask_at_once(100).await;
    assert_eq!(party.book.issued(), 3);
    party.test.finish().await;
}

#[tokio::test]
async fn a_crm_that_refuses_the_new_token_too_is_told_as_unauthorized_and_makes_no_storm() {
    let party = Party::start().await;
    let time = party.test.clock.clone();
    // This CRM believes another token server.
    let other = IssuedTokens::new(ServerClock::from_fn(move || time.now()), "", None);
    let crm = KeystoneConfig {
        access_tokens: Some(other),
        ..KeystoneConfig::new("unused")
    };
    let mut party = party;
    party.test.keystone = Keystone::start(crm).await.unwrap();
    party.test.apply(&party.file("", "")).await;
    let found = party.deliver("C-1").await;
    assert_eq!(found.attempts[0].class.unwrap().word(), "unauthorized");
    assert_eq!(party.book.issued(), 2, "one forced renewal");
    assert_eq!(
        party.test.keystone.counts().requests,
        2,
        "the request was sent once more"
    );
    assert_eq!(party.alerts(AlertKind::Unauthorized).await.len(), 1);
    for call in 0..10 {
        let _ = party.deliver(&format!("D-{call}")).await;
    }
    assert_eq!(
        party.book.issued(),
        2,
        "the CRM does not know the client, and another token would not help"
    );
    drain(&party).await;
    party.test.finish().await;
}

/// Climbs the ladder to its end, so that nothing is left.
async fn drain(party: &Party) {
    for _ in 0..6 {
        party.test.advance(Duration::from_hours(2));
        party.test.work().await;
    }
}

#[tokio::test]
async fn a_swap_fetches_nothing_and_another_client_does() {
    let party = Party::start().await;
    party.ask_at_once(1).await;
    let session = |more: &str| party.file("grant = \"client-credentials\"", more);
    let swapped = party.test.apply(&session("[delivery]\nconcurrency = 3")).await;
    assert!(!swapped.unchanged);
    party.ask_at_once(1).await;
    let dry_run = session("[delivery]\nconcurrency = 4");
    party.test.node.rollout.apply(None, &dry_run, true).await.unwrap();
    party
        .test
        .node
        .rollout
        .rollback(&TENANT.parse().unwrap(), None)
        .await
        .unwrap();
    party.ask_at_once(1).await;
    assert_eq!(party.server.counts().requests, 1);
    let other = party.file("audience = \"https://api.example\"", "");
    party.test.apply(&other).await;
    let _ = party.test.status(TENANT, "L").await;
    assert_eq!(party.server.counts().requests, 2);
    party.test.finish().await;
}

#[tokio::test]
async fn calls_in_flight_keep_their_session_through_a_swap() {
    let party = Arc::new(Party::start().await);
    party.test.keystone.seed(KeystoneLead::new("L"));
    party
        .server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(50)));
    let asking = tokio::spawn({
        let party = Arc::clone(&party);
        async move { party.test.status(TENANT, "L").await.expect(200) }
    });
    until(|| party.server.counts().requests == 1).await;
    party.test.apply(&party.file("", "[delivery]\nconcurrency = 3")).await;
    party.ask_at_once(10).await;
    let _ = asking.await.unwrap();
    assert_eq!(
        party.server.counts().requests,
        1,
        "the new release waits for the same renewal"
    );
    Arc::into_inner(party).unwrap().test.finish().await;
}
