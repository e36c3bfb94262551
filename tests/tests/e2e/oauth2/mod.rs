//! OAuth2 credentials: the host fetches and renews access tokens; the adapter never notices.

mod clients;
mod failing;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jackfield_clock::Clock as _;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryState;
use jackfield_store::{Alert, DeliveryDetail};
use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{
    Behaviour, IssuedTokens, Keystone, KeystoneConfig, KeystoneLead, Mode, OAuth2, OAuth2Config, RewriteTokens,
    ServerClock,
};
use jackfield_tests::node::{TestNode, first_page};
use serde_json::{Value, json};

const TENANT: &str = "dwarka-homes";
const CLIENT_SECRET: &str = "client secret/canary+1~";
const FIRST_REFRESH_TOKEN: &str = "refresh-canary-1";
const HOUR: Duration = Duration::from_hours(1);

/// A host whose tenant `dwarka-homes` presents its CRM with access tokens of a token server.
struct OAuth2Host {
    test: TestNode,
    server: OAuth2,
    book: IssuedTokens,
}

impl OAuth2Host {
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
        let host = Self { test, server, book };
        host.test.apply(&host.file(grant, "")).await;
        host
    }

    /// The tenant's file, with the grant's settings and further tables.
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

    /// Accepts the disposition of a call with its own lead; returns the delivery.
    async fn accept(&self, call: &str) -> String {
        let lead = format!("L-{call}");
        self.test.keystone.seed(KeystoneLead::new(lead.clone()));
        self.test
            .accept(TENANT, &lead, &minimal_disposition(call, "no_answer"))
            .await
    }

    /// Accepts and delivers.
    async fn deliver(&self, call: &str) -> DeliveryDetail {
        let id = self.accept(call).await;
        self.test.work().await;
        self.test.stored_delivery(&id).await
    }

    async fn deliver_well(&self, call: &str) {
        let found = self.deliver(call).await;
        assert_eq!(found.summary.state, DeliveryState::Done, "{:?}", found.attempts);
    }

    async fn alerts(&self, kind: AlertKind) -> Vec<Alert> {
        let alerts = self.test.store().alerts(None, false, first_page()).await.unwrap().items;
        alerts.into_iter().filter(|alert| alert.kind == kind).collect()
    }

    /// Runs `times` status queries at once, each of which must succeed. It bypasses the listener, whose limits would
    /// refuse so many.
    async fn ask_at_once(&self, times: usize) {
        self.test.keystone.seed(KeystoneLead::new("L"));
        let tenant = self.test.node.tenants.get(&TENANT.parse().unwrap()).unwrap();
        let lead = "L".parse().unwrap();
        let asked = join_all((0..times).map(|_| tenant.loaded.query_status(&lead))).await;
        for invocation in asked {
            assert!(invocation.outcome.unwrap().callable);
        }
    }
}

/// Yields to the other tasks until `done`, which must be certain to happen.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn thousand_queries_fetch_one_token() {
    let host = OAuth2Host::start().await;
    host.ask_at_once(1000).await;
    assert_eq!(host.server.counts().requests, 1);
    assert_eq!(host.test.keystone.counts().refused, 0);
    host.test.finish().await;
}

#[tokio::test]
async fn token_expires_during_a_backlog() {
    let host = OAuth2Host::start().await;
    for call in 0..10 {
        host.accept(&format!("A-{call}")).await;
    }
    host.test.work().await;
    host.test.advance(HOUR);
    for call in 0..10 {
        host.accept(&format!("B-{call}")).await;
    }
    host.test.work().await;
    assert_eq!(
        (host.test.keystone.stored().len(), host.test.keystone.counts().refused),
        (20, 0)
    );
    assert_eq!(host.book.issued(), 2);
    host.test.finish().await;
}

#[tokio::test]
async fn valid_token_is_used_while_renewing() {
    let host = OAuth2Host::start().await;
    host.deliver_well("C-1").await;
    host.test.advance(Duration::from_secs(3600 - 61));
    host.deliver_well("C-2").await;
    assert_eq!(host.server.counts().requests, 1, "a second too early");
    host.test.advance(Duration::from_secs(1));
    // The token server hangs, and deliveries go on.
    host.server.behave(Behaviour::next(1, Mode::Hang));
    host.deliver_well("C-3").await;
    until(|| host.server.counts().requests == 2).await;
    host.deliver_well("C-4").await;
    assert_eq!(host.book.issued(), 1);
    // The renewal times out, and the next one succeeds before the token expires.
    host.test.advance(Duration::from_secs(12));
    for call in 5..15 {
        host.deliver_well(&format!("C-{call}")).await;
        host.test.advance(Duration::from_secs(2));
    }
    until(|| host.book.issued() == 2).await;
    assert_eq!(host.test.keystone.counts().refused, 0);
    host.test.finish().await;
}

#[tokio::test]
async fn token_without_lifetime_is_renewed() {
    let host = OAuth2Host::with(None, "").await;
    host.deliver_well("C-1").await;
    host.test.advance(Duration::from_secs(239));
    host.deliver_well("C-2").await;
    assert_eq!(host.server.counts().requests, 1);
    host.test.advance(Duration::from_secs(61));
    host.deliver_well("C-3").await;
    assert_eq!(host.server.counts().requests, 2);
    host.test.finish().await;
}

#[tokio::test]
async fn tokens_are_taken_as_servers_write_them() {
    // A 2xx with an access token is a token, whatever else is or is not in it.
    let rewrites: [RewriteTokens; 5] = [
        |body| {
            *body = json!({"access_token": body["access_token"]});
            201
        },
        |body| {
            body["token_type"] = json!("");
            body["expires_in"] = json!("3600");
            200
        },
        |body| {
            body["token_type"] = json!("BearerToken");
            body["expires_in"] = json!(3599.5);
            203
        },
        |body| {
            body["expires_in"] = json!("");
            body["refresh_token"] = json!("");
            body["scope"] = json!(["calls.write", 7]);
            200
        },
        |body| {
            body["expires_in"] = json!(0);
            body["error"] = Value::Null;
            200
        },
    ];
    let host = OAuth2Host::start().await;
    for (call, rewrite) in rewrites.into_iter().enumerate() {
        host.book.rewrite_next(1, rewrite);
        host.deliver_well(&format!("C-{call}")).await;
        host.test.advance(HOUR);
    }
    assert_eq!((host.book.issued(), host.test.keystone.counts().refused), (5, 0));
    assert!(host.alerts(AlertKind::Credential).await.is_empty());
    host.test.finish().await;
}

#[tokio::test]
async fn refused_token_is_renewed_once() {
    // A refused token is renewed once, and each request sent once more.
    let host = OAuth2Host::start().await;
    host.ask_at_once(1).await;
    host.test.advance(Duration::from_mins(10));
    host.book.revoke_access_tokens();
    for call in 0..20 {
        host.accept(&format!("C-{call}")).await;
    }
    host.test.work().await;
    assert_eq!(host.book.issued(), 2, "one renewal, however many requests were refused");
    let stored = host.test.keystone.stored();
    assert_eq!(stored.len(), 20);
    assert!(stored.iter().all(|call| call.revision == 1), "none is written twice");
    assert!(host.test.keystone.counts().refused >= 1);
    assert!(host.alerts(AlertKind::Unauthorized).await.is_empty());

    host.test.advance(Duration::from_mins(10));
    host.book.revoke_access_tokens();
    host.ask_at_once(100).await;
    assert_eq!(host.book.issued(), 3);
    host.test.finish().await;
}

#[tokio::test]
async fn refused_new_token_is_unauthorized() {
    // A CRM that refuses the new token too is unauthorized, and causes no storm of renewals.
    let host = OAuth2Host::start().await;
    let time = host.test.clock.clone();
    // This CRM trusts another token server.
    let other = IssuedTokens::new(ServerClock::from_fn(move || time.now()), "", None);
    let crm = KeystoneConfig {
        access_tokens: Some(other),
        ..KeystoneConfig::new("unused")
    };
    let mut host = host;
    host.test.keystone = Keystone::start(crm).await.unwrap();
    host.test.apply(&host.file("", "")).await;
    let found = host.deliver("C-1").await;
    assert_eq!(found.attempts[0].class.unwrap().word(), "unauthorized");
    assert_eq!(host.book.issued(), 2, "one forced renewal");
    assert_eq!(
        host.test.keystone.counts().requests,
        2,
        "the request was sent once more"
    );
    assert_eq!(host.alerts(AlertKind::Unauthorized).await.len(), 1);
    for call in 0..10 {
        let _ = host.deliver(&format!("D-{call}")).await;
    }
    assert_eq!(
        host.book.issued(),
        2,
        "the CRM does not know the client, and another token would not help"
    );
    drain(&host).await;
    host.test.finish().await;
}

/// Runs the retries to their end, so that nothing is left.
async fn drain(host: &OAuth2Host) {
    for _ in 0..6 {
        host.test.advance(Duration::from_hours(2));
        host.test.work().await;
    }
}

#[tokio::test]
async fn swap_keeps_token_of_the_same_client() {
    // A swap fetches no token; a change of the client's settings does.
    let host = OAuth2Host::start().await;
    host.ask_at_once(1).await;
    let session = |more: &str| host.file("grant = \"client-credentials\"", more);
    let swapped = host.test.apply(&session("[delivery]\nconcurrency = 3")).await;
    assert!(!swapped.unchanged);
    host.ask_at_once(1).await;
    let dry_run = session("[delivery]\nconcurrency = 4");
    host.test.node.rollout.apply(None, &dry_run, true).await.unwrap();
    host.test
        .node
        .rollout
        .rollback(&TENANT.parse().unwrap(), None)
        .await
        .unwrap();
    host.ask_at_once(1).await;
    assert_eq!(host.server.counts().requests, 1);
    let other = host.file("audience = \"https://api.example\"", "");
    host.test.apply(&other).await;
    let _ = host.test.status(TENANT, "L").await;
    assert_eq!(host.server.counts().requests, 2);
    host.test.finish().await;
}

#[tokio::test]
async fn swap_keeps_sessions_of_running_queries() {
    let host = Arc::new(OAuth2Host::start().await);
    host.test.keystone.seed(KeystoneLead::new("L"));
    host.server
        .behave(Behaviour::next(1, Mode::Slow).delay(Duration::from_millis(50)));
    let asking = tokio::spawn({
        let host = Arc::clone(&host);
        async move { host.test.status(TENANT, "L").await.expect(200) }
    });
    until(|| host.server.counts().requests == 1).await;
    host.test.apply(&host.file("", "[delivery]\nconcurrency = 3")).await;
    host.ask_at_once(10).await;
    let _ = asking.await.unwrap();
    assert_eq!(
        host.server.counts().requests,
        1,
        "the new release waits for the same renewal"
    );
    Arc::into_inner(host).unwrap().test.finish().await;
}
