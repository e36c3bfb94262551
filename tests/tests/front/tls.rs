//! TLS, and certificates that change while the host serves.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jackfield::listener::{Tls, TlsFiles};
use jackfield::metrics::Door;
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

/// How often the host looks at the files.
const LOOK: Duration = Duration::from_secs(5);
/// Between a look and what comes after it, so that no connection's time ends just when the host looks.
const APART: Duration = Duration::from_millis(1);
const EXPIRY: &str = "jackfield_tls_certificate_expiry_seconds{listener=\"public\"}";
/// When the certificates of the fixtures end.
const FIRST: u64 = 4_417_977_600;
const SECOND: u64 = 4_449_513_600;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

/// A host with a listener that serves the first pair, from files of the test's own.
pub struct Secure {
    pub test: TestNode,
    pub door: TestListener,
    tls: Arc<Tls>,
    dir: TempDir,
    stop: CancellationToken,
    /// When the host looks at the files next.
    next_look: Cell<Timestamp>,
}

impl Secure {
    pub async fn open() -> Self {
        let test = TestNode::empty().await;
        let dir = tempfile::tempdir().unwrap();
        install(&dir, "first");
        let tls = Arc::new(start(&test, &dir).await.unwrap());
        let (stop, following) = (CancellationToken::new(), Arc::clone(&tls));
        let until = stop.clone();
        tokio::spawn(async move { following.follow(until).await });
        let next_look = Cell::new(after(test.clock.now(), LOOK));
        test.wait_for_timer(next_look.get()).await;
        test.advance(APART);
        let door = test.listen_tls(Arc::clone(&tls), limits()).await;
        Self {
            test,
            door,
            tls,
            dir,
            stop,
            next_look,
        }
    }

    /// A connection whose TLS handshake is done, with these protocols offered.
    pub async fn connect(&self, protocols: &[&[u8]]) -> TlsStream<tokio::net::TcpStream> {
        let RawClient(socket) = self.door.connect().await;
        connector(protocols)
            .connect("localhost".try_into().unwrap(), socket)
            .await
            .unwrap()
    }

    /// The certificate that is served to a new connection.
    async fn served(&self) -> CertificateDer<'static> {
        let socket = self.connect(&[b"http/1.1"]).await;
        socket.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// Moves time to the host's next look at the files, and returns when it has looked.
    async fn look(&self) {
        let due = self.next_look.get();
        let wait = due.duration_since(self.test.clock.now());
        self.test.advance(wait.try_into().unwrap());
        self.next_look.set(after(due, LOOK));
        self.test.wait_for_timer(self.next_look.get()).await;
        self.test.advance(APART);
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
    Tls::start(Door::Public, files, clock, metrics).await
}

/// Puts a pair in place as a careful renewal does: each file whole, in one step.
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
    let mut came = String::new();
    while !came.ends_with("ok\n") {
        let mut buffer = [0; 1024];
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed after {came:?}");
        came.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    came.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn requests_are_served_over_tls_and_the_page_of_metrics_says_until_when() {
    let secure = Secure::open().await;
    let mut socket = secure.connect(&[b"http/1.1"]).await;
    assert!(ask(&mut socket).await && ask(&mut socket).await);
    assert_eq!(socket.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let mut unnamed = secure.connect(&[]).await;
    assert!(ask(&mut unnamed).await);
    assert_eq!(secure.test.metric(EXPIRY).await, FIRST);
    secure.finish().await;
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let secure = Secure::open().await;
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_protocol_versions(&[&version::TLS12]);
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let RawClient(socket) = secure.door.connect().await;
    let connector = TlsConnector::from(Arc::new(config));
    let mut socket = connector
        .connect("localhost".try_into().unwrap(), socket)
        .await
        .unwrap();
    assert!(ask(&mut socket).await);
    secure.finish().await;
}

#[tokio::test]
async fn a_new_pair_is_taken_up_while_connections_go_on() {
    let secure = Secure::open().await;
    let mut open = secure.connect(&[b"http/1.1"]).await;
    assert!(ask(&mut open).await);
    assert_eq!(secure.served().await, certificate("first"));

    install(&secure.dir, "second");
    secure.look().await;
    assert_eq!(secure.served().await, certificate("second"));
    assert_eq!(secure.test.metric(EXPIRY).await, SECOND);
    assert!(ask(&mut open).await, "a connection goes on with what it began with");
    secure.finish().await;
}

#[tokio::test]
async fn a_hundred_changes_under_load_fail_no_request() {
    let secure = Secure::open().await;
    let load = async {
        for _ in 0..100 {
            let mut socket = secure.connect(&[b"http/1.1"]).await;
            assert!(ask(&mut socket).await);
            tokio::task::yield_now().await;
        }
    };
    let changes = async {
        for n in 0..100 {
            install(&secure.dir, ["second", "first"][n % 2]);
            secure.tls.reload();
            let expected = [SECOND, FIRST][n % 2];
            secure.test.wait_for_metric(EXPIRY, expected).await;
        }
    };
    tokio::join!(load, changes);
    secure.finish().await;
}

#[tokio::test]
async fn a_new_pair_that_cannot_be_served_leaves_the_old_one_serving() {
    let secure = Secure::open().await;
    let second = fs::read(fixture("second.pem")).unwrap();
    for wrong in [&b"no certificate"[..], b"", &second[..second.len() / 2], &second] {
        // The last is a certificate in order, with the key of another.
        replace(&secure.dir, "server.pem", wrong);
        secure.look().await;
        assert_eq!(secure.served().await, certificate("first"));
    }
    fs::remove_file(secure.dir.path().join("server.pem")).unwrap();
    secure.look().await;
    assert_eq!(secure.served().await, certificate("first"));
    // The key comes after the certificate, as some renewals do it: then all is well.
    install(&secure.dir, "second");
    secure.look().await;
    assert_eq!(secure.served().await, certificate("second"));
    secure.finish().await;
}

#[tokio::test]
async fn a_pair_that_cannot_be_served_keeps_a_host_from_starting_and_says_why() {
    let test = TestNode::empty().await;
    let dir = tempfile::tempdir().unwrap();
    let told = async || start(&test, &dir).await.unwrap_err().to_string();
    assert!(told().await.contains("server.pem: cannot be read"));
    install(&dir, "first");
    replace(&dir, "server.key", &fs::read(fixture("second.key")).unwrap());
    assert!(told().await.contains("does not belong"), "{}", told().await);
    replace(&dir, "server.key", b"");
    assert!(told().await.contains("BEGIN PRIVATE KEY"), "{}", told().await);
    replace(&dir, "server.pem", b"");
    assert!(told().await.contains("BEGIN CERTIFICATE"), "{}", told().await);
    replace(
        &dir,
        "server.pem",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    assert!(told().await.contains("not an X.509 certificate"), "{}", told().await);
    test.finish().await;
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_cut_off_and_who_speaks_no_tls_turned_away() {
    let secure = Secure::open().await;
    let test = &secure.test;
    let silent = secure.door.connect().await;
    test.wait_for_metric("jackfield_connections{listener=\"public\"}", 1)
        .await;
    let mut plain = secure.door.connect().await;
    plain.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut buffer = vec![];
    // An alert of TLS, or nothing; in any case no answer.
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
    secure.finish().await;
}

#[tokio::test]
async fn a_head_that_drips_within_tls_is_cut_off() {
    let secure = Secure::open().await;
    let mut socket = secure.connect(&[b"http/1.1"]).await;
    for byte in b"GET /healt" {
        socket.write_all(&[*byte]).await.unwrap();
        socket.flush().await.unwrap();
        secure.test.advance(Duration::from_secs(1));
    }
    let mut rest = vec![];
    let _ = socket.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    let test = &secure.test;
    test.wait_for_metric(
        "jackfield_connections_cut_total{listener=\"public\",reason=\"head\"}",
        1,
    )
    .await;
    secure.finish().await;
}
