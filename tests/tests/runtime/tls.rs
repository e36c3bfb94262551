//! TLS between the sandbox and a CRM: always verified, against the system's authorities and the tenant's own, and with
//! the tenant's client certificate where the CRM asks for one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jackfield_clock::Clock as _;
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::Sensitive;
use jackfield_sandbox::{CredentialProblem, CredentialSecret, CredentialSecrets, LoadError};
use jackfield_tests::documents::minimal_disposition;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, pki_types::CertificateDer};

use super::test_runtime::{TestRuntime, id};

/// A certificate with its key.
struct Leaf {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

/// A private certificate authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        Self::from(CertificateParams::new([]).unwrap())
    }

    fn from(mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, name: &str) -> Leaf {
        self.sign_until(name, 2100)
    }

    fn sign_until(&self, name: &str, year: i32) -> Leaf {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Leaf {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            key,
        }
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// An https server on loopback that answers `{}` to the first request of each connection.
struct TlsServer {
    port: u16,
    /// For each request, whether the client presented a certificate.
    seen: Arc<Mutex<Vec<bool>>>,
}

impl TlsServer {
    /// Serves with a certificate. With `clients` it accepts only clients with a certificate of that authority.
    async fn start(leaf: &Leaf, clients: Option<&Authority>) -> Self {
        Self::with(leaf, clients, true).await
    }

    async fn with(leaf: &Leaf, clients: Option<&Authority>, required: bool) -> Self {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = if required {
                    verifier
                } else {
                    verifier.allow_unauthenticated()
                };
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
        let config = config.with_single_cert(vec![leaf.der.clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<bool>>>::default();
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The client reports a failed handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
                if head.is_empty() {
                    continue;
                }
                shared
                    .lock()
                    .unwrap()
                    .push(stream.get_ref().1.peer_certificates().is_some());
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, seen }
    }

    fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn seen(&self) -> Vec<bool> {
        self.seen.lock().unwrap().clone()
    }
}

/// A runtime in 2026.
fn test_runtime() -> TestRuntime {
    let test = TestRuntime::new();
    let now: Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
    test.clock.advance(now.duration_since(test.clock.now()).unsigned_abs());
    test
}

/// What a guest sees that requests `target` with these secrets and tables.
async fn seen_by_guest(target: &str, secrets: CredentialSecrets, more: &str) -> String {
    let test = test_runtime();
    let spec = format!(
        "settings = {{ base_url = \"http://127.0.0.1:1\", target = \"{target}\" }}\n\
         egress = {{ allow = [\"{target}\"], private_addresses = true }}\n{more}"
    );
    let loaded = test.try_load("hostile", &spec, secrets).await.unwrap();
    // A reference may be longer than a status.
    let disposition = Disposition::read(id("egress"), minimal_disposition("C-1", "no_answer")).unwrap();
    let key = "C-1".parse().unwrap();
    let invocation = loaded.write(&disposition, test.clock.now(), &key).await;
    invocation.outcome.unwrap().replace(target, "ORIGIN")
}

fn trusting(authority: &Authority) -> CredentialSecrets {
    CredentialSecrets {
        ca: Some(Sensitive::new(authority.pem())),
        ..CredentialSecrets::default()
    }
}

fn identified(authority: &Authority, leaf: &Leaf) -> CredentialSecrets {
    let certificate = CredentialSecret::Certificate {
        chain: Sensitive::new(leaf.pem.clone()),
        key: Sensitive::new(leaf.key.serialize_pem()),
    };
    CredentialSecrets {
        by_name: HashMap::from([("certificate".to_owned(), certificate)]),
        ..trusting(authority)
    }
}

/// An mTLS credential for one origin.
fn mtls(origin: &str) -> String {
    format!(
        "[[credentials]]\nname = \"certificate\"\nkind = \"mtls\"\norigins = [\"{origin}\"]\n\
         certificate = {{ env = \"X\" }}\nsecret = {{ env = \"X\" }}\n"
    )
}

#[tokio::test]
async fn private_ca_is_trusted_only_by_its_tenant() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.sign("localhost"), None).await;
    let stranger = seen_by_guest(&server.origin(), CredentialSecrets::default(), "").await;
    assert_eq!(stranger, "unreachable: ORIGIN: invalid peer certificate: UnknownIssuer");
    let other = seen_by_guest(&server.origin(), trusting(&Authority::new()), "").await;
    assert!(
        other.starts_with("unreachable: ORIGIN: invalid peer certificate"),
        "{other}"
    );
    assert!(server.seen().is_empty(), "nothing was sent");
    assert_eq!(
        seen_by_guest(&server.origin(), trusting(&authority), "").await,
        "answered 200"
    );
    assert_eq!(server.seen(), [false]);
}

#[tokio::test]
async fn all_cas_of_a_file_are_trusted() {
    let (old, new) = (Authority::new(), Authority::new());
    let both = CredentialSecrets {
        ca: Some(Sensitive::new(old.pem() + &new.pem())),
        ..CredentialSecrets::default()
    };
    for authority in [&old, &new] {
        let server = TlsServer::start(&authority.sign("localhost"), None).await;
        assert_eq!(seen_by_guest(&server.origin(), both.clone(), "").await, "answered 200");
    }
}

#[tokio::test]
async fn wrong_or_expired_certificate_is_refused() {
    let authority = Authority::new();
    let elsewhere = TlsServer::start(&authority.sign("crm.example"), None).await;
    let refused = seen_by_guest(&elsewhere.origin(), trusting(&authority), "").await;
    assert!(
        refused
            .starts_with("unreachable: ORIGIN: invalid peer certificate: certificate not valid for name \"localhost\""),
        "{refused}"
    );
    let expired = TlsServer::start(&authority.sign_until("localhost", 2020), None).await;
    let refused = seen_by_guest(&expired.origin(), trusting(&authority), "").await;
    assert!(
        refused.starts_with("unreachable: ORIGIN: invalid peer certificate: certificate expired"),
        "{refused}"
    );
    assert!(
        elsewhere.seen().is_empty() && expired.seen().is_empty(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn client_certificate_is_presented() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.sign("localhost"), Some(&authority)).await;
    // The handshake fails after the request may have left, but the CRM has not processed it.
    let without = seen_by_guest(&server.origin(), trusting(&authority), "").await;
    assert!(without.starts_with("unreachable: ORIGIN: "), "{without}");
    assert!(server.seen().is_empty());

    let client = authority.sign("jackfield.example");
    let secrets = identified(&authority, &client);
    let with = seen_by_guest(&server.origin(), secrets, &mtls(&server.origin())).await;
    assert_eq!(with, "answered 200");
    assert_eq!(server.seen(), [true]);

    let stranger = Authority::new().sign("jackfield.example");
    let refused = seen_by_guest(
        &server.origin(),
        identified(&authority, &stranger),
        &mtls(&server.origin()),
    )
    .await;
    assert!(refused.starts_with("unreachable: ORIGIN: "), "{refused}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn client_certificate_is_for_one_origin() {
    let authority = Authority::new();
    let curious = TlsServer::with(&authority.sign("localhost"), Some(&authority), false).await;
    let client = authority.sign("jackfield.example");
    let elsewhere = mtls("https://crm.example");
    let asked = seen_by_guest(&curious.origin(), identified(&authority, &client), &elsewhere).await;
    assert_eq!(asked, "answered 200");
    let asked = seen_by_guest(
        &curious.origin(),
        identified(&authority, &client),
        &mtls(&curious.origin()),
    )
    .await;
    assert_eq!(asked, "answered 200");
    assert_eq!(curious.seen(), [false, true]);
}

#[tokio::test]
async fn load_refuses_unusable_certificates() {
    // Unusable certificates and keys are refused when the release is loaded, in errors that do not show them.
    let authority = Authority::new();
    let (leaf, other) = (authority.sign("a.example"), authority.sign("b.example"));
    let refused = |chain: &str, key: &str, ca: Option<String>| {
        let certificate = CredentialSecret::Certificate {
            chain: Sensitive::new(chain.into()),
            key: Sensitive::new(key.into()),
        };
        let secrets = CredentialSecrets {
            by_name: HashMap::from([("certificate".to_owned(), certificate)]),
            ca: ca.map(Sensitive::new),
        };
        let spec = format!(
            "settings.base_url = \"http://127.0.0.1:1\"\n{}",
            mtls("https://crm.example")
        );
        async move {
            match test_runtime().try_load("hostile", &spec, secrets).await {
                Err(LoadError::Credential(CredentialProblem::Tls(problem))) => problem.to_string(),
                other => panic!("{other:?}"),
            }
        }
    };
    let key = leaf.key.serialize_pem();
    let old = authority.sign_until("a.example", 2020);
    let chain = format!("{}{}", leaf.pem, old.pem);
    let mut params = CertificateParams::new([]).unwrap();
    params.not_before = date_time_ymd(2030, 1, 1);
    let coming = Authority::from(params);
    let broken = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";
    let seen_by_guest = [
        refused("canary", &key, None).await,
        refused(broken, &key, None).await,
        refused(&leaf.pem, "canary", None).await,
        refused(&leaf.pem, &leaf.pem, None).await,
        refused(&leaf.pem, &other.key.serialize_pem(), None).await,
        refused(&old.pem, &old.key.serialize_pem(), None).await,
        refused(&chain, &key, None).await,
        refused(&leaf.pem, &key, Some(String::new())).await,
        refused(&leaf.pem, &key, Some(coming.pem())).await,
    ];
    let expected = [
        "credential `certificate` holds no certificate in PEM; one starts with -----BEGIN CERTIFICATE-----",
        "certificate 1 of credential `certificate` cannot be parsed",
        "the secret of credential `certificate` is not a private key in PEM without a passphrase; it starts with \
         -----BEGIN PRIVATE KEY-----",
        "the secret of credential `certificate` is not a private key in PEM without a passphrase; it starts with \
         -----BEGIN PRIVATE KEY-----",
        "the private key of credential `certificate` does not belong to its first certificate",
        "certificate 1 of credential `certificate` is valid only from 1975-01-01T00:00:00Z to 2020-01-01T00:00:00Z: \
         replace it",
        "certificate 2 of credential `certificate` is valid only from 1975-01-01T00:00:00Z to 2020-01-01T00:00:00Z: \
         replace it",
        "tls.ca holds no certificate in PEM; one starts with -----BEGIN CERTIFICATE-----",
        "certificate 1 of tls.ca is valid only from 2030-01-01T00:00:00Z to 4096-01-01T00:00:00Z: replace it",
    ];
    assert_eq!(seen_by_guest, expected);
}
