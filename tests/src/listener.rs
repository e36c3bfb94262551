//! A listener on loopback for a test's host, on the test's clock. Tests of slow, greedy and broken clients need real
//! sockets, but no real time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jackfield::listener::{Listener, ListenerLimits, Tls};
use jackfield::observe::metrics::ListenerName;
use jackfield_domain::intake::slow_client::SlowClientLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::node::TestNode;

/// The default limits of test listeners.
#[must_use]
pub const fn limits() -> ListenerLimits {
    ListenerLimits {
        connections: 100,
        connections_per_address: 100,
        trusted: vec![],
        time_limits: SlowClientLimits {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
        },
        body_memory: 1024 * 1024,
    }
}

/// A running listener. Dropping it drops its connections.
pub struct TestListener {
    /// Its address.
    pub address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl TestNode {
    /// Starts a listener for the public API.
    pub async fn listen(&self, limits: ListenerLimits) -> TestListener {
        self.listen_with(self.node.public.clone(), limits).await
    }

    /// Starts a listener with TLS for the public API.
    pub async fn listen_tls(&self, tls: Arc<Tls>, limits: ListenerLimits) -> TestListener {
        self.listen_on_loopback(self.node.public.clone(), limits, Some(tls))
            .await
    }

    /// Starts a listener for the test's own router; its metrics are those of the public listener.
    pub async fn listen_with(&self, router: Router, limits: ListenerLimits) -> TestListener {
        self.listen_on_loopback(router, limits, None).await
    }

    async fn listen_on_loopback(&self, router: Router, limits: ListenerLimits, tls: Option<Arc<Tls>>) -> TestListener {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener {
            name: ListenerName::Public,
            socket,
            limits,
            tls,
            cleartext_http2: false,
            clock: Arc::new(self.clock.clone()),
            metrics: self.node.metrics.clone(),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(listener.serve(router, stop.clone()));
        TestListener { address, stop, task }
    }

    /// The value of a metric, by its name and labels as on the metrics page; 0 if absent.
    pub async fn metric(&self, name: &str) -> u64 {
        let request = http::Request::builder().uri("/metrics");
        let page = self.admin(request.body(axum::body::Body::empty()).unwrap()).await.text;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Returns once the host's next timer is due at `moment`.
    pub async fn wait_for_timer(&self, moment: jiff::Timestamp) {
        while self.clock.next_wake() != Some(moment) {
            tokio::task::yield_now().await;
        }
    }

    /// Returns once a metric has a value.
    pub async fn wait_for_metric(&self, name: &str, value: u64) {
        while self.metric(name).await != value {
            tokio::task::yield_now().await;
        }
    }
}

impl TestListener {
    /// Connects from 127.0.0.1.
    pub async fn connect(&self) -> RawClient {
        self.connect_from(Ipv4Addr::LOCALHOST.into()).await
    }

    /// Connects from another loopback address in 127.0.0.0/8.
    pub async fn connect_from(&self, from: IpAddr) -> RawClient {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        RawClient(socket.connect(self.address).await.unwrap())
    }

    /// Stops the listener gracefully: connections end after their requests in flight.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns once the listener has stopped and its last connection has ended.
    pub async fn wait_stopped(self) {
        self.task.await.unwrap();
    }

    /// Whether the listener has stopped and its last connection has ended.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.task.is_finished()
    }
}

/// A client that sends and receives raw bytes on one connection.
pub struct RawClient(pub TcpStream);

impl RawClient {
    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until the received text ends with `end`, and returns it.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut received = String::new();
        let mut buffer = [0; 4096];
        while !received.ends_with(end) {
            let read = self.0.read(&mut buffer).await.unwrap();
            assert!(read > 0, "closed after {received:?}");
            received.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        received
    }

    /// Whether the host answers a health check on this connection.
    pub async fn is_answered(&mut self) -> bool {
        let asked = self.0.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut answer = [0; 15];
        asked.is_ok() && self.0.read_exact(&mut answer).await.is_ok() && {
            let _ = self.read_until("ok\n").await;
            &answer == b"HTTP/1.1 200 OK"
        }
    }

    /// Returns the remaining text once the host has closed the connection.
    pub async fn read_to_close(mut self) -> String {
        let mut received = vec![];
        let mut buffer = [0; 4096];
        // A reset also closes the connection; it happens while the client is still sending.
        while let Ok(read @ 1..) = self.0.read(&mut buffer).await {
            received.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(received).unwrap()
    }
}
