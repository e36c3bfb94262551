//! TLS, with certificates that are replaced while the host serves.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jackfield::listener::{Tls, TlsFiles};
use jackfield::observe::metrics::ListenerName;
use jackfield_clock::{Clock as _, after};
use jackfield_tests::listener::{RawClient, TestListener, limits};
use jackfield_tests::node::TestNode;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, version};
use tokio_util::sync::CancellationToken;

/// How often the host checks the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A gap after each check, so that no connection's timeout coincides with one.
const GAP: Duration = Duration::from_millis(1);
const EXPIRY: &str = "jackfield_tls_certificate_expiry_seconds{listener=\"public\"}";
/// When the certificates of the fixtures expire.
const FIRST: u64 = 4_417_977_600;
const SECOND: u64 = 4_449_513_600;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

/// A host whose listener serves the first pair of the fixtures, copied to a directory of the test.
pub struct TlsNode {
    pub test: TestNode,
    pub listener: TestListener,
    tls: Arc<Tls>,
    dir: TempDir,
    stop: CancellationToken,
    /// When the host checks the files next.
    next_check: Cell<Timestamp>,
}

impl TlsNode {
    pub async fn open() -> Self {
        let test = TestNode::empty().await;
        let dir = tempfile::tempdir().unwrap();
        install(&dir, "first");
        let tls = Arc::new(start(&test, &dir).await.unwrap());
        let (stop, following) = (CancellationToken::new(), Arc::clone(&tls));
        let until = stop.clone();
        tokio::spawn(async move { following.follow(until).await });
        let next_check = Cell::new(after(test.clock.now(), CHECK_INTERVAL));
        test.wait_for_timer(next_check.get()).await;
        test.advance(GAP);
        let listener = test.listen_tls(Arc::clone(&tls), limits()).await;
        Self {
            test,
            listener,
            tls,
            dir,
            stop,
            next_check,
        }
    }

    /// Connects and completes the TLS handshake, offering these protocols.
    pub async fn connect(&self, protocols: &[&[u8]]) -> TlsStream<tokio::net::TcpStream> {
        let RawClient(socket) = self.listener.connect().await;
        connector(protocols)
            .connect("localhost".try_into().unwrap(), socket)
            .await
            .unwrap()
    }

    /// The certificate that a new connection gets.
    async fn served(&self) -> CertificateDer<'static> {
        let socket = self.connect(&[b"http/1.1"]).await;
        socket.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// Moves the clock to the host's next check of the files, and waits for it.
    async fn check_files(&self) {
        let due = self.next_check.get();
        let wait = due.duration_since(self.test.clock.now());
        self.test.advance(wait.try_into().unwrap());
        self.next_check.set(after(due, CHECK_INTERVAL));
        self.test.wait_for_timer(self.next_check.get()).await;
        self.test.advance(GAP);
    }

    pub async fn finish(self) {
        self.stop.cancel();
        self.test.finish().await;
    }
}

fn connector(protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn start(test: &TestNode, dir: &TempDir) -> Result<Tls, jackfield::listener::TlsError> {
    let files = TlsFiles {
        cert: dir.path().join("server.pem"),
        key: dir.path().join("server.key"),
    };
    let (clock, metrics) = (Arc::new(test.clock.clone()), test.node.metrics.clone());
    Tls::start(ListenerName::Public, files, clock, metrics).await
}

/// Installs a pair as a careful renewal does: each file is replaced atomically.
fn install(dir: &TempDir, pair: &str) {
    replace(dir, "server.pem", &fs::read(fixture(&format!("{pair}.pem"))).unwrap());
    replace(dir, "server.key", &fs::read(fixture(&format!("{pair}.key"))).unwrap());
}

fn replace(dir: &TempDir, name: &str, bytes: &[u8]) {
    let new = dir.path().join("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, dir.path().join(name)).unwrap();
}

fn certificate(pair: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(fixture(&format!("{pair}.pem"))).unwrap()
}

async fn ask(socket: &mut TlsStream<tokio::net::TcpStream>) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut received = String::new();
    while !received.ends_with("ok\n") {
        let mut buffer = [0; 1024];
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed after {received:?}");
        received.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    received.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn tls_is_served_and_expiry_is_a_metric() {
    let node = TlsNode::open().await;
    let mut socket = node.connect(&[b"http/1.1"]).await;
    assert!(ask(&mut socket).await && ask(&mut socket).await);
    assert_eq!(socket.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let mut unnamed = node.connect(&[]).await;
    assert!(ask(&mut unnamed).await);
    assert_eq!(node.test.metric(EXPIRY).await, FIRST);
    node.finish().await;
}

#[tokio::test]
async fn tls_1_2_is_supported() {
    let node = TlsNode::open().await;
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_protocol_versions(&[&version::TLS12]);
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let RawClient(socket) = node.listener.connect().await;
    let connector = TlsConnector::from(Arc::new(config));
    let mut socket = connector
        .connect("localhost".try_into().unwrap(), socket)
        .await
        .unwrap();
    assert!(ask(&mut socket).await);
    node.finish().await;
}

#[tokio::test]
async fn new_pair_is_loaded_without_interruption() {
    let node = TlsNode::open().await;
    let mut open = node.connect(&[b"http/1.1"]).await;
    assert!(ask(&mut open).await);
    assert_eq!(node.served().await, certificate("first"));

    install(&node.dir, "second");
    node.check_files().await;
    assert_eq!(node.served().await, certificate("second"));
    assert_eq!(node.test.metric(EXPIRY).await, SECOND);
    assert!(ask(&mut open).await, "an open connection keeps its certificate");
    node.finish().await;
}

#[tokio::test]
async fn reloads_under_load_fail_no_request() {
    let node = TlsNode::open().await;
    let load = async {
        for _ in 0..100 {
            let mut socket = node.connect(&[b"http/1.1"]).await;
            assert!(ask(&mut socket).await);
            tokio::task::yield_now().await;
        }
    };
    let changes = async {
        for n in 0..100 {
            install(&node.dir, ["second", "first"][n % 2]);
            node.tls.reload();
            let expected = [SECOND, FIRST][n % 2];
            node.test.wait_for_metric(EXPIRY, expected).await;
        }
    };
    tokio::join!(load, changes);
    node.finish().await;
}

#[tokio::test]
async fn unusable_new_pair_is_not_served() {
    let node = TlsNode::open().await;
    let second = fs::read(fixture("second.pem")).unwrap();
    for wrong in [&b"no certificate"[..], b"", &second[..second.len() / 2], &second] {
        // The last one is valid, but the private key belongs to another certificate.
        replace(&node.dir, "server.pem", wrong);
        node.check_files().await;
        assert_eq!(node.served().await, certificate("first"));
    }
    fs::remove_file(node.dir.path().join("server.pem")).unwrap();
    node.check_files().await;
    assert_eq!(node.served().await, certificate("first"));
    // Some renewals write the key after the certificate; once both are there, they are served.
    install(&node.dir, "second");
    node.check_files().await;
    assert_eq!(node.served().await, certificate("second"));
    node.finish().await;
}

#[tokio::test]
async fn unusable_pair_prevents_the_start() {
    let test = TestNode::empty().await;
    let dir = tempfile::tempdir().unwrap();
    let start_error = async || start(&test, &dir).await.unwrap_err().to_string();
    assert!(start_error().await.contains("server.pem: cannot be read"));
    install(&dir, "first");
    replace(&dir, "server.key", &fs::read(fixture("second.key")).unwrap());
    assert!(
        start_error().await.contains("does not belong"),
        "{}",
        start_error().await
    );
    replace(&dir, "server.key", b"");
    assert!(
        start_error().await.contains("BEGIN PRIVATE KEY"),
        "{}",
        start_error().await
    );
    replace(&dir, "server.pem", b"");
    assert!(
        start_error().await.contains("BEGIN CERTIFICATE"),
        "{}",
        start_error().await
    );
    replace(
        &dir,
        "server.pem",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    assert!(
        start_error().await.contains("not an X.509 certificate"),
        "{}",
        start_error().await
    );
    test.finish().await;
}

#[tokio::test]
async fn handshake_must_finish() {
    // A client that does not finish its handshake is disconnected, and a client without TLS is refused.
    let node = TlsNode::open().await;
    let test = &node.test;
    let silent = node.listener.connect().await;
    test.wait_for_metric("jackfield_connections{listener=\"public\"}", 1)
        .await;
    let mut plain = node.listener.connect().await;
    plain.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut buffer = vec![];
    // A TLS alert or nothing, but no HTTP answer.
    let _ = plain.0.read_to_end(&mut buffer).await;
    assert!(!buffer.starts_with(b"HTTP"));
    test.wait_for_metric(
        "jackfield_connections_refused_total{listener=\"public\",reason=\"tls\"}",
        1,
    )
    .await;
    test.advance(Duration::from_secs(10));
    assert_eq!(silent.read_to_close().await, "");
    test.wait_for_metric(
        "jackfield_connections_cut_total{listener=\"public\",reason=\"head\"}",
        1,
    )
    .await;
    node.finish().await;
}

#[tokio::test]
async fn dripping_head_over_tls_is_disconnected() {
    let node = TlsNode::open().await;
    let mut socket = node.connect(&[b"http/1.1"]).await;
    for byte in b"GET /healt" {
        socket.write_all(&[*byte]).await.unwrap();
        socket.flush().await.unwrap();
        node.test.advance(Duration::from_secs(1));
    }
    let mut rest = vec![];
    let _ = socket.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    let test = &node.test;
    test.wait_for_metric(
        "jackfield_connections_cut_total{listener=\"public\",reason=\"head\"}",
        1,
    )
    .await;
    node.finish().await;
}
