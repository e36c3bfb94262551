//! A listener: accepts connections up to its limits, and serves each until it ends or its client is too slow.
//!
//! Without TLS it speaks HTTP/1.1; with TLS also HTTP/2, if the client offers it. HTTP/2 without TLS, for proxies that
//! know that the host speaks it, is spoken to this machine, and to others if the settings say so. Only there does the
//! host look at the first bytes of a connection to learn the protocol.

mod activity;
mod body;
mod connection;
mod connection_slots;
mod deadline_timer;
mod http1_socket;
mod http2;
mod tls;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::observe::metrics::{ListenerName, Metrics};
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::intake::address::{AddressRange, is_this_machine};
use jackfield_domain::intake::slow_client::{ConnectionTimeout, SlowClientLimits};

use activity::{ConnectionActivity, TrackedSocket};
use body::BodyMemory;
use connection::ConnectionHandler;
use connection_slots::{ConnectionSlot, ConnectionSlots};
pub use tls::{Tls, TlsError, TlsFiles};

/// The first bytes of an HTTP/2 connection.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Most bytes of an unread body that are read and dropped before its connection or stream is closed: some of the
/// largest bodies. If one is closed while bytes are on their way to it, it is reset, and the client, or a proxy in
/// front of it, loses the answer.
const MAX_DROPPED: usize = 16 * 1024 * 1024;
/// How long the host waits when the system has no file descriptor or no memory for another connection.
const ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// The limits of a listener.
#[derive(Debug, Clone)]
pub struct ListenerLimits {
    /// Most connections at once.
    pub connections: u32,
    /// Most connections at once from one client's address.
    pub connections_per_address: u32,
    /// Addresses whose connections are not counted by address: load balancers.
    pub trusted: Vec<AddressRange>,
    /// The time limits of clients.
    pub time_limits: SlowClientLimits,
    /// Most bytes of incomplete bodies over all connections; the first few of each body are not counted.
    pub body_memory: usize,
}

/// A listener, before it serves.
#[derive(Debug)]
pub struct Listener {
    /// Its name in metrics and in the log.
    pub name: ListenerName,
    /// The socket that it accepts connections from.
    pub socket: TcpListener,
    /// Its limits.
    pub limits: ListenerLimits,
    /// Its certificate; `None` without TLS.
    pub tls: Option<Arc<Tls>>,
    /// Whether HTTP/2 without TLS is spoken to other machines too.
    pub cleartext_http2: bool,
    /// The clock.
    pub clock: SharedClock,
    /// The metrics.
    pub metrics: Metrics,
}

impl Listener {
    /// Serves until `stop` is cancelled, then accepts nothing more, and returns once every connection has finished what
    /// it has in flight. Dropping it drops its connections.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let limits = &self.limits;
        let (connections, per_address) = (limits.connections, limits.connections_per_address);
        let slots = Arc::new(ConnectionSlots::new(connections, per_address, limits.trusted.clone()));
        let handler = Arc::new(ConnectionHandler {
            router,
            time_limits: limits.time_limits,
            clock: Arc::clone(&self.clock),
            memory: Arc::new(BodyMemory::new(limits.body_memory)),
            stop: stop.clone(),
        });
        let mut open = JoinSet::new();
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = open.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    failing = false;
                    match slots.acquire(peer.ip()) {
                        Ok(slot) => {
                            let connection = self.open_connection(slot, peer.ip());
                            open.spawn(connection.serve(socket, Arc::clone(&handler)));
                        }
                        // Dropping the socket closes it: the cheapest response, and every client understands it.
                        Err(limit) => self.metrics.connection_refused(self.name, limit.word()),
                    }
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    if !failing {
                        let listener = self.name.word();
                        tracing::error!(%error, listener, "no connection can be accepted; the limit on open files may \
                            be too low");
                    }
                    failing = true;
                    self.metrics.connection_refused(self.name, "system");
                    let retry = self.clock.sleep_until(clock::after(self.clock.now(), ACCEPT_BACKOFF));
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = retry => {}
                    }
                }
            }
        }
        drop(self.socket);
        while open.join_next().await.is_some() {}
    }

    /// Counts a new connection and gives it what it needs.
    fn open_connection(&self, slot: ConnectionSlot, address: IpAddr) -> ClientConnection {
        self.metrics.connection_opened(self.name);
        ClientConnection {
            name: self.name,
            metrics: self.metrics.clone(),
            clock: Arc::clone(&self.clock),
            tls: self.tls.clone(),
            cleartext_http2: self.cleartext_http2 || is_this_machine(address),
            activity: ConnectionActivity::opened(Arc::clone(&self.clock)),
            address,
            _slot: slot,
        }
    }
}

/// Whether an error of `accept` concerns one failed connection, and not the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// One open connection of a client. It releases its slot when it is dropped.
struct ClientConnection {
    name: ListenerName,
    metrics: Metrics,
    clock: SharedClock,
    tls: Option<Arc<Tls>>,
    cleartext_http2: bool,
    activity: ConnectionActivity,
    address: IpAddr,
    _slot: ConnectionSlot,
}

impl ClientConnection {
    async fn serve(self, socket: TcpStream, handler: Arc<ConnectionHandler>) {
        // Otherwise a response may wait for the peer's acknowledgement of the headers.
        let _ = socket.set_nodelay(true);
        let (address, activity) = (self.address, self.activity.clone());
        let socket = TrackedSocket::new(socket, activity.clone());
        let Some(tls) = &self.tls else {
            return self.serve_cleartext(socket, handler).await;
        };
        let handshake = clock::timeout(
            self.clock.as_ref(),
            handler.time_limits.head,
            tls.acceptor().accept(socket),
        );
        let handshake = tokio::select! {
            () = handler.stop.cancelled() => return,
            result = handshake => result,
        };
        match handshake {
            None => self.count_timeout(Some(ConnectionTimeout::Head)),
            Some(Err(_)) => self.metrics.connection_refused(self.name, "tls"),
            Some(Ok(socket)) if socket.get_ref().1.alpn_protocol() == Some(tls::H2) => {
                self.count_timeout(handler.http2(socket, address, activity).await);
            }
            Some(Ok(socket)) => self.count_timeout(handler.http1(socket, address, activity).await),
        }
    }

    async fn serve_cleartext(&self, mut socket: TrackedSocket<TcpStream>, handler: Arc<ConnectionHandler>) {
        let (address, activity) = (self.address, self.activity.clone());
        let mut is_http2 = false;
        if self.cleartext_http2 {
            let beginning = socket.begins_with(HTTP2_PREFACE);
            let beginning = clock::timeout(self.clock.as_ref(), handler.time_limits.head, beginning);
            let beginning = tokio::select! {
                () = handler.stop.cancelled() => return,
                beginning = beginning => beginning,
            };
            is_http2 = match beginning {
                None => return self.count_timeout(Some(ConnectionTimeout::Head)),
                Some(Err(_)) => return,
                Some(Ok(is_http2)) => is_http2,
            };
        }
        self.count_timeout(if is_http2 {
            handler.http2(socket, address, activity).await
        } else {
            handler.http1(socket, address, activity).await
        });
    }

    /// Counts a connection that the host ended because its client exceeded a time limit.
    fn count_timeout(&self, timeout: Option<ConnectionTimeout>) {
        if let Some(timeout) = timeout {
            self.metrics.connection_timed_out(self.name, timeout);
        }
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        self.metrics.connection_closed(self.name);
    }
}
