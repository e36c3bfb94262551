//! Pushes to the agent: they obey the tenant's rules for addresses and certificates, as an adapter's requests do, and
//! are signed with every secret of a rotation.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jackfield_clock::Clock as _;
use jackfield_domain::delivery::DeliveryState;
use jackfield_store::DeliveryDetail;
use jackfield_tests::documents::lead_created;
use jackfield_tests::fakes::{Agent, AgentConfig, ServerClock};
use jackfield_tests::node::{LOOPBACK_NAMES, PUSH_SECRET, TestNode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const TENANT: &str = "dwarka-homes";

/// Accepts a lead and pushes it.
async fn push(test: &TestNode, number: usize) -> DeliveryDetail {
    let body = lead_created(&format!("L-{number}"), &format!("KEY-{number}")).to_string();
    let answer = test.webhook(TENANT, &format!("msg_{number}"), body.as_bytes()).await;
    let id = answer.expect(202).member("delivery");
    test.work().await;
    test.stored_delivery(&id).await
}

/// The tenant's file with another push URL.
fn pushing_to(test: &TestNode, url: &str, more: &str) -> String {
    let known = format!("{}/leads", test.agent.origin());
    let file = test.dwarka(more);
    assert!(file.contains(&known), "{file}");
    file.replace(&known, url)
}

/// The file without private addresses, whose CRM is elsewhere.
fn public_only(test: &TestNode, url: &str) -> String {
    pushing_to(test, url, "")
        .replace("private_addresses = true", "private_addresses = false")
        .replace(&test.keystone.origin(), "https://crm.example")
}

/// The agent under a name that leads to loopback.
fn named_agent(test: &TestNode) -> String {
    let origin = test.agent.origin();
    let port = origin.rsplit(':').next().unwrap();
    format!("agent{LOOPBACK_NAMES}:{port}")
}

#[tokio::test]
async fn private_name_needs_private_addresses() {
    // A name that leads to a private address is refused when the host connects, and a person is asked.
    let test = TestNode::start().await;
    let url = format!("http://{}/leads", named_agent(&test));
    test.apply(&public_only(&test, &url)).await;
    let found = push(&test, 1).await;
    assert_eq!(found.summary.state, DeliveryState::Review);
    let rejection = found.attempts[0].detail.rejection.as_ref().unwrap();
    assert_eq!(rejection.code, "host-refused");
    let expected = "agent.push_url: 127.0.0.1 is not a public address: if the destination is inside your own \
                    network, set egress.private_addresses = true in the tenant's file";
    assert_eq!(rejection.message, expected);
    assert_eq!(test.agent.counts().requests, 0);

    test.apply(&pushing_to(&test, &url, "")).await;
    let replayed = test.replay(vec![found.summary.id], false).await;
    assert_eq!((replayed, test.work().await), (1, 1));
    assert_eq!(test.agent.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn private_push_url_is_refused_at_apply() {
    let test = TestNode::start().await;
    for (url, why) in [
        (
            "http://127.0.0.1:9200/leads",
            "/agent/push_url: 127.0.0.1 is not a public address",
        ),
        (
            "http://169.254.169.254/latest",
            "169.254.169.254 is not a public address",
        ),
        ("http://[fe80::1]/", "fe80::1 is not a public address"),
        ("http://localhost/", "127.0.0.1 is not a public address"),
        (
            "https://user:pw-canary@agent.example/",
            "must hold no user name and password",
        ),
        ("https://agent.example/#top", "must have no fragment"),
    ] {
        let error = test.try_apply(&public_only(&test, url)).await.unwrap_err();
        let shown = format!("{error} {error:?}")
            .replace("pointer: \"", "")
            .replace("\", detail: \"", ": ");
        assert!(shown.contains(why), "{shown}");
        assert!(!shown.contains("pw-canary"), "{shown}");
    }
    test.finish().await;
}

#[tokio::test]
async fn pushes_trust_the_tenants_authority() {
    let test = TestNode::start().await;
    let plain: SocketAddr = test.agent.origin().trim_start_matches("http://").parse().unwrap();
    let (port, authority) = tls_in_front_of(plain).await;
    let url = format!("https://agent{LOOPBACK_NAMES}:{port}/leads");
    test.apply(&pushing_to(&test, &url, "")).await;
    let found = push(&test, 1).await;
    assert_eq!(found.attempts[0].class.unwrap().word(), "unavailable");
    assert_eq!(
        test.agent.counts().requests,
        0,
        "the agent's certificate is not trusted"
    );

    let tls = format!("[tls]\nca = {{ value = \"\"\"{authority}\"\"\" }}");
    test.apply(&pushing_to(&test, &url, &tls)).await;
    test.advance(Duration::from_secs(34));
    test.work().await;
    assert_eq!(test.agent.stored().len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn pushes_are_signed_for_a_rotation() {
    // While the secret changes, each push has a signature by the old one and one by the new one.
    const NEW: &str = "bmV3LXB1c2gtY2FuYXJ5LXNlY3JldC0wMTIzNDU2Nzg=";
    let mut test = TestNode::start().await;
    let single = format!("push_secret = {{ value = \"{PUSH_SECRET}\" }}");
    let several = |secrets: &str| {
        let file = test.dwarka("");
        assert!(file.contains(&single), "{file}");
        file.replace(&single, secrets)
    };
    let rotating = several(&format!(
        "push_secrets = [{{ value = \"{PUSH_SECRET}\" }}, {{ value = \"{NEW}\" }}]"
    ));
    test.apply(&rotating).await;
    assert_eq!(
        push(&test, 1).await.summary.state,
        DeliveryState::Done,
        "the agent has the old secret"
    );
    let time = test.clock.clone();
    let config = AgentConfig {
        now: ServerClock::from_fn(move || time.now()),
        ..AgentConfig::new(format!("whsec_{NEW}"))
    };
    test.agent = Agent::start(config).await.unwrap();
    let here = test.dwarka("");
    let old_origin = rotating.lines().find(|line| line.contains("push_url")).unwrap();
    let new_origin = here.lines().find(|line| line.contains("push_url")).unwrap();
    test.apply(&rotating.replace(old_origin, new_origin)).await;
    assert_eq!(
        push(&test, 2).await.summary.state,
        DeliveryState::Done,
        "the agent has the new secret"
    );
    test.apply(&here).await;
    let found = push(&test, 3).await;
    assert_eq!(found.attempts[0].detail.http_status, Some(401), "the old secret alone");
    let both = here.replace(
        &single,
        &format!("{single}\npush_secrets = [{{ value = \"whsec_{NEW}\" }}]"),
    );
    test.apply(&both).await;
    test.advance(Duration::from_secs(34));
    test.work().await;
    assert_eq!(test.agent.stored().len(), 2);
    for (wrong, why) in [
        (
            "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
            "begins a public key",
        ),
        ("my-plain-canary-text", "must be base64"),
    ] {
        let file = here.replace(PUSH_SECRET, wrong);
        let error = test.try_apply(&file).await.unwrap_err().to_string();
        assert!(error.contains("/agent/push_secret") && error.contains(why), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    test.finish().await;
}

/// A TLS endpoint that passes everything on to a server; returns its port and its authority in PEM.
async fn tls_in_front_of(server: SocketAddr) -> (u16, String) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([format!("agent{LOOPBACK_NAMES}")]).unwrap();
    let certificate = leaf.signed_by(&key, &authority).unwrap();
    let private_key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private_key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else {
                    return;
                };
                let mut inside = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    (port, authority.pem())
}
