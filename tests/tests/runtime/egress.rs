//! Where requests may go, against a guest that tries every bypass.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::Failure;
use jackfield_sandbox::{AddressLookup, LoadedRelease, Resolver};
use tokio::sync::Notify;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, id, keystone, try_egress, without_reason, write_to};

/// A resolver whose answers change: each lookup gets the next one; the last one repeats.
#[derive(Debug, Default)]
struct Flipping {
    answers: Vec<Vec<IpAddr>>,
    lookups: AtomicUsize,
    asked: Notify,
}

impl Flipping {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers
            .iter()
            .map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect());
        Arc::new(Self {
            answers: answers.collect(),
            ..Self::default()
        })
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

impl Resolver for Flipping {
    fn resolve(&self, _: &str) -> AddressLookup {
        let lookup = self.lookups.fetch_add(1, Ordering::Relaxed);
        self.asked.notify_one();
        match self.answers.get(lookup).or(self.answers.last()) {
            Some(found) => Box::pin(std::future::ready(Ok(found.clone()))),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A hostile guest whose `egress` export requests `target`.
async fn reaching(test: &TestRuntime, target: &str, egress: &str) -> LoadedRelease {
    let spec = format!(
        "settings = {{ base_url = \"{target}\", target = \"{target}\" }}\n[egress]\n{egress}\nallow = [\"{target}\"]"
    );
    test.load("hostile", &spec).await
}

async fn answer(loaded: &LoadedRelease) -> String {
    write_to(loaded, "egress").await.outcome.unwrap()
}

#[tokio::test]
async fn every_private_host_spelling_is_refused() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let port = server.port();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "017700000001",
        "0x7f.1",
        "①②⑦.⓪.⓪.①",
        "１２７.０.０.１",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::127.0.0.1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fc00::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
    ] {
        let loaded = reaching(&test, &format!("http://{host}:{port}"), "").await;
        let invocation = write_to(&loaded, "egress").await;
        assert_eq!(invocation.refused, [("private-address", 1)], "{host}");
        let answer = invocation.outcome.unwrap();
        assert!(
            answer.starts_with("denied: ") && answer.contains("is not a public address"),
            "{host}: {answer}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn url_tricks_do_not_bypass_grants() {
    let server = Server::friendly().await;
    let granted = server.origin.as_str();
    let evil = Server::friendly().await;
    let evil_host = evil.origin.trim_start_matches("http://");
    let host = granted.trim_start_matches("http://");
    for (target, expected) in [
        (format!("http://{host}@{evil_host}/"), "user name or password"),
        (format!("http://user:pw@{host}/"), "user name or password"),
        (format!("http://{evil_host}\\\\@{host}/"), "is not granted"),
        (format!("http://{evil_host}/@{host}/"), "is not granted"),
        (format!("http://{evil_host}#@{host}/"), "is not granted"),
        (format!("http://{evil_host}?{granted}"), "is not granted"),
        ("http://[fe80::1%25lo]/".into(), "not absolute and valid"),
        ("file:///etc/passwd".into(), "over http and https only"),
        ("unix:///run/x.sock".into(), "over http and https only"),
        (format!("https://{host}/"), "is not granted"),
    ] {
        let answer = try_egress(&server, &target, true, &[granted]).await;
        assert!(
            answer.starts_with("denied: ") && answer.contains(expected),
            "{target}: {answer}"
        );
    }
    assert_eq!(evil.connections(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Server::friendly().await;
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "/again",
        &other.origin,
    ] {
        for status in [301, 302, 303, 307, 308] {
            let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let server = Server::start(move |_| Reply::Answer(answer.clone().into_bytes())).await;
            let answer = try_egress(&server, &server.origin, true, &[&server.origin]).await;
            assert_eq!(
                (answer, server.requests().len()),
                (format!("answered {status}"), 1),
                "{location}"
            );
        }
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn rebinding_to_loopback_reaches_nothing() {
    // DNS rebinding: a name that resolves to loopback after its first, public, answer reaches nothing.
    let server = Server::friendly().await;
    // A public address that is assigned to nobody, so the first connection cannot be established.
    let resolver = Flipping::new(&[&["3ffe::1"], &["127.0.0.1"], &["::ffff:127.0.0.1", "169.254.169.254"]]);
    let test = TestRuntime::resolving(resolver.clone());
    let loaded = reaching(&test, &format!("http://crm.example:{}", server.port()), "").await;
    let (first, ()) = tokio::join!(answer(&loaded), async {
        resolver.asked.notified().await;
        test.run_out_of_time(Duration::from_secs(10));
    });
    assert!(first.starts_with("unreachable: "), "{first}");
    let second = answer(&loaded).await;
    assert!(
        second.starts_with("denied: 127.0.0.1 is not a public address"),
        "{second}"
    );
    let third = answer(&loaded).await;
    assert!(third.starts_with("denied: "), "{third}");
    assert_eq!((resolver.lookups(), server.connections()), (3, 0));
}

#[tokio::test]
async fn reused_connection_keeps_its_address() {
    let server = Server::friendly().await;
    let resolver = Flipping::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let test = TestRuntime::resolving(resolver.clone());
    let origin = format!("http://crm.example:{}", server.port());
    let open = reaching(&test, &origin, "private_addresses = true").await;
    for _ in 0..3 {
        assert_eq!(answer(&open).await, "answered 200");
    }
    assert_eq!(
        (resolver.lookups(), server.connections()),
        (1, 1),
        "one lookup for one connection"
    );

    // A release with fewer grants does not share the connection: it does its own lookup and is refused.
    let closed = reaching(&test, &origin, "").await;
    assert!(answer(&closed).await.starts_with("denied: "));
    assert_eq!(
        (resolver.lookups(), server.connections(), server.requests().len()),
        (2, 1, 3)
    );
}

#[tokio::test]
async fn rebinding_to_metadata_address_is_refused() {
    // A metadata address is refused even where private addresses are granted.
    let closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(|_| Reply::Cut(closing.into())).await;
    let resolver = Flipping::new(&[&["127.0.0.1"], &["169.254.169.254"], &["fd00:ec2::254"]]);
    let test = TestRuntime::resolving(resolver.clone());
    let target = format!("http://crm.example:{}", server.port());
    let loaded = reaching(&test, &target, "private_addresses = true").await;
    assert_eq!(answer(&loaded).await, "answered 200");
    for _ in 0..2 {
        let invocation = write_to(&loaded, "egress").await;
        assert_eq!(invocation.refused, [("metadata-address", 1)], "{invocation:?}");
    }
    assert_eq!((resolver.lookups(), server.connections()), (3, 1));
}

#[tokio::test]
async fn pinned_host_is_checked_but_not_looked_up() {
    let server = Server::friendly().await;
    let resolver = Flipping::new(&[&["169.254.169.254"]]);
    let test = TestRuntime::resolving(resolver.clone());
    let target = format!("http://crm.internal:{}", server.port());
    let pinned = "hosts = { \"CRM.internal\" = [\"127.0.0.1\"] }";
    let loaded = reaching(&test, &target, &format!("private_addresses = true\n{pinned}")).await;
    assert_eq!(answer(&loaded).await, "answered 200");
    let request = server.requests().pop().unwrap();
    assert!(
        request.contains(&format!("host: crm.internal:{}\r\n", server.port())),
        "{request}"
    );
    let closed = reaching(&test, &target, pinned).await;
    assert!(
        answer(&closed)
            .await
            .starts_with("denied: 127.0.0.1 is not a public address")
    );
    assert_eq!((resolver.lookups(), server.connections()), (0, 1));
}

#[tokio::test]
async fn failed_connection_is_not_sent() {
    // A connection that cannot be established fails in time for the adapter, and as not sent.
    let resolver = Flipping::new(&[]);
    let test = TestRuntime::resolving(resolver.clone());
    let loaded = keystone(&test, "http://crm.example").await;
    let (invocation, ()) = tokio::join!(write_to(&loaded, "KL-1"), async {
        resolver.asked.notified().await;
        // Half of the remaining time; the other half is left for the adapter.
        test.clock.advance(Duration::from_millis(4_875));
    });
    assert_eq!(
        (
            without_reason(invocation.outcome),
            invocation.sent,
            invocation.out_of_time
        ),
        (Err(Failure::Unavailable(None)), false, false)
    );
}

#[tokio::test]
async fn pending_lookups_per_release_are_bounded() {
    let resolver = Flipping::new(&[]);
    let test = TestRuntime::resolving(resolver.clone());
    let loaded = keystone(&test, "http://crm.example").await;
    let calls = futures_util::future::join_all((0..40).map(|_| write_to(&loaded, "KL-1")));
    let time = async {
        // A deadline starts with its invocation, and some start later, so the clock advances in small steps.
        loop {
            tokio::task::yield_now().await;
            test.clock.advance(Duration::from_millis(50));
        }
    };
    let calls = tokio::select! {
        calls = calls => calls,
        () = time => unreachable!("time goes on for ever"),
    };
    for invocation in calls {
        assert_eq!(
            (without_reason(invocation.outcome), invocation.sent),
            (Err(Failure::Unavailable(None)), false)
        );
    }
    assert_eq!(resolver.lookups(), 16, "abandoned lookups still count");
}

#[tokio::test]
async fn grants_are_limited_to_methods_and_paths() {
    let (test, server) = (
        TestRuntime::new(),
        Server::start(|_| Reply::json(r#"{"id":"KC-9"}"#)).await,
    );
    let load = async |grants: &str| {
        let origin = &server.origin;
        let spec = format!(
            "settings.base_url = \"{origin}\"\n\
             [egress]\nprivate_addresses = true\nallow = [{}]\n\
             [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ env = \"X\" }}\n\
             origins = [\"{origin}\"]\n",
            grants.replace("ORIGIN", &format!("origin = \"{origin}\""))
        );
        let secrets = [("crm".to_owned(), Sensitive::new("token".into()))];
        test.try_load("keystone", &spec, secrets.into()).await.unwrap()
    };
    let find = async |loaded: &LoadedRelease| loaded.find(&id("KL-1"), &"C-1".parse().unwrap()).await;

    let reads = load("{ ORIGIN, methods = [\"GET\"] }").await;
    let invocation = write_to(&reads, "KL-1").await;
    assert!(invocation.obstacle.is_some() && !invocation.sent);
    let Err(Failure::Rejected(rejection)) = invocation.outcome else {
        panic!("the host refused the request, whatever the adapter says: {invocation:?}");
    };
    assert_eq!(rejection.code, "host-refused");
    assert!(rejection.message.contains("is not granted"), "{rejection}");
    assert_eq!(invocation.refused, [("method-not-granted", 1)]);
    assert_eq!(find(&reads).await.refused, []);

    let leads = load("{ ORIGIN, path = \"/api/v1/leads\" }").await;
    assert_eq!(write_to(&leads, "KL-1").await.outcome, Ok("KC-9".into()));
    assert_eq!(find(&leads).await.refused, [("path-not-granted", 1)]);
    assert_eq!(
        write_to(&leads, "A/7").await.outcome,
        Ok("KC-9".into()),
        "an encoded slash"
    );
    assert!(server.requests().pop().unwrap().contains("/api/v1/leads/A%2F7/"));
    assert_eq!(write_to(&leads, "../7").await.refused, [("ambiguous-path", 1)]);

    let both = load(
        "{ ORIGIN, path = \"/api/v1/leads\", methods = [\"PUT\"] }, \
              { ORIGIN, path = \"/api/v1/calls/\" }",
    )
    .await;
    assert_eq!(write_to(&both, "KL-1").await.outcome, Ok("KC-9".into()));
    assert_eq!(find(&both).await.refused, []);
    assert_eq!(both.query_status(&id("KL-1")).await.refused, [("path-not-granted", 1)]);
}
